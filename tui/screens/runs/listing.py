"""The list that the Runs screen shows: facts of every run, filtered and sorted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.runs.facts import RunFacts, facts_of_watched
from tui.runs.run_filter import fitting, wrong
from tui.runs.run_order import as_tree, by_value
from tui.screens.runs.drawing import every_column

if TYPE_CHECKING:
    from tui.runs.watch import Snapshot, Watched


def still(facts: RunFacts, watched: Watched) -> RunFacts:
    """The same figures and settings, with what may have changed without the files of the result."""
    return replace(facts, run=watched.run, state=watched.state, note=watched.note)


class RunsList:
    """Newest first until sorted otherwise. Files of a run are read again only when it has ended since."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.every: list[RunFacts] = []
        self.shown: list[RunFacts] = []
        self.depths: list[int] = []  # of each that is shown, below the run that it is of
        self.tree = False
        self.marked: list[str] = []  # ids, as they were marked
        self.filter, self.by, self.down = "", "created (UTC)", True
        self._known: dict[str, tuple[object, RunFacts]] = {}

    def take(self, snapshot: Snapshot) -> None:
        """Filter and sort the runs of a snapshot."""
        self.every = [self._facts(each) for each in snapshot.runs]
        kept = fitting(self.every, self.filter) if not wrong(self.every, self.filter) else []
        key = next(column.sort_key for column in every_column() if column.title == self.by)
        shown = by_value(kept, key, reverse=self.down)
        tree = as_tree(shown) if self.tree else [(each, 0) for each in shown]
        self.shown, self.depths = [each for each, _ in tree], [depth for _, depth in tree]
        self.marked = [each for each in self.marked if each in snapshot.by_id]

    def _facts(self, watched: Watched) -> RunFacts:
        key, known = (watched.state.status, watched.state.ended_at), self._known.get(watched.id)
        facts = still(known[1], watched) if known and known[0] == key else facts_of_watched(watched)
        self._known[watched.id] = (key, facts)
        return facts

    def place(self, run_id: str) -> int | None:
        """Where a run stands in the list."""
        return next((at for at, each in enumerate(self.shown) if each.run.id == run_id), None)

    def mark(self, run_id: str) -> None:
        """Mark a run or take its mark away."""
        others = [each for each in self.marked if each != run_id]
        self.marked = others if run_id in self.marked else [*others, run_id]

    def chosen(self, run_id: str) -> list[RunFacts]:
        """The marked runs, and with one of them the given one."""
        ids = self.marked if len(self.marked) > 1 else [*self.marked, run_id]
        return [self._known[each][1] for each in dict.fromkeys(ids) if each in self._known]

    def sort(self) -> None:
        """Sort by the next column."""
        titles = [column.title for column in every_column()]
        self.by = titles[(titles.index(self.by) + 1) % len(titles)]

    def table(self) -> list[dict[str, Any]]:
        """The list as rows for a file."""
        return [each.row() for each in self.shown]
