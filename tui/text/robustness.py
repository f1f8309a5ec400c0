"""How far a backtest's figures can be trusted, as plain text: intervals, fills, baselines, sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.explanations import explained
from tui.number_format import UNDEFINED, amount, correlation, defined, percent, table, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.results.backtest import (
        BacktestResult,
        Baseline,
        FillScenario,
        Headline,
        Interval,
        Intervals,
        StressTests,
    )
    from engine.results.learned import ForecastCalibration

HEADLINE = ("return %", "Sharpe", "max drawdown %", "trades")


def robustness_lines(result: BacktestResult) -> list[str]:
    """Every panel that the result has."""
    said = explained(result)
    return [
        *(interval_lines(result.intervals) if result.intervals else []),
        *(fill_lines(result.fills.scenarios) if result.fills else []),
        *(stress_lines(result.stress) if result.stress else []),
        *(calibration_lines(result.calibration) if result.calibration else []),
        *baseline_lines(result.baselines),
        *([""] if said else []),
        *said.values(),
    ]


def interval_lines(found: Intervals) -> list[str]:
    """95 % intervals of the figures above, a line a figure."""
    own, held, forecast = found.strategy, found.benchmark, found.forecast
    rows = [
        ["Sharpe", between(own.sharpe, amount), between(held.sharpe, amount), ""],
        ["total return", between(own.total_return, percent), between(held.total_return, percent), "%"],
        ["max drawdown", between(own.max_drawdown, percent), between(held.max_drawdown, percent), "%"],
        ["direction", between(forecast.directional_accuracy, percent), "", "%"],
        ["IC", between(forecast.ic, correlation), "", ""],
        ["R²", between(forecast.r2, correlation), "", ""],
    ]
    return ["", table(("95 % intervals", "strategy", "buy & hold", ""), rows, right=(1, 2))]


def between(bounds: Interval, write: Callable[[float], str]) -> str:
    """`-0.31 … 2.49`."""
    low, high = bounds
    return f"{write(low)} … {write(high)}" if defined(low) and defined(high) else UNDEFINED


def fill_lines(scenarios: Sequence[FillScenario]) -> list[str]:
    """The same signals under kinder and harsher fills."""
    rows = [[each.name, *headline(each)] for each in scenarios]
    return ["", table(("fills", *HEADLINE), rows, right=(1, 2, 3, 4))]


def stress_lines(found: StressTests) -> list[str]:
    """The signals late and with more capital, and where the money was made."""
    late = [
        [f"{each.bars} bars late", percent(each.total_return), amount(each.sharpe)] for each in found.delays
    ]
    more = [
        [f"capital {whole(each.capital)}", percent(each.total_return), amount(each.sharpe)]
        for each in found.capacity.rows
    ]
    times = [
        [f"{each.kind} {each.name}", percent(each.share), percent(each.earned), amount(each.sharpe)]
        for each in found.regimes
    ]
    return [
        "",
        table(("stress", "return %", "Sharpe"), [*late, *more], right=(1, 2)),
        "",
        table(("regimes", "bars %", "earned %", "Sharpe"), times, right=(1, 2, 3)),
    ]


def calibration_lines(found: ForecastCalibration) -> list[str]:
    """Deciles of forecasts, and the IC by volatility and by month."""
    deciles = [
        [
            str(place),
            whole(each.forecasts),
            *(amount(share * 1e4) for share in (each.forecast, each.forward_return)),
        ]
        for place, each in enumerate(found.deciles, 1)
    ]
    parts = [
        [f"{each.kind} {each.name}", whole(each.forecasts), correlation(each.ic), correlation(each.p_value)]
        for each in found.parts
    ]
    return [
        "",
        table(("deciles", "forecasts", "forecast bps", "return bps"), deciles, right=(1, 2, 3)),
        "",
        table(("IC by", "forecasts", "IC", "p"), parts, right=(1, 2, 3)),
    ]


def baseline_lines(baselines: Sequence[Baseline]) -> list[str]:
    """What knows next to nothing, and how far above it the strategy's Sharpe ratio is."""
    if not baselines:
        return []
    header = ("baselines", *HEADLINE, "Sharpe above it", "beaten")
    rows = [
        [
            each.name,
            *headline(each),
            f"{amount(each.sharpe_difference)} ({between(each.interval, amount)})",
            "yes" if each.beaten else "no",
        ]
        for each in baselines
    ]
    return ["", table(header, rows, right=(1, 2, 3, 4, 5))]


def headline(row: Headline) -> list[str]:
    """Return, Sharpe, drawdown and trades of a row."""
    return [percent(row.total_return), amount(row.sharpe), percent(row.max_drawdown), whole(row.trades)]
