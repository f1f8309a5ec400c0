"""A stretch of a stored series: candles or a line, volume, where bars are missing, and what is odd."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.results.number_format import defined, whole
from tui.widgets import price_chart
from tui.widgets.lines import Line, cells, fitted, spread
from tui.widgets.price_chart import LEFT, SMALLEST, WIDEST, candles_in, dates, pointed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.series_stretch import SeriesStretch
    from tui.widgets.price_chart import Canvas

GAP, ODD = "░", "!"
ASCII = str.maketrans(
    {GAP: ".", "┊": ":", "█": "#", "▒": "o", "│": "|", "┤": "+"}
    | dict(zip("▁▂▃▄▅▆▇", "..::==#", strict=True))
)
LEVELS = " ▁▂▃▄▅▆▇█"
WITH_VOLUME, ROOMY = 12, 24  # rows from which on there is a row of volume, and three of them
UNDER = 3  # rows of what is under the cursor


def drawing(
    found: SeriesStretch, width: int, height: int, *, cursor: int, as_candles: bool = True,
    ascii: bool = False,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """Legend, prices, volume, gaps and odd rows, dates, and what is under the cursor, in so many cells."""
    if width < SMALLEST[0] or height < SMALLEST[1] + UNDER:
        return [[(" the chart comes with more room", "quiet")]]
    stride = min(WIDEST, max(1, candles_in(width) // len(found.rows)))
    marks = marked(found, stride)
    volume = found.values is False and any(each > 0 for each in found.volume if defined(each))
    below = (0 if not volume or height < WITH_VOLUME else 3 if height >= ROOMY else 1) + len(marks)
    rows = height - 2 - UNDER - below
    canvas = prices(found, stride, rows, as_candles=as_candles and not found.values, ascii=ascii)
    if below > len(marks):
        canvas += volumes(found.volume, stride, below - len(marks))
    canvas += marks
    pointed(canvas, LEFT + 1 + cursor * stride)
    body: list[Line] = [
        [(text.translate(ASCII) if ascii else text, role) for text, role in line] for line in canvas
    ]
    dated = dates(found.candles.time_ms, stride)
    return [legend(found, width, ascii=ascii), *body, dated, *under(found, cursor, width)]


def legend(found: SeriesStretch, width: int, *, ascii: bool) -> Line:  # noqa: A002
    """Which bars, and what the marks mean."""
    part = "all" if found.bars == found.all else f"{whole(found.bars)} of"
    joined = found.bars / len(found.rows)
    scale = f", {joined:.3g} a column" if joined > 1 else ""
    left: Line = [(f" {found.label}", "bright"), (f"  {part} {whole(found.all)} bars{scale}", "quiet")]
    right: Line = []
    if found.gaps:
        right += [(GAP.translate(ASCII) if ascii else GAP, "warn"), (f" {whole(found.gaps)} gaps ", "")]
    if any(found.odd):
        right += [(f"  {ODD}", "bad"), (" flagged ", "")]
    return spread(left, right, width)


def prices(found: SeriesStretch, stride: int, rows: int, *, as_candles: bool, ascii: bool) -> Canvas:  # noqa: A002
    """The canvas with prices or values; columns without a row are shaded."""
    bars = found.candles
    known = [each for each in (*bars.low, *bars.high) if defined(each)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if as_candles:
        canvas, _ = price_chart.candles(bars, low, high, stride, rows)
    else:
        canvas, _ = price_chart.line(bars, low, high, rows, stride=stride, ascii=ascii)
    for at, count in enumerate(found.rows):
        if not count:
            for row in canvas:
                for x in range(LEFT + 1 + at * stride, LEFT + 1 + (at + 1) * stride):
                    row[x] = (GAP, "quiet")
    return canvas


def volumes(volume: Sequence[float], stride: int, rows: int) -> Canvas:
    """Bars of volume from the lowest row up, an eighth of a cell a step."""
    most = max((each for each in volume if defined(each)), default=0.0)
    canvas: Canvas = []
    for up in reversed(range(rows)):
        label = "volume" if up == rows - 1 else ""
        line: Line = [(f"{fitted(label, LEFT, right=True)}│", "quiet")]
        for each in volume:
            height = each / most * rows if defined(each) and most > 0 else 0.0
            level = min(8, max(0, round((height - up) * 8)))
            line.append(
                ((LEVELS[max(level, 1 if each > 0 and up == 0 else 0)]) * max(1, stride - 1), "second")
            )
            line.append((" " * (stride - max(1, stride - 1)), ""))
        canvas.append(cells(line))
    return canvas


def marked(found: SeriesStretch, stride: int) -> Canvas:
    """A row for gaps and a row for odd rows, each where there is one to mark."""
    lines: Canvas = []
    for label, mark, role, there in (
        ("gaps", GAP, "warn", [each > 0 for each in found.missing]),
        ("flagged", ODD, "bad", [bool(each) for each in found.odd]),
    ):
        if any(there):
            drawn = "".join((mark if each else " ") * stride for each in there)
            lines.append(cells([(f"{fitted(label, LEFT, right=True)} ", "quiet"), (drawn, role)]))
    return lines


def under(found: SeriesStretch, cursor: int, width: int) -> list[Line]:
    """What is under the cursor: time, prices, volume, how many bars are joined or missing, what is odd."""
    bars, rows = found.candles, found.rows[cursor]
    moment = datetime.fromtimestamp(bars.time_ms[cursor] / 1000, UTC)
    first: Line = [(f" {moment:%Y-%m-%d %H:%M}", "bright")]
    second: Line = []
    if rows:
        name = "value" if found.values else "close"
        first += [(f"  {name} ", "quiet"), (number(bars.close[cursor]), "")]
        if defined(found.volume[cursor]):
            first += [("  volume ", "quiet"), (number(found.volume[cursor]), "")]
        for label, each in (("open", bars.open), ("high", bars.high), ("low", bars.low)):
            if not found.values or rows > 1:
                second += [(f" {label} ", "quiet"), (f"{number(each[cursor])} ", "")]
    missing = found.missing[cursor]
    third: Line = []
    if missing:
        third.append((f" {whole(missing)} of {whole(missing + rows)} bars missing", "warn"))
    elif rows > 1:
        third.append((f" {whole(rows)} bars", "quiet"))
    if found.odd[cursor]:
        third.append((f" {ODD} {found.odd[cursor]}", "bad"))
    return [spread(line, [], width) for line in (first, second, third)]


def number(value: float) -> str:
    """A price, a volume or a rate in few characters."""
    return f"{value:,.7g}"
