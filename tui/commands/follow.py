"""Following a run from the command line: show it, pass ctrl+c on as a wish to stop, wait for the end.

The run is a process of its own: whatever becomes of the follower, it goes on unless it was asked to stop.
"""

from __future__ import annotations

import contextlib
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from engine.errors import StopRequestedError
from engine.hints import run_hint
from engine.runs.launch import ask_stop, wait
from engine.runs.state import Follower
from tui.commands.answer import say
from tui.commands.progress import display

if TYPE_CHECKING:
    from types import FrameType

    from engine.runs.folder import RunFolder
    from engine.runs.state import State

LEAVE = (signal.SIGTERM, signal.SIGHUP)
PAUSE_S = 0.2


class Signals:
    """Counts the signals that arrive within its context instead of dying of them.

    A signal that was ignored before, as `nohup` and `&` in a script do, stays ignored.
    """

    def __init__(self) -> None:
        """Nothing has arrived yet."""
        self.interrupts = 0  # ctrl+c
        self.leave = ""  # name of the signal that ends the follower
        self._before: dict[signal.Signals, Any] = {}

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.interrupts += 1
        else:
            self.leave = signal.Signals(number).name

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, *LEAVE):
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)


@dataclass(frozen=True)
class Followed:
    """How following ended: the run's last known state, and why the follower left before the run's end."""

    state: State
    left: str = ""


def follow(run: RunFolder, signals: Signals, *, owner: bool = True) -> Followed:
    """Show the run on stderr until it has ended or somebody wants to leave.

    For its owner ctrl+c asks the run to stop, and a second one leaves; for others the first leaves.
    """
    follower, asked = Follower(run, whole=True), False
    with display() as shown:
        while True:
            with contextlib.suppress(OSError):  # a terminal that has gone away ends no run
                shown.update(follower.poll(), follower.state)
            state = follower.state
            if state.ended:
                return Followed(state)
            if signals.interrupts and owner and not asked:
                asked = ask_stop(run)
                shown.print_line("stopping at the next safe point; ctrl+c again leaves at once")
            if signals.leave or signals.interrupts > owner:
                return Followed(state, signals.leave or "ctrl+c")
            wait(run, PAUSE_S)


def farewell(run: RunFolder, followed: Followed) -> StopRequestedError:
    """The error that a follower ends with who left before the run's end."""
    going = "goes on stopping by itself" if run.stop_path.exists() else "goes on"
    reason, remedy = (
        f"left by {followed.left}; the run {going}",
        f"Watch it: {run_hint(run.path, 'runs follow RUN')}",
    )
    return StopRequestedError(f"run {run.id}", reason, remedy)


def started(run: RunFolder) -> None:
    """Say which run has been started, so that its id is at hand whatever happens to the terminal."""
    say(f"run {run.id} started in {run.path}")
