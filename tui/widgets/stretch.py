"""A stretch of a long row of bars with a cursor: to the side, closer, further away, by pages, to the ends."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, ClassVar, Protocol

from tui.terminal.keys import VIEW, key
from tui.widgets import price_chart
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.binding import BindingType

    from engine.results.answers import Candles


class Stretch(Protocol):
    """Bars `first` … `first + bars` of `all`, as candles."""

    @property
    def first(self) -> int: ...
    @property
    def bars(self) -> int: ...
    @property
    def all(self) -> int: ...
    @property
    def candles(self) -> Candles: ...


class StretchPanel(Lines):
    """Whoever draws one says what is shown (`found`), asks for another (`ask`) and draws it (`draw`)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("left", "move(-1)", "cursor", VIEW, key_display="← →"),
        key("right", "move(1)", "cursor to the right", VIEW, show=False),
        key("plus,equals_sign", "zoom(-1)", "closer", VIEW, key_display="+ -"),
        key("minus", "zoom(1)", "further away", VIEW, show=False),
        key("pageup", "page(-1)", "page to the left", VIEW, show=False),
        key("pagedown", "page(1)", "page to the right", VIEW, show=False),
        key("home", "end(0)", "first bar", VIEW, show=False),
        key("end", "end(1)", "last bar", VIEW, show=False),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """All bars, the cursor on the first."""
        super().__init__(id=id)
        self._bars = self._first = 0  # a stretch of 0 bars is all of them
        self._time_ms = 0  # of the cursor

    @property
    def found(self) -> Stretch | None:
        """What is shown."""
        raise NotImplementedError

    def ask(self, **where: int) -> None:
        """Ask for the stretch as it is now."""
        raise NotImplementedError

    def put(self, candle: int) -> None:
        """The cursor to a candle that is there."""
        if self.found is not None:
            self._time_ms = self.found.candles.time_ms[candle]

    @property
    def stretch(self) -> dict[str, int]:
        """What is shown, as a question asks for it."""
        return {"first": self._first, "bars": self._bars}

    @property
    def columns(self) -> int:
        """How many candles the chart has room for."""
        return price_chart.candles_in(self.size.width)

    @property
    def cursor(self) -> int:
        """The number of the candle that the cursor is on."""
        times = self.found.candles.time_ms if self.found else ()
        return max(0, min(bisect_right(times, self._time_ms) - 1, len(times) - 1))

    def action_move(self, step: int) -> None:
        """One candle to the side; at the edge the stretch moves."""
        if found := self.found:
            wanted = self.cursor + step
            if not 0 <= wanted < len(found.candles.close):
                self.action_page(step)
            else:
                self.put(wanted)

    def action_page(self, step: int) -> None:
        """Half a screen to the side; the cursor to the edge where there is no more."""
        if (found := self.found) is None:
            return
        first = max(0, min(found.first + step * max(1, found.bars // 2), found.all - found.bars))
        if first == found.first:
            self.put(len(found.candles.close) - 1 if step > 0 else 0)
        else:
            self._first = first
            self.ask()

    def action_end(self, last: int) -> None:
        """To the first bar or the last."""
        if found := self.found:
            self._time_ms = 2**62 if last else 0  # later than any
            self._first = found.all - found.bars if last else 0
            self.ask()

    def action_zoom(self, step: int) -> None:
        """Half as many bars around the cursor, or twice as many."""
        if (found := self.found) is None:
            return
        columns = self.columns
        wanted = found.bars * 2 if step > 0 else max(found.bars // 2, columns // price_chart.WIDEST)
        if wanted <= columns:  # candles fill the width
            wanted = columns // min(price_chart.WIDEST, max(1, round(columns / wanted)))
        bar = found.first + round((self.cursor + 0.5) * found.bars / len(found.candles.close))
        self._bars = wanted if wanted < found.all else 0
        self._first = max(0, bar - wanted // 2)
        self.ask()
