"""The app with a probe beside it: how late its loop comes to what is due. Started by benchmarks.terminal.

    python -m benchmarks.terminal_app HOME REPORT

REPORT gets, when the app is left, a JSON list of [monotonic seconds, seconds late].
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path

from engine.runs.home import Home

PERIOD_S = 0.01


async def watched(home: Path) -> list[tuple[float, float]]:
    """Show the app until it is left, and note every 10 ms how late the loop is."""
    from tui.app import Quantdeck

    late: list[tuple[float, float]] = []

    async def probe() -> None:
        while True:
            due = time.monotonic() + PERIOD_S
            await asyncio.sleep(PERIOD_S)
            late.append((due, time.monotonic() - due))

    probing = asyncio.create_task(probe())
    await Quantdeck(Home(home)).run_async()
    probing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await probing
    return late


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(asyncio.run(watched(Path(sys.argv[1])))))
