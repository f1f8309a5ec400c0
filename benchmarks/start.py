"""From the start of a process to what a user waits for."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

QUANTDECK = str(Path(sys.executable).with_name("quantdeck"))
BARE_APP = "from textual.app import App; from textual.widgets import Static\n"
BARE_APP += "class Bare(App):\n    def compose(self):\n        yield Static('settled')\nBare().run()"
QUIET_S = 0.25  # a screen that has said nothing for so long has settled
LONGEST_S = 60.0


def help_page() -> dict[str, Callable[[], Any]]:
    """`help`: quantdeck --help, to its end."""
    return {
        "help": lambda: len(subprocess.run([QUANTDECK, "--help"], capture_output=True, check=True).stdout) > 0
    }


def bare_python() -> dict[str, Callable[[], Any]]:
    """`help`: a Python process that does nothing."""
    return {"help": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True).returncode == 0}


def first_step(devices: str) -> dict[str, Callable[[], Any]]:
    """`first_step`: seconds of a run over 20,000 stored candles, all features, to its first trained batch."""
    from benchmarks.data import walk
    from engine.data.store import Store
    from engine.runs.home import Home
    from engine.runs.launch import launch, wait
    from engine.settings import make

    folder = tempfile.TemporaryDirectory()
    home = Home(Path(folder.name))
    Store(home.data).write(walk(20_000))
    settings = make({}, ["data.series=walk", f"training.devices={devices}"])

    def act(kept: Any = folder, end: signal.Signals = signal.SIGKILL) -> float:
        del kept
        run = home.create("train", settings)
        began = time.perf_counter()
        process, events = launch(run), b""
        while b'"kind":"batch"' not in events:
            if time.perf_counter() - began > LONGEST_S or b'"kind":"failed"' in events:
                raise RuntimeError(f"no batch was trained: {run.log_path.read_text()}")
            time.sleep(0.005)
            events = run.events_path.read_bytes()
        seconds = time.perf_counter() - began
        os.kill(process, end)
        wait(run, LONGEST_S)
        return seconds

    act(end=signal.SIGTERM)  # compiled code is kept from now on: a run that ends by itself vouches for it
    return {"first_step": act}


def screens(kind: str) -> dict[str, Callable[[], Any]]:
    """`screen`: seconds to the first byte and to the last one before the screen has settled."""
    folder = tempfile.TemporaryDirectory()
    command = [QUANTDECK, "--home", folder.name] if kind == "quantdeck" else [sys.executable, "-c", BARE_APP]

    def act(kept: Any = folder) -> dict[str, float]:
        del kept
        return first_screen(command)

    return {"screen": act}


def first_screen(command: Sequence[str]) -> dict[str, float]:
    """Run it on an 80 × 24 terminal of its own until its first screen has settled, then end it."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, env=environment, start_new_session=True
    )
    os.close(follower)
    first = last = None
    try:
        while time.perf_counter() - began < LONGEST_S:
            if select.select([leader], [], [], QUIET_S)[0]:
                if not os.read(leader, 65_536):
                    break
                last = time.perf_counter() - began
                first = first or last
            elif last is not None:
                break
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    if first is None or last is None:
        raise RuntimeError(f"{command[0]} showed nothing")
    return {"first_byte": first, "settled": last}
