"""The terminal itself: is there one, is it still there, and it is given back whatever happens."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

LEAVE_S = 2.0
INTERRUPTED = 130
SERVED = "TEXTUAL_DRIVER"  # set by what shows the app itself, such as textual-serve in a browser
# Out of the alternate screen; mouse, paste and focus reports off; keyboard and colours as usual; cursor on.
RESTORE = (
    b"\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
    b"\x1b[?2004l\x1b[?1004l\x1b[?2026l\x1b[<u\x1b[0m\x1b[?25h"
)


def usable() -> str:
    """Why no app can be shown here; empty if one can: on a terminal, or for a server that draws it."""
    if os.environ.get(SERVED):
        return ""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
        return "no terminal"
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return "the terminal cannot place text (TERM is dumb)"
    return ""


def fills_when_erasing() -> bool:
    """Whether what is erased gets the present background: terminfo's `bce`; tmux does, unsaid."""
    if os.environ.get("TMUX"):
        return True
    try:
        import curses

        curses.setupterm(fd=1)
        return curses.tigetflag("bce") == 1
    except (ImportError, TypeError, ValueError, OSError):  # there is no such library
        return False
    except curses.error:  # or it does not know the terminal
        return False


class Guard:
    """Within its context a hang-up, SIGTERM and SIGHUP end the app in an orderly way, or else after 2 s.

    `leave` is called in the main thread for a signal and in a thread of the guard for a hang-up; it must only
    ask the app to exit. A stalled line may keep the app from doing so: then the process ends without it.
    """

    def __init__(self, leave: Callable[[int], object]) -> None:
        """`leave` gets the exit code."""
        self._leave = leave
        self._over = threading.Event()
        self._asked = threading.Event()
        self._before: dict[int, Any] = {}
        self._modes: list[Any] | None = None
        self._input, self._output = 0, 1  # while the app runs, sys.stdout is something of Textual's

    def __enter__(self) -> Self:
        with contextlib.suppress(termios.error, ValueError, OSError):
            self._input, self._output = sys.stdin.fileno(), sys.stdout.fileno()
            self._modes = termios.tcgetattr(self._input)
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._signalled)
        threading.Thread(target=self._poll, name="hang-up", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for number, before in self._before.items():
            signal.signal(number, before)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self._go()

    def _poll(self) -> None:
        watcher = select.poll()
        try:
            watcher.register(self._input, 0)  # only errors and hang-ups
        except (OSError, ValueError):
            return
        while not self._over.is_set():
            if any(
                what & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, what in watcher.poll(500)
            ):
                self._go()
                return

    def _go(self) -> None:
        if self._asked.is_set():
            return
        self._asked.set()
        threading.Thread(target=self._insist, name="end", daemon=True).start()
        self._leave(INTERRUPTED)

    def _insist(self) -> None:
        if not self._over.wait(LEAVE_S):
            self.restore()
            os._exit(INTERRUPTED)

    def restore(self) -> None:
        """Give the terminal back without waiting for it."""
        with contextlib.suppress(OSError, ValueError, termios.error):
            os.set_blocking(self._output, False)
            with contextlib.suppress(BlockingIOError):
                os.write(self._output, RESTORE)
            if self._modes:
                termios.tcsetattr(self._input, termios.TCSANOW, self._modes)
            os.set_blocking(self._output, True)
