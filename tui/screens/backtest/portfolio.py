"""An account over several symbols: what each brought, how they moved together, how much was held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.number_format import defined, percent
from engine.results.portfolio_tables import baselines_table, symbols_table, whole_table
from tui.screens.backtest.learned import WITH_BARS, bars, laid_out
from tui.widgets.lines import Line, fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.backtest import BacktestResult
    from engine.results.portfolio import PortfolioParts

BESIDE = 16  # cells of a bar beside a symbol
NAME = 10  # cells of a symbol's name beside the correlations
CELL = 5  # of a correlation: -100 and a space
HEIGHTS = {False: " ▁▂▃▄▅▆▇█", True: " ._-=+*%#"}  # of a strip's column
STRONG = 0.5  # a correlation from which on two symbols are much the same bet


def portfolio(recorded: BacktestResult, width: int, *, ascii: bool = False) -> list[Line]:  # noqa: A002
    """The panel, of the run as it was recorded."""
    head: Line = [(" symbols", "bright"), ("  of the run as it was recorded", "quiet")]
    parts = recorded.portfolio
    if parts is None:
        return [head, [(" this run trades one symbol", "quiet")]]
    return [
        head, *by_symbol(parts, width, ascii=ascii),
        [], *exposure(parts, width, ascii=ascii),
        [], *laid_out(whole_table(parts), width),
        [], *laid_out(baselines_table(parts), width),
        [], *together(parts, width),
    ]  # fmt: skip


def by_symbol(parts: PortfolioParts, width: int, *, ascii: bool) -> list[Line]:  # noqa: A002
    """A row a symbol, with a bar of what it brought where there is room."""
    if width < WITH_BARS:
        return laid_out(symbols_table(parts), width)
    rows = laid_out(symbols_table(parts), width - BESIDE - 3)
    brought = [each.return_contribution for each in parts.symbols]
    return [[*row, *bar] for row, bar in zip(rows, bars(brought, BESIDE, ascii=ascii), strict=True)]


def exposure(parts: PortfolioParts, width: int, *, ascii: bool) -> list[Line]:  # noqa: A002
    """Gross, net long and net short exposure over time, each on a strip from 0 to the highest gross one."""
    history, room = parts.exposure, width - NAME - 2
    if not history.time:
        return []
    most = max((value for value in history.gross if defined(value)), default=0.0)
    if not most:
        return [[(" exposure", "bright"), ("  none: nothing was held", "quiet")]]
    lines: list[Line] = [
        [(" exposure", "bright"), (f"  a full column is {percent(most)} % of equity", "quiet")]
    ]
    strips = (
        ("gross", [(value, "") for value in history.gross]),
        ("net long", [(max(value, 0.0), "good") for value in history.net]),  # told apart without colour, too
        ("net short", [(max(-value, 0.0), "bad") for value in history.net]),
    )
    for label, values in strips:
        strip = [column(*value, most, ascii=ascii) for value in thinned(values, room)]
        lines.append([(f" {fitted(label, NAME)}", "quiet"), *strip])
    ends = f"{history.time[0][:10]}{history.time[-1][:10].rjust(max(0, min(room, len(history.time)) - 10))}"
    return [*lines, [(" " * (NAME + 1) + ends, "quiet")]]


def thinned(values: Sequence[tuple[float, str]], room: int) -> list[tuple[float, str]]:
    """As many of the values as have room, from the first to the last."""
    if len(values) <= room:
        return list(values)
    return [values[place * (len(values) - 1) // max(1, room - 1)] for place in range(room)]


def column(value: float, role: str, most: float, *, ascii: bool) -> tuple[str, str]:  # noqa: A002
    """A column of a strip; nothing only where there is nothing."""
    heights = HEIGHTS[ascii]
    if not defined(value) or not most or value <= 0:
        return heights[0], ""
    return heights[max(1, min(len(heights) - 1, round(value / most * (len(heights) - 1))))], role


def together(parts: PortfolioParts, width: int) -> list[Line]:
    """Correlation of the symbols' daily PnL, in hundredths; what has no room is said."""
    names = [each.symbol.partition("/")[0] for each in parts.symbols]
    room = max(1, (width - NAME - 2) // CELL)
    shown = names[:room]
    head = [(" correlation of daily PnL", "bright"), ("  in hundredths", "quiet")]
    if len(shown) < len(names):
        head.append((f", {len(shown)} of {len(names)} columns", "quiet"))
    lines: list[Line] = [head]
    lines.append([(" " * (NAME + 1), ""), *((name[: CELL - 1].rjust(CELL), "quiet") for name in shown)])
    for name, values in zip(names, parts.correlation, strict=True):
        cells = [hundredths(value) for value in values[:room]]
        lines.append([(f" {fitted(name, NAME)}", ""), *cells])
    return lines


def hundredths(value: float) -> tuple[str, str]:
    """A correlation as a cell: strong ones stand out."""
    if not defined(value):
        return "n/a".rjust(CELL), "quiet"
    role = "warn" if STRONG <= value < 1 - 1e-9 else "quiet" if value >= 1 - 1e-9 else ""
    return f"{round(100 * value)}".rjust(CELL), role
