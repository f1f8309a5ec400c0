"""Two runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll

from engine.results.number_format import UNDEFINED, defined
from tui.number_format import loss
from tui.runs import status as run_status
from tui.runs.comparison import different, figures
from tui.screens.base import BaseScreen
from tui.terminal.keys import VIEW, key
from tui.widgets.lines import Line, Lines, fitted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.runs.facts import RunFacts
    from tui.runs.watch import Snapshot


class Compare(BaseScreen):
    """Figures with their difference, and the settings in which the two differ."""

    MODE: ClassVar[str] = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "app.pop_screen", "back", VIEW),
        key("w", "swap", "swap the two", "compare RUN RUN"),
    ]  # fmt: skip

    def __init__(self, one: RunFacts, other: RunFacts) -> None:
        """As they were when the comparison was asked for."""
        super().__init__()
        self._pair = (one, other)

    def body(self) -> Iterable[Widget]:
        """A text that scrolls if it must."""
        with VerticalScroll():
            yield Lines(id="comparison", classes="auto")

    def runs_changed(self, snapshot: Snapshot) -> None:  # noqa: ARG002  the two are shown as they were
        """Lay the text out for the present width."""
        text = self.query_one("#comparison", Lines)
        text.show(comparison(*self._pair, text.size.width or self.size.width))  # a scrollbar takes columns

    def action_swap(self) -> None:
        """The other way round."""
        self._pair = (self._pair[1], self._pair[0])
        self.refresh_runs()


def comparison(one: RunFacts, other: RunFacts, width: int) -> list[Line]:
    """Two runs side by side: figures with their difference, then the settings in which they differ."""
    wide = max(14, min(40, (width - 25) // 3))
    lines = [line_of("", [one.run.id, other.run.id, "Δ second − first"], wide, "bright")]
    lines.append(
        line_of("name", [*(fitted(each.run.name, wide - 2).strip() for each in (one, other)), ""], wide)
    )
    lines.append(line_of("state", [run_status.status(each.state)[0] for each in (one, other)] + [""], wide))
    before, after = one.best_loss, other.best_loss
    apart = after - before if defined(before) and defined(after) else None
    gap = f"{'+' if apart > 0 else ''}{loss(apart)}" if defined(apart) else ""
    rows = [("best val loss", [loss(before), loss(after), gap]), *figures([one.metrics, other.metrics])]
    for label, texts in rows:
        if texts[:2] != [UNDEFINED, UNDEFINED]:
            lines.append(line_of(label, texts, wide))
    settings = [
        line_of(key, [*map(str, values), ""], wide)
        for key, values in different([one.differ, other.differ]).items()
    ]
    none: list[Line] = [[(" none: both have the same", "quiet")]]
    return [*lines, [], [(" settings that differ", "bright")], *(settings or none)]


def line_of(label: str, values: list[str], wide: int, role: str = "") -> Line:
    """A label and right-aligned values."""
    cells = [
        ("  " + fitted("" if value == UNDEFINED else value, wide - 2, right=True), role) for value in values
    ]
    return [(f" {fitted(label, 24)}", "quiet"), *cells]
