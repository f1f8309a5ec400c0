"""The app on a terminal: bytes on the line, how late its loop is beside a training, 100,000 trades."""

from __future__ import annotations

import json
import os
import re
import select
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from benchmarks.contest import Line, line
from engine.runs.home import Home
from engine.runs.launch import ask_stop, launch, wait
from engine.runs.state import state_of
from engine.settings import make
from tests.queries.results import backtested
from tests.tui.app.terminals import ESCAPE, Pty, environment
from tui.settings.demo import DEMO

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.plan import Plan

BARS = 210_000  # of a result with more than 100,000 trades
QUIET_S = 0.75  # a screen that has said nothing for so long has settled
MANY = ("signal.entry_threshold=0", "backtest.fee_bps=0.1", "backtest.slippage_bps=0")
MOVES = {  # keys, and what is sent (a pattern) once they have done their work
    "opening": ("3", r"Σ pnl"),
    "sorting": ("s", r"↓pnl"),
    "filtering": ("/side=long\r", r"filter\s+side=long"),
    "paging": ("\x1b[6~\x1b[6~\x1b[6~G\x1b[5~g", ""),
}


class Watched:
    """An app at 80 × 24: what it sends is counted; how late its loop was is known in the end."""

    def __init__(self, home: Home) -> None:
        self.report = home.path / f"late-{time.monotonic_ns()}.json"
        command = (sys.executable, "-m", "benchmarks.terminal_app", str(home.path), str(self.report))
        env = environment(home.path, scenario="", PYTHONPATH=str(Path(__file__).parents[1]))
        self.terminal = Pty(Path(__file__).parents[1], env, command=command)

    def __enter__(self) -> Self:
        self.until(lambda: "live" in self.shown(0))
        return self

    def __exit__(self, *_: object) -> None:
        self.terminal.close()

    def until(self, holds: Callable[[], Any], longest_s: float = 120.0) -> None:
        """Take in what comes until it holds."""
        limit = time.monotonic() + longest_s
        while not holds():
            if time.monotonic() > limit:
                raise TimeoutError(self.shown(0)[-1000:])
            self.pass_by(0.05)

    def pass_by(self, seconds: float) -> int:
        """Take in what comes for so long; how many bytes."""
        before, end = len(self.terminal.output), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            select.select([self.terminal.master], [], [], left)
            self.terminal.read()
        return len(self.terminal.output) - before

    def shown(self, since: int) -> str:
        """What was sent since so many bytes, without escape sequences."""
        return ESCAPE.sub(b" ", self.terminal.output[since:]).decode(errors="replace")

    def settle(self) -> None:
        """Wait until it is silent."""
        while self.pass_by(QUIET_S):
            pass

    def press(self, keys: str, pattern: str = "") -> tuple[float, float]:
        """Press keys, wait until what is sent then has the pattern in it; when that began and ended."""
        began, sent = time.monotonic(), len(self.terminal.output)
        self.terminal.press(keys)
        self.until(lambda: re.search(pattern, self.shown(sent)) and len(self.terminal.output) > sent)
        self.settle()
        return began, time.monotonic()

    def late(self) -> np.ndarray:
        """Leave; when the loop was to come and how late it came, seconds, (N, 2)."""
        self.terminal.press("q")
        self.terminal.ended()
        return np.array(json.loads(self.report.read_text()))


def between(late: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """How late in a stretch of time, milliseconds, (n,)."""
    due, seconds = late.T
    return seconds[(due >= span[0]) & (due < span[1])] * 1e3


def following(plan: Plan, home: Home) -> list[Line]:
    """Beside a training on all cores, then beside none."""
    seconds, rest = plan.size(60, 10), plan.size(30, 5)
    settings = make(DEMO, ["training.epochs=100000", "training.patience=100000"])
    run = home.create("run", settings)
    launch(run)
    try:
        while len(state_of(run).history) < 2:
            time.sleep(0.2)
        with Watched(home) as app:
            app.until(lambda: "epoch" in app.shown(0))
            app.pass_by(3.0)  # the first drawing is no following
            began = time.monotonic()
            sent = app.pass_by(seconds)
            span = (began, time.monotonic())
            late = between(app.late(), span)
    finally:
        ask_stop(run)
        wait(run, 60)
    with Watched(home) as app:
        app.press("2", "stopped")
        idle = app.pass_by(rest)
    epochs = len(state_of(run).history)
    note = f"{epochs} epochs; load {os.getloadavg()[0]:.1f}; at worst {late.max():.0f} ms"
    return [
        line(
            "app beside a training, loop late, 99th percentile", np.percentile(late, [99.0]), "ms",
            most=50, note=note,
        ),
        line("app beside a training, bytes a second", np.array([sent / seconds]), "B/s", most=5000),
        line(f"app that nothing happens in, bytes in {rest} s", np.array([idle]), "B", most=0),
    ]  # fmt: skip


def trades(plan: Plan, home: Home) -> list[Line]:
    """A result with very many trades."""
    run = backtested(home, plan.size(BARS, 20_000), seed=1, overrides=MANY, name="many")
    count = json.loads(run.result_path.read_text())["metrics"]["trades"]
    worst: dict[str, list[float]] = {name: [] for name in MOVES}
    for _ in range(plan.size(3, 1)):
        with Watched(home) as app:
            app.settle()
            spans = {name: app.press(*move) for name, move in MOVES.items()}
            late = app.late()
        for name, span in spans.items():
            worst[name].append(float(between(late, span).max()))
    return [
        line(f"app, {name} of {count:,} trades: longest block", np.array(found), "ms", most=100)
        for name, found in worst.items()
    ]


def lines(plan: Plan) -> list[Line]:
    """All of it, in homes of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            *following(plan, Home(Path(folder) / "following")),
            *trades(plan, Home(Path(folder) / "trades")),
        ]
