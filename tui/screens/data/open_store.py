"""What the screen Data knows of the store: which series there are, and the details of some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.series import SeriesDetail, StoreStatus
from tui.background.questions import Question, Questions

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.errors import QuantdeckError
    from engine.results.series import StoredSeries
    from tui.runs.watch import Snapshot


class OpenStore:
    """Asked of the engine. status: None until it is known. error: why what is stored could not be told.

    details: by the content of the series.
    """

    def __init__(self, questions: Questions) -> None:
        """Nothing is known yet."""
        self._questions = questions
        self.status: StoreStatus | None = None
        self.error: QuantdeckError | None = None
        self.details: dict[str, SeriesDetail] = {}
        self._collected: frozenset[tuple[str, str]] = frozenset()

    def ask(self, home: str, answered: Callable[[set[str] | None], None], failed: Callable[[], None]) -> None:
        """Ask what is stored; `answered` is told the names that were known before, None at first."""

        def take(status: StoreStatus) -> None:
            before = {each.series for each in self.status.series} if self.status else None
            self.status, self.error = status, None
            answered(before)

        def refuse(error: QuantdeckError) -> None:
            self.error = error
            failed()

        request = {"do": "data.status", "home": home}
        self._questions.ask("status", Question(request, StoreStatus, take, refuse))

    def ask_detail(
        self,
        home: str,
        series: StoredSeries,
        answered: Callable[[], None],
        failed: Callable[[QuantdeckError], None],
    ) -> None:
        """Ask for the gaps and the report of a series."""

        def take(found: SeriesDetail) -> None:
            self.details[series.content] = found
            answered()

        request = {"do": "data.detail", "home": home, "series": series.series}
        self._questions.ask("detail", Question(request, SeriesDetail, take, failed))

    def outdated(self, snapshot: Snapshot) -> bool:
        """Whether a run has collected or ended since this was asked last; then no detail holds any more."""
        collected = frozenset(
            (each.id, name)
            for each in snapshot.runs
            for name, source in each.state.sources.items()
            if source.over
        ) | {(each.id, each.state.ended_at) for each in snapshot.runs if each.state.ended}
        if not snapshot.ready or collected == self._collected:
            return False
        self._collected = collected
        self.details.clear()
        return True
