"""The figures of the Search screen, each drawn anew only where what it shows has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.search import charts, drawing
from tui.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.runs.search import Trials
    from tui.screens.base import BaseScreen

LEAST_WITH_IMPORTANCE = 9  # rows of slices, above which there is room for what each setting explains


class Figures:
    """Figures of one search, and the setting that its slices are of."""

    def __init__(self) -> None:
        """Nothing is drawn yet."""
        self._setting = ""
        self._drawn: dict[str, object] = {}  # what each figure was last drawn from

    def choose(self, found: Trials, step: int) -> None:
        """Slice by the setting before or after."""
        keys = charts.keys_of(found.trials, dict(found.importance or {}))
        if keys:
            at = keys.index(self._setting) if self._setting in keys else 0
            self._setting = keys[(at + step) % len(keys)]

    def draw(self, screen: BaseScreen, found: Trials) -> None:
        """Those that are on the screen."""
        for name, figure in self._of(found, ascii=screen.deck.ascii).items():
            block = screen.query_one(name, Lines)
            if not screen.in_sight(name):
                continue
            wanted = (found, self._setting, block.size.width, 0 if name == "#all-odds" else block.size.height)
            if self._drawn.get(name) != wanted and block.size.width:
                self._drawn[name] = wanted
                block.show(figure(*block.size))

    def _of(self, found: Trials, *, ascii: bool) -> dict[str, Callable[[int, int], list[Line]]]:  # noqa: A002
        """What draws each figure at a size, by the block that it stands in."""
        shares, objectives = dict(found.importance or {}), found.objectives
        keys = charts.keys_of(found.trials, shares)
        if self._setting not in keys:
            self._setting = keys[0] if keys else ""
        winner, chosen = found.best.number if found.best else None, self._setting

        def slices(width: int, height: int) -> list[Line]:
            room = height > LEAST_WITH_IMPORTANCE
            above = drawing.importance(shares, keys, chosen, width, ascii=ascii) if room else []
            size = (width, height - len(above))
            return [*above, *charts.slices(found.trials, chosen, objectives[0], winner, size, ascii=ascii)]

        return {
            "#best": lambda *size: charts.best_so_far(found.trials, objectives[0], size, ascii=ascii),
            "#slices": slices,
            "#parallel": lambda *size: charts.parallel(found.trials, keys, objectives[0], size, ascii=ascii),
            "#front": lambda *size: charts.front(found.trials, found.front, objectives, size, ascii=ascii),
            "#odds": lambda *size: drawing.odds_panel(found.luck, *size),
            "#all-odds": lambda width, _: drawing.luck_panel(found, width, ascii=ascii),
        }
