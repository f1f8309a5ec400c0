"""The warm engine process that answers the app's questions; it starts with the first, ends with the app."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from engine.errors import MakeRoom, Report, StopAsked

if TYPE_CHECKING:
    from engine.runs.events import Event, Tell
    from engine.runs.requests import Asker


class Engine:
    """Call `ask` from a thread worker: it waits for its answer."""

    def __init__(self) -> None:
        """No process yet."""
        self._asker: Asker | None = None
        self._guard = threading.Lock()
        self._over = False

    def wake(self) -> None:
        """Start the process, so that the first question does not wait; that one tells if it cannot be."""
        with contextlib.suppress(MakeRoom):
            self._warm()

    def ask(self, request: Event, tell: Tell | None = None) -> dict[str, Any]:
        """Ask `{"do": name, …}`; see Asker.ask. A process that died is replaced next time."""
        asker = self._warm()
        try:
            return asker.ask(request, tell)
        except (Report, OSError, ValueError):
            if not self._over:
                self._drop(asker)
            raise

    def _warm(self) -> Asker:
        from engine.runs.requests import Asker

        with self._guard:
            if self._over:
                raise StopAsked("quantdeck", "is leaving")
            if self._asker is None:
                self._asker = Asker().__enter__()
            return self._asker

    def _drop(self, asker: Asker) -> None:
        with self._guard:
            if self._asker is asker:
                self._asker = None
        # As when an exception leaves its context: the process is terminated, whatever it is at.
        with contextlib.suppress(OSError, ValueError):
            asker.__exit__(StopAsked, None, None)

    def close(self) -> None:
        """End the process; questions still open fail."""
        self._over = True
        if self._asker is not None:
            self._drop(self._asker)
