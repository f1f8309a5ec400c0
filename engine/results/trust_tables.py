"""How far a backtest's figures can be trusted, as tables, which text, screens and the report lay out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.metrics import tabled
from engine.results.number_format import (
    UNDEFINED,
    amount,
    correlation,
    defined,
    difference,
    figure,
    percent,
    signed_percent,
    whole,
)  # fmt: skip
from engine.results.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.results.backtest import BacktestResult
    from engine.results.figures import Headline, Interval
    from engine.results.robustness import Intervals
    from engine.results.stress import StressTests

HEADLINE = ("return %", "Sharpe", "max drawdown %", "trades")


def figures_table(result: BacktestResult) -> Table:
    """Every metric of the strategy and of buy and hold, and how far they are apart."""
    rows = []
    for each in tabled():
        if each.key in result.metrics:
            own, held = each.of(result.metrics), each.of(result.benchmark)
            apart = difference(each, held, own) or UNDEFINED
            rows.append((each.label, figure(each, own), figure(each, held), apart, each.basis or each.unit))
    return Table(("", "strategy", "buy & hold", "Δ", ""), tuple(rows))


def trust_tables(result: BacktestResult) -> list[Table]:
    """Intervals, fills, stress, regimes and baselines: those that the result has."""
    fills = tuple((each.name, *headline(each)) for each in result.fills.scenarios) if result.fills else ()
    baselines = tuple(
        (
            each.name,
            *headline(each),
            f"{amount(each.sharpe_difference)} ({between(each.interval, amount)})",
            "yes" if each.beaten else "no",
        )
        for each in result.baselines
    )
    found = [
        *([intervals_table(result.intervals)] if result.intervals else []),
        Table(("fills", *HEADLINE), fills),
        *(stress_tables(result.stress) if result.stress else []),
        Table(("baselines", *HEADLINE, "Sharpe above it", "beaten"), baselines),
    ]
    return [each for each in found if each.rows]


def intervals_table(found: Intervals) -> Table:
    """95 % intervals of the figures above, a line a figure."""
    own, held, forecast = found.strategy, found.benchmark, found.forecast
    rows = (
        ("Sharpe", between(own.sharpe, amount), between(held.sharpe, amount), ""),
        ("total return", between(own.total_return, percent), between(held.total_return, percent), "%"),
        ("max drawdown", between(own.max_drawdown, percent), between(held.max_drawdown, percent), "%"),
        ("direction", between(forecast.directional_accuracy, percent), "", "%"),
        ("IC", between(forecast.ic, correlation), "", ""),
        ("R²", between(forecast.r2, correlation), "", ""),
    )
    return Table(("95 % intervals", "strategy", "buy & hold", ""), rows)


def stress_tables(found: StressTests) -> list[Table]:
    """The signals late and with more capital, and where the money was made."""
    late = [(late_by(each.bars), each.total_return, each.sharpe) for each in found.delays]
    more = [
        (f"capital {whole(each.capital)}", each.total_return, each.sharpe) for each in found.capacity.rows
    ]
    rows = tuple((name, signed_percent(gain, ""), amount(sharpe)) for name, gain, sharpe in [*late, *more])
    regimes = tuple(
        (
            f"{each.kind} {each.name}",
            percent(each.share),
            signed_percent(each.earned, ""),
            amount(each.sharpe),
        )
        for each in found.regimes
    )
    return [
        Table(("stress", "return %", "Sharpe"), rows),
        Table(("regimes", "bars %", "earned %", "Sharpe (bar)"), regimes),
    ]


def late_by(bars: int) -> str:
    """`1 bar late`, `2 bars late`."""
    return f"{bars:,} bar{'' if bars == 1 else 's'} late"


def between(bounds: Interval, write: Callable[[float], str]) -> str:
    """`-0.31 … 2.49`."""
    low, high = bounds
    return f"{write(low)} … {write(high)}" if defined(low) and defined(high) else UNDEFINED


def headline(row: Headline) -> tuple[str, ...]:
    """Return, Sharpe, drawdown and trades of a row."""
    gain = signed_percent(row.total_return, "")
    return gain, amount(row.sharpe), percent(row.max_drawdown), whole(row.trades)
