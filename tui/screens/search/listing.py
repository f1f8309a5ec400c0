"""The list that the Search screen shows: the trials of a search, filtered and sorted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.results.number_format import whole
from engine.results.search import LEAST
from tui.runs.trial_filter import fitting, ordered, wrong
from tui.screens.search import drawing
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.results.search import SearchTrial
    from tui.runs.search import Trials
    from tui.widgets.lines import Line


class TrialsTable(VirtualTable):
    """The table of the trials, or of the spans of a search through time."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter is the screen's, where help and the line of keys find it."""
        return action != "choose" and super().check_action(action, parameters)


class TrialsList:
    """The best first until sorted otherwise."""

    def __init__(self) -> None:
        """No trials yet."""
        self.filter, self._by, self._turned = "", "", False
        self.shown: list[SearchTrial] = []
        self._of = self._front = 0

    def take(self, found: Trials, table: VirtualTable) -> None:
        """Fill a table with the trials; the cursor stays on its trial."""
        at, best = self.at(table), found.best
        self._of = len(found.trials)
        kept = [] if wrong(found.trials, self.filter) else fitting(found.trials, self.filter)
        by = self._by or found.objectives[0]
        down = (by not in ("trial", "state", *LEAST)) != self._turned
        self.shown = ordered(kept, by, down=down)
        table.columns, table.sorted_by = drawing.columns(found.objectives), (by, down)
        number, self._front = best.number if best else None, len(found.front)
        of = frozenset(found.front)
        table.set_cells({row: drawing.cells(each, number, of) for row, each in enumerate(self.shown)})
        if at is not None:
            table.go(next((row for row, each in enumerate(self.shown) if each.number == at.number), 0))

    def at(self, table: VirtualTable) -> SearchTrial | None:
        """The trial under the table's cursor."""
        return self.shown[table.cursor] if table.cursor < len(self.shown) else None

    def title(self) -> Line:
        """How many trials, of how many, by which filter."""
        of = f" of {whole(self._of)}" if len(self.shown) < self._of else ""
        line: Line = [(" trials", "bright"), (f"  {whole(len(self.shown))}{of}", "")]
        if self._front:
            line += [(f"   {drawing.FRONT} {whole(self._front)} on the Pareto front", "quiet")]
        return [*line, *([("   filter ", "quiet"), (self.filter, "live")] if self.filter else [])]

    def sort(self, table: VirtualTable) -> None:
        """By the next column."""
        keys = [column.key for column in table.columns if column.key != "drawn"]
        by = keys.index(self._by) if self._by in keys else keys.index(table.sorted_by[0])
        self._by, self._turned = keys[(by + 1) % len(keys)], False

    def turn(self) -> None:
        """The other way round."""
        self._turned = not self._turned

    def check(self, found: Trials) -> Callable[[str], str]:
        """What says what is wrong with a filter."""
        return partial(wrong, found.trials)
