"""Questions of a screen to the warm engine, asked off the loop; of several that wait only the newest is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from engine.runs.error_codec import as_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget

    from engine.errors import QuantdeckError
    from engine.runs.events import Event

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Question(Generic[Kind]):
    """A request, the type of its answer, what to do with that, and what with an error."""

    request: Event
    kind: type[Kind]
    answered: Callable[[Kind], object]
    failed: Callable[[QuantdeckError], object]


class Questions:
    """One question at a time for each subject, such as `trades` or `what-if`."""

    def __init__(self, widget: Widget, ask: Callable[[Event, type[Any]], Any]) -> None:
        """`ask` blocks; it is called from a thread. What is open ends with the widget."""
        self._widget, self._ask = widget, ask
        self._waiting: dict[str, Question[Any]] = {}
        self._busy: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether anything is open."""
        return bool(self._busy)

    def ask(self, subject: str, question: Question[Any]) -> None:
        """Ask, after the subject's question that is open; one that waits already is given up."""
        self._waiting[subject] = question
        if subject not in self._busy:
            self._busy.add(subject)
            self._widget.run_worker(self._serve(subject), name=subject, group=subject)

    def forget(self) -> None:
        """Give up all that waits."""
        self._waiting.clear()

    async def _serve(self, subject: str) -> None:
        try:
            while question := self._waiting.pop(subject, None):
                try:
                    answer = await asyncio.to_thread(self._ask, question.request, question.kind)
                except Exception as error:  # noqa: BLE001  each is told to whoever looks
                    if subject not in self._waiting:
                        question.failed(as_error(error))
                else:
                    question.answered(answer)
        finally:
            self._busy.discard(subject)
