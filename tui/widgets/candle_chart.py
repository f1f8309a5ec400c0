"""Candles of a trade's surroundings, with where it was entered and left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.widgets import plot
from tui.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from collections.abc import Mapping

UP, DOWN, WICK = "█", "▒", "│"  # full: closed higher; shaded: closed lower
ASCII = str.maketrans({UP: "#", DOWN: "o", WICK: "|", "▲": "^", "▼": "v", "┤": "+", "╌": "-"})


@dataclass(frozen=True)
class Candles:
    """Prices of each candle, and the numbers of those in which the trade began and ended."""

    rows: tuple[tuple[float, float, float, float], ...] = ()  # open, high, low, close
    entry: int = 0
    exit: int = 0
    entry_price: float = 0.0
    exit_price: float = 0.0

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Candles:
        """From the engine's answer."""
        told, trade = answer["candles"], answer["trade"]
        rows = tuple(zip(*(told[name] for name in ("open", "high", "low", "close")), strict=True))
        return cls(rows, answer["entry"], answer["exit"], trade["entry_price"], trade["exit_price"])


class CandleChart(Lines):
    """The chart."""

    def __init__(self, *, ascii: bool = False, id: str | None = None) -> None:  # noqa: A002
        """Nothing to draw yet."""
        super().__init__(id=id)
        self._candles, self._ascii = Candles(), ascii

    def tell(self, candles: Candles) -> None:
        """Show these."""
        self._candles = candles
        self.draw()

    def on_resize(self) -> None:
        """Another size, another drawing."""
        self.draw()

    def draw(self) -> None:
        """Draw."""
        lines = drawing(self._candles, self.size.width, self.size.height)
        self.show(
            [
                [(text.translate(ASCII) if self._ascii else text, role) for text, role in line]
                for line in lines
            ]
        )


def drawing(candles: Candles, width: int, height: int) -> list[Line]:
    """Prices on the left, a column a candle (two where there is room), the trade's marks below."""
    rows = height - 2
    if not candles.rows or rows < 3:
        return []
    low, high = min(row[2] for row in candles.rows), max(row[1] for row in candles.rows)
    spread = (high - low) or 1.0
    names = {place(tick, high, spread, rows): name for tick, name in ticks(low, high, rows)}
    margin = max(map(len, names.values()), default=0)
    stride = 2 if 2 * len(candles.rows) <= width - margin - 2 else 1
    shown = candles.rows[: (width - margin - 2) // stride]
    lines = []
    for y in range(rows):
        line: Line = [(f"{names.get(y, '').rjust(margin)}{'┤' if y in names else '│'}", "quiet")]
        for row in shown:
            line += [cell(row, y, high, spread, rows), (" " * (stride - 1), "")]
        lines.append(line)
    return [*lines, *marks(candles, margin + 1, stride, width)]


def ticks(low: float, high: float, rows: int) -> list[tuple[float, str]]:
    """Round prices with their labels."""
    found = plot.ticks(low, high, max(2, rows // 4))
    return list(zip(found, plot.labels(found), strict=True))


def place(price: float, high: float, spread: float, rows: int) -> int:
    """The line on which a price lies, 0 at the top."""
    return min(rows - 1, max(0, int((high - price) / spread * rows)))


def cell(
    row: tuple[float, float, float, float], y: int, high: float, spread: float, rows: int
) -> tuple[str, str]:
    """What of a candle lies on a line."""
    opened, top, bottom, close = row
    role = "good" if close >= opened else "bad"
    if place(max(opened, close), high, spread, rows) <= y <= place(min(opened, close), high, spread, rows):
        return (UP if close >= opened else DOWN, role)
    if place(top, high, spread, rows) <= y <= place(bottom, high, spread, rows):
        return (WICK, role)
    return (" ", "")


def marks(candles: Candles, margin: int, stride: int, width: int) -> list[Line]:
    """Where the trade was entered and left, below the candles."""
    entry, end = margin + candles.entry * stride, margin + candles.exit * stride
    held = f"▲{'╌' * max(0, end - entry - 1)}{'▼' if end > entry else ''}"
    words = f"entry {candles.entry_price:,.8g}   exit {candles.exit_price:,.8g}"
    return [
        [(" " * entry + held, "live")],
        [(" " * min(entry, max(0, width - len(words) - 1)) + words, "quiet")],
    ]
