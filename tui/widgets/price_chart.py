"""Prices of a stretch with its trades and forecasts: a line through every candle's range, or candles."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from engine.results.number_format import defined, signed_percent, whole
from tui.widgets import candle_chart, plot
from tui.widgets.area import BRAILLE, HIGH
from tui.widgets.candle_chart import ASCII, ENTRIES, EXITS
from tui.widgets.equity_chart import SHADE
from tui.widgets.lines import Line, cells, first_whole, fitted, spread, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.results.answers import Candles, MarkedTrade, PriceChart

    Canvas = list[list[tuple[str, str]]]  # rows of cells, each a character and its role
    Place = Callable[[float], int]  # of a price, its row of a canvas

LEFT = 9  # cells of a price on the axis
WIDEST = 4  # cells of a candle
SMALLEST = (40, 6)  # columns, rows
WITH_FORECASTS = 14  # rows from which on there is room for them
FORECAST_ROWS = 5
ROLE = {"long": "good", "short": "bad"}
DAY_MS = 86_400_000
ROOMY = 100  # columns from which on what is under the cursor is named
DENSE = 0.5  # trades a candle
FAR = 4  # times the largest forecast, from which on a threshold is off the axis
LABEL = 16  # cells from one date to the next


def candles_in(width: int) -> int:
    """How many columns a chart of that width has."""
    return max(1, width - LEFT - 2)


def fits(width: int, height: int) -> bool:
    """Whether there is room for a chart."""
    return width >= SMALLEST[0] and height >= SMALLEST[1]


def drawing(
    found: PriceChart, width: int, height: int, *, cursor: int, row: int | None = None, ascii: bool = False  # noqa: A002
) -> list[Line]:  # fmt: skip
    """Legend, prices, where forecasts are missing, forecasts, dates, and what is under the cursor.

    cursor: number of a candle. row: in the table, of the trade that is chosen.
    """
    if not fits(width, height):
        return [[(" a larger window shows the chart", "quiet")]]
    count = len(found.candles.close)
    stride = min(WIDEST, max(1, candles_in(width) // count))
    known = any(map(defined, found.lowest_forecast))
    below = FORECAST_ROWS if known and height >= WITH_FORECASTS else 0
    shaded = any(found.without_forecast) and known
    dense = len(found.trades) > DENSE * count
    ground, place = prices(found, stride, height - 3 - below - shaded - dense, ascii=ascii)
    canvas = [[*row] for row in ground]
    for each in sorted(found.trades, key=lambda each: each.row == row):  # the chosen one over the others
        if each.row == row or not dense:
            mark(canvas, each, stride, place, chosen=each.row == row)
    if dense:
        canvas.append(entries(found, stride))
    if shaded:
        marks = "".join((SHADE[ascii] if each else " ") * stride for each in found.without_forecast)
        canvas.append(cells([(" " * (LEFT + 1), ""), (marks, "warn")]))
    if below:
        canvas += [[*row] for row in forecasts(found, stride, below, ascii=ascii)]
    pointed(canvas, LEFT + 1 + cursor * stride)
    body: list[Line] = [[(text.translate(ASCII) if ascii else text, role) for text, role in line]
                        for line in canvas]  # fmt: skip
    dated = dates(found.candles.time_ms, stride)
    return [legend(found, width, ascii=ascii), *body, dated, under(found, cursor, row, width)]


def legend(found: PriceChart, width: int, *, ascii: bool) -> Line:  # noqa: A002
    """Which bars, and what the marks mean."""
    part = "all" if found.bars == found.all else f"{whole(found.bars)} of"
    joined = found.bars / len(found.candles.close)
    scale = f", {joined:.3g} a column" if joined > 1 else ""
    right: Line = []
    for side in ("long", "short"):
        marks = f"{ENTRIES[side]}{EXITS[side]}"
        right += [(marks.translate(ASCII) if ascii else marks, ROLE[side]), (f" {side}   ", "")]
    if any(found.without_forecast):
        right += [(SHADE[ascii], "warn"), (" no forecast ", "")]
    bars = f"  {part} {whole(found.all)} bars"
    tries = [([(" price", "bright"), (left, "quiet")], right) for left in (f"{bars}{scale}", bars)]
    return first_whole([*tries, ([(" price", "bright"), (bars, "quiet")], right[:4])], width)


@lru_cache(maxsize=2)  # most keys move the cursor alone
def prices(found: PriceChart, stride: int, rows: int, *, ascii: bool) -> tuple[Canvas, Place]:  # noqa: A002
    """The canvas with the prices, and what finds the row of one."""
    bars = found.candles
    low, high = min(bars.low), max(bars.high)
    if found.bars == len(bars.close):
        return candles(bars, low, high, stride, rows)
    return line(bars, low, high, rows, stride=stride, ascii=ascii)


def ticks(low: float, high: float, rows: int) -> list[tuple[float, str]]:
    """Round prices, three at least, with their labels."""
    found = plot.apart(plot.some_ticks(low, high, max(3, rows // 4)), low, high, rows)
    return list(zip(found, plot.labels(found), strict=True))


def candles(bars: Candles, low: float, high: float, stride: int, rows: int) -> tuple[Canvas, Place]:
    """Every bar a candle."""
    extent = (high - low) or 1.0

    def place(price: float) -> int:
        return candle_chart.place(price, high, extent, rows)

    names = {place(tick): name for tick, name in ticks(low, high, rows)}
    every = list(zip(bars.open, bars.high, bars.low, bars.close, strict=True))
    canvas = []
    for y in range(rows):
        name = fitted(names.get(y, ""), LEFT, right=True)
        drawn: Line = [(f"{name}{'┤' if y in names else '│'}", "quiet")]
        for each in every:
            drawn += [candle_chart.cell(each, y, high, extent, rows), (" " * (stride - 1), "")]
        canvas.append(cells(drawn))
    return canvas, place


def line(
    bars: Candles, low: float, high: float, rows: int, *, stride: int = 1, ascii: bool  # noqa: A002
) -> tuple[Canvas, Place]:  # fmt: skip
    """One line through lows and highs, in the order in which a candle went, broken where there is none."""
    count = len(bars.close) * stride
    axis = [(tick, fitted(name, LEFT, right=True)) for tick, name in ticks(low, high, rows)]
    area = plot.frame((LEFT + 1 + count, rows), (0, max(1, count - 1)), (low, high), axis, LEFT)
    every = enumerate(zip(bars.open, bars.high, bars.low, bars.close, strict=True))
    for there, part in groupby(every, lambda each: defined(each[1][3])):
        x, y = [], []
        for at, (begin, top, bottom, end) in part if there else ():
            x += [at * stride, at * stride]
            y += [bottom, top] if end >= begin else [top, bottom]
        if x:
            area.line(x, y, marker="*" if ascii else BRAILLE, colour=plot.FIRST)
    dots = 1 if ascii else HIGH

    def place(price: float) -> int:
        share = min(1.0, max(0.0, (price - low) / ((high - low) or 1.0)))
        return rows - 1 - round(share * (dots * rows - 1)) // dots

    return canvas_of(plot.built(ascii=ascii), count), place


def canvas_of(lines: Sequence[Line], columns: int) -> Canvas:
    """Lines of a figure, cell by cell, with all of its columns."""
    rows = map(cells, lines)
    return [[*row, *[(" ", "")] * (LEFT + 1 + columns - len(row))] for row in rows]


def mark(canvas: Canvas, trade: MarkedTrade, stride: int, place: Place, *, chosen: bool) -> None:
    """Where a trade was entered and left, at its prices; the chosen one stands out."""
    entry, end = place(trade.entry_price), place(trade.exit_price)
    if chosen:
        start = 0 if trade.entry is None else trade.entry * stride
        stop = len(canvas[entry]) if trade.exit is None else LEFT + 1 + trade.exit * stride
        for x in range(LEFT + 1 + start, stop):
            if canvas[entry][x][0] == " ":
                canvas[entry][x] = ("╌", ROLE[trade.side])
    for candle, y, marks in ((trade.entry, entry, ENTRIES), (trade.exit, end, EXITS)):
        if candle is not None:
            canvas[y][LEFT + 1 + candle * stride] = (
                marks[trade.side], "cursor" if chosen else ROLE[trade.side],
            )  # fmt: skip


def entries(found: PriceChart, stride: int) -> list[tuple[str, str]]:
    """A row for marks that would hide the prices: the last entry of each candle."""
    line = cells([(" " * (LEFT + 1 + len(found.held) * stride), "")])
    for each in found.trades:
        if each.entry is not None:
            line[LEFT + 1 + each.entry * stride] = (ENTRIES[each.side], ROLE[each.side])
    return line


@lru_cache(maxsize=2)
def forecasts(found: PriceChart, stride: int, rows: int, *, ascii: bool) -> Canvas:  # noqa: A002
    """From the lowest to the highest forecast of every candle; the entry threshold is on the axis.

    A threshold that no forecast comes near is not, or they would be a flat line.
    """
    count = len(found.held)
    known = [
        (at, low, high)
        for at, (low, high) in enumerate(zip(found.lowest_forecast, found.highest_forecast, strict=True))
        if defined(low) and defined(high)
    ]
    largest = max((max(abs(low), abs(high)) for _, low, high in known), default=0.0)
    far = found.threshold > FAR * largest > 0
    most = (largest if far else max(found.threshold, largest)) or 1.0
    threshold = found.threshold if not far and found.threshold * (rows - 1) >= most else most
    axis = [(at, fitted(basis_points(at), LEFT, right=True)) for at in (-threshold, 0.0, threshold)]
    cells_across = count * stride
    size, across = (LEFT + 1 + cells_across, rows), (0, max(1, cells_across - 1))
    area = plot.frame(size, across, (-most, most), axis, LEFT)
    x = [at * stride for at, _, _ in known for _ in range(3)]
    y = [each for _, low, high in known for each in (low, high, math.nan)]  # lines of their own
    area.line(x, y, marker="*" if ascii else BRAILLE, colour=plot.SECOND)
    return canvas_of(plot.built(ascii=ascii), cells_across)


def basis_points(share: float) -> str:
    """`+12.5bp`."""
    return f"{share * 1e4:+.3g}bp" if share else "0bp"


def pointed(canvas: Canvas, x: int) -> None:
    """The cursor, in a column of the canvas."""
    for row in canvas:
        text, role = row[x]
        row[x] = ("┊", "bright") if text in " ⠀" else (text, "cursor" if role != "cursor" else "alarm")


def dates(moments: Sequence[int], stride: int) -> Line:
    """Dates under the candles that they are of, times too where a stretch is short."""
    form = "%Y-%m-%d" if moments[-1] - moments[0] > LABEL // 2 * DAY_MS else "%m-%d %H:%M"
    said, step = "", max(1, LABEL // stride)
    for at in range(0, len(moments), step):
        text = f"{datetime.fromtimestamp(moments[at] / 1000, UTC):{form}}"
        if len(text) <= (len(moments) - at) * stride:
            said = said.ljust(at * stride) + text
    return [(" " * (LEFT + 1) + said, "quiet")]


def under(found: PriceChart, cursor: int, row: int | None, width: int) -> Line:
    """What is under the cursor: time, price, forecast, trade."""
    bars = found.candles
    moment = datetime.fromtimestamp(bars.time_ms[cursor] / 1000, UTC)
    close, forecast = ("  close ", "  forecast ") if width >= ROOMY else ("  ", "  ")
    said: Line = [
        (f" {moment:%Y-%m-%d %H:%M}", "bright"),
        (close, "quiet"),
        (f"{bars.close[cursor]:,.7g}", ""),
    ]
    low, high = found.lowest_forecast[cursor], found.highest_forecast[cursor]
    if defined(low) and defined(high):
        between = basis_points(low) if low == high else f"{basis_points(low)}…{basis_points(high)}"
        said += [(forecast, "quiet"), (between, "")]
    chosen = next((each for each in found.trades if each.row == row), None)
    if chosen:
        made = signed_percent(chosen.made)
        tone = "good" if defined(chosen.made) and chosen.made > 0 else "bad"
        said += [(f"  trade {chosen.trade} ", "quiet"), (f"{chosen.side} ", ROLE[chosen.side]), (made, tone),
                 (f" {chosen.exit_reason}", "")]  # fmt: skip
    return said if width_of(said) <= width else spread(said, [], width)
