"""Candles of a trade's surroundings, with where it was entered and left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.number_format import defined
from tui.widgets import plot
from tui.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from engine.results.answers import TradeDetail

UP, DOWN, WICK = "█", "▒", "│"  # full: closed higher; shaded: closed lower
AT_PRICE = "╌"  # along the prices of entry and exit
ENTRIES, EXITS = {"long": "▲", "short": "▼"}, {"long": "△", "short": "▽"}
ASCII = str.maketrans({UP: "#", DOWN: "o", WICK: "|", "▲": "^", "▼": "v", "△": "x", "▽": "X", "┤": "+",
                       AT_PRICE: "-", "┊": ":"})  # fmt: skip

Prices = tuple[float, float, float, float]  # open, high, low, close


class CandleChart(Lines):
    """The chart."""

    def __init__(self, *, ascii: bool = False, id: str | None = None) -> None:  # noqa: A002
        """Nothing to draw yet."""
        super().__init__(id=id)
        self._found: TradeDetail | None = None
        self._ascii = ascii

    def set_trade(self, found: TradeDetail) -> None:
        """Show these."""
        self._found = found
        self.draw()

    def on_resize(self) -> None:
        """Another size, another drawing."""
        self.draw()

    def draw(self) -> None:
        """Draw."""
        lines = drawing(self._found, *self.size) if self._found else []
        self.show(
            [
                [(text.translate(ASCII) if self._ascii else text, role) for text, role in line]
                for line in lines
            ]
        )


def drawing(found: TradeDetail, width: int, height: int) -> list[Line]:
    """Prices on the left, a column a candle (two where there is room), the trade's marks below.

    Lines stand at the prices of its entry and its exit.
    """
    rows, prices = height - 2, found.candles
    candles: list[Prices] = list(zip(prices.open, prices.high, prices.low, prices.close, strict=True))
    if not candles or rows < 3:
        return []
    low, high = min(prices.low), max(prices.high)
    spread = (high - low) or 1.0
    names = {place(tick, high, spread, rows): name for tick, name in ticks(low, high, rows)}
    margin = max(map(len, names.values()), default=0)
    stride = 2 if 2 * len(candles) <= width - margin - 2 else 1
    shown = candles[: (width - margin - 2) // stride]
    dealt = {
        place(found.trade["exit_price"], high, spread, rows): "quiet",
        place(found.trade["entry_price"], high, spread, rows): "live",
    }
    lines = []
    for y in range(rows):
        line: Line = [(f"{names.get(y, '').rjust(margin)}{'┤' if y in names else '│'}", "quiet")]
        behind = (AT_PRICE, dealt[y]) if y in dealt else (" ", "")
        for row in shown:
            there = cell(row, y, high, spread, rows)
            line += [behind if there[0] == " " else there, (behind[0] * (stride - 1), behind[1])]
        lines.append(line)
    return [*lines, *marks(found, margin + 1, stride, width)]


def ticks(low: float, high: float, rows: int) -> list[tuple[float, str]]:
    """Round prices with their labels."""
    found = plot.ticks(low, high, max(2, rows // 4))
    return list(zip(found, plot.labels(found), strict=True))


def place(price: float, high: float, spread: float, rows: int) -> int:
    """The line on which a price lies, 0 at the top."""
    return min(rows - 1, max(0, int((high - price) / spread * rows)))


def cell(row: Prices, y: int, high: float, spread: float, rows: int) -> tuple[str, str]:
    """What of a candle lies on a line; nothing of one that is not there."""
    opened, top, bottom, close = row
    if not defined(close):
        return (" ", "")
    role = "good" if close >= opened else "bad"
    if place(max(opened, close), high, spread, rows) <= y <= place(min(opened, close), high, spread, rows):
        return (UP if close >= opened else DOWN, role)
    if place(top, high, spread, rows) <= y <= place(bottom, high, spread, rows):
        return (WICK, role)
    return (" ", "")


def marks(found: TradeDetail, margin: int, stride: int, width: int) -> list[Line]:
    """Where the trade was entered and left, below the candles."""
    entry, end = margin + found.entry * stride, margin + found.exit * stride
    side = found.trade["side"]
    held = f"{ENTRIES[side]}{AT_PRICE * max(0, end - entry - 1)}{EXITS[side] if end > entry else ''}"
    prices = f"entry {found.trade['entry_price']:,.7g}   exit {found.trade['exit_price']:,.7g}"
    return [
        [(" " * entry + held, "live")],
        [(" " * min(entry, max(0, width - len(prices) - 1)) + prices, "quiet")],
    ]
