"""The warm engine process that answers the app's questions; it starts with the first, ends with the app."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from engine.errors import InternalError, MakeRoomError, StopRequestedError, TryAgainError

if TYPE_CHECKING:
    from engine.results.codec import Kind
    from engine.runs.events import Event
    from engine.runs.requests import EngineClient

SILENCE_S = 120.0  # of a question, until it counts as one that will not come back; most take a second
WITHIN_S = {"data.import": 1800.0}  # large files are checked without a word


class Engine:
    """Call `ask` from a thread worker: it waits for its answer."""

    def __init__(self) -> None:
        """No process yet."""
        self._asker: EngineClient | None = None
        self._guard = threading.Lock()
        self._over = False

    def wake(self) -> None:
        """Start the process, so that the first question does not wait; that one tells if it cannot be."""
        with contextlib.suppress(MakeRoomError):
            self._warm()

    def ask(self, request: Event, kind: type[Kind], *, again: bool = True) -> Kind:
        """Ask `{"do": name, …}`; see EngineClient.ask. Of a process that dies its successor is asked.

        One that does not come back is ended: TryAgainError, and the next question has a new one.
        """
        client = self._warm()
        try:
            return client.ask(request, kind, within_s=WITHIN_S.get(request["do"], SILENCE_S))
        except TryAgainError:
            if client.gave_up:
                self._drop(client)
            raise
        except (InternalError, OSError, ValueError):
            if self._over:
                raise
            self._drop(client)
            if not (again and client.died):
                raise
        return self.ask(request, kind, again=False)

    def _warm(self) -> EngineClient:
        from engine.runs.requests import EngineClient

        with self._guard:
            if self._over:
                raise StopRequestedError("quantdeck", "is leaving")
            if self._asker is None:
                self._asker = EngineClient().__enter__()
            return self._asker

    def _drop(self, client: EngineClient) -> None:
        with self._guard:
            if self._asker is client:
                self._asker = None
        # As when an exception leaves its context: the process is terminated, whatever it is at.
        with contextlib.suppress(OSError, ValueError):
            client.__exit__(StopRequestedError, None, None)

    def close(self) -> None:
        """End the process; questions still open fail."""
        self._over = True
        if self._asker is not None:
            self._drop(self._asker)
