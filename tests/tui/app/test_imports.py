"""What the first screen may not load: it is to be there at once."""

import json
import subprocess
import sys

from tests.tui.app.recorded import home_of_all

SLOW = (
    "numpy", "pandas", "keras", "jax", "sklearn", "ccxt", "plotext", "pyarrow", "scipy", "typer", "pydantic",
)  # fmt: skip
PROGRAM = """
import asyncio, json, sys, threading
from pathlib import Path
from tui.cli import main
from tui.commands.app import show
from tui.app import Quantdeck
from engine.runs.home import Home

class Slow:  # an answer comes after the first screen, and is read then
    def __init__(self):
        self.over = threading.Event()

    def ask(self, request, emit=None):
        self.over.wait()
        return {}

    def close(self):
        self.over.set()

async def look():
    deck = Quantdeck(Home(Path(sys.argv[1])), engine=Slow())
    async with deck.run_test() as pilot:
        while not deck.snapshot.ready:
            await pilot.pause(0.01)
        await pilot.pause()
        assert len(deck.snapshot.runs) == int(sys.argv[2])
        assert deck.current_mode == "data"
        print(json.dumps(sorted(sys.modules)))

asyncio.run(look())
"""


def test_nothing_slow_before_the_first_screen(tmp_path):
    """Not even where there are runs to be read, of all kinds."""
    runs = home_of_all(tmp_path).all()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(len(runs))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert sorted(loaded & set(SLOW)) == []


def test_an_app_without_runs_knows_no_logs_and_no_results(tmp_path):
    """Their types would take a sixth of the time to the first screen to be imported."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    unread = {"engine.runs.log_entries", "engine.results.backtest", "engine.results.search"}
    assert sorted(unread & set(json.loads(done.stdout))) == []
