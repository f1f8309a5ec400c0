"""What the first screen may not load: it is to be there at once."""

import json
import subprocess
import sys

SLOW = ("numpy", "pandas", "keras", "jax", "sklearn", "ccxt", "plotext", "pyarrow", "scipy", "typer")
PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from tui.cli import main
from tui.commands.app import show
from tui.app import Quantdeck
from engine.runs.folder import Home

async def look():
    deck = Quantdeck(Home(Path(sys.argv[1])))
    async with deck.run_test() as pilot:
        while not deck.snapshot.ready:
            await pilot.pause(0.01)
        await pilot.pause()
        assert deck.current_mode == "data"
        print(json.dumps(sorted(sys.modules)))

asyncio.run(look())
"""


def test_nothing_slow_before_the_first_screen(tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert sorted(loaded & set(SLOW)) == []
