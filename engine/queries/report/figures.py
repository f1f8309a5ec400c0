"""Figures in words for the report: labels, units, signs; undefined is n/a."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.results.explanations import explained, on_margin
from engine.results.metrics import tabled
from engine.results.number_format import grouped

if TYPE_CHECKING:
    import pandas as pd

    from engine.results.backtest import BacktestResult
    from engine.results.learned import ImportanceResult
    from engine.results.metrics import Format

MINUS = "−"
PERCENT, BASIS_POINTS, PLAIN, COUNT = 100.0, 1e4, 1.0, 0.0
SAID = (
    "trials", "fills", "stress", "intervals", "calibration", "drift", "permutation", "baselines", "family",
)  # fmt: skip
SCALES: dict[Format, float] = {"amount": PLAIN, "percent": PERCENT, "count": COUNT}


def known(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: Any, scale: float = PLAIN, *, signed: bool = False) -> str:
    """A number with two decimals, or none for a count; n/a if it is not defined."""
    if not known(value):
        return "n/a"
    text = grouped(abs(value), 0) if scale == COUNT else grouped(abs(value * scale))
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    return sign + text


def signed_percent(value: Any) -> str:
    """A return in percent with its sign; empty where there was none."""
    return "" if value is None or value != value else number(value, PERCENT, signed=True)  # noqa: PLR0124


def figures(result: BacktestResult) -> list[tuple[str, ...]]:
    """Rows label, strategy, buy and hold, difference, unit."""
    rows: list[tuple[str, ...]] = []
    for metric in tabled():
        scale, unit = SCALES[metric.format], metric.basis or metric.unit
        mine, theirs = metric.of(result.metrics), metric.of(result.benchmark)
        apart = number(mine - theirs, scale, signed=True)
        rows.append((metric.label, number(mine, scale), number(theirs, scale), apart, unit))
    return rows


def trust(result: BacktestResult, audit: str, recorded: BacktestResult) -> list[str]:
    """How the audit ended, the deflated Sharpe ratio, and what the facts say as they were recorded."""
    said = explained(recorded, result.trials)
    chance = number(result.trials.deflated_sharpe if result.trials else None, PERCENT)
    return [
        f"Leak audit: {audit}. Deflated Sharpe: {chance} %.",
        *(said[name] for name in SAID if name in said),
    ]


def fills(recorded: BacktestResult) -> list[tuple[str, ...]]:
    """The run's signals under kinder and harsher fills."""
    return [
        (
            each.name,
            number(each.total_return, PERCENT, signed=True),
            number(each.sharpe),
            number(each.max_drawdown, PERCENT),
            number(each.trades, COUNT),
        )
        for each in (recorded.fills.scenarios if recorded.fills else ())
    ]


def stress(recorded: BacktestResult) -> list[tuple[str, ...]]:
    """The run's signals late and with more capital."""
    found = recorded.stress
    if found is None:
        return []
    late = [(f"{each.bars} bars late", each.total_return, each.sharpe) for each in found.delays]
    more = [
        (f"capital {number(each.capital, COUNT)}", each.total_return, each.sharpe)
        for each in found.capacity.rows
    ]
    return [
        (name, number(gain, PERCENT, signed=True), number(sharpe)) for name, gain, sharpe in [*late, *more]
    ]


def regimes(recorded: BacktestResult) -> list[tuple[str, ...]]:
    """Where the money was made."""
    return [
        (
            f"{each.kind} {each.name}",
            number(each.share, PERCENT),
            number(each.earned, PERCENT, signed=True),
            number(each.sharpe),
        )
        for each in (recorded.stress.regimes if recorded.stress else ())
    ]


def deciles(recorded: BacktestResult) -> list[tuple[str, ...]]:
    """Forecasts between their deciles, their means and those of the returns that came."""
    return [
        (
            str(place),
            number(each.forecasts, COUNT),
            number(each.forecast, BASIS_POINTS, signed=True),
            number(each.forward_return, BASIS_POINTS, signed=True),
        )
        for place, each in enumerate(recorded.calibration.deciles if recorded.calibration else (), 1)
    ]


def regression(recorded: BacktestResult) -> list[tuple[str, ...]]:
    """Intercept and slope of the Mincer-Zarnowitz regression, with their intervals."""
    found = recorded.calibration
    fit = [("intercept, bps", found.intercept, BASIS_POINTS), ("slope", found.slope, PLAIN)] if found else []
    return [
        (name, *(number(value, scale) for value in (of.value, of.low, of.high))) for name, of, scale in fit
    ]


def partial_ics(recorded: BacktestResult) -> list[tuple[str, ...]]:
    """The IC by volatility and by month."""
    return [
        (f"{each.kind} {each.name}", number(each.forecasts, COUNT), decimals(each.ic), decimals(each.p_value))
        for each in (recorded.calibration.parts if recorded.calibration else ())
    ]


def decimals(value: float) -> str:
    """A correlation, a p-value or an index, with four decimals."""
    return f"{value:.4f}" if known(value) else "n/a"


def learned(recorded: BacktestResult, importance: ImportanceResult | None) -> list[tuple[str, ...]]:
    """Every feature's importance, where it was measured, and its drift; groups first."""
    drift = {each.name: each.psi for each in recorded.drift}
    measured = [(f"all {each.name}", each) for each in importance.groups] if importance else []
    measured += [(each.name, each) for each in importance.features] if importance else []
    rows: list[tuple[str, ...]] = [
        (name, decimals(of.ic_drop), decimals(of.low), decimals(of.high), decimals(drift.get(name, math.nan)))
        for name, of in measured
    ]
    return rows or [(name, "", "", "", decimals(psi)) for name, psi in drift.items()]


def facts(result: BacktestResult) -> list[tuple[str, ...]]:
    """Rows of the forecast's quality and the costs."""
    quality, costs = result.forecast, result.costs
    right, low, high = (
        number(value, PERCENT)
        for value in (
            quality.directional_accuracy, quality.directional_accuracy_low, quality.directional_accuracy_high,
        )
    )  # fmt: skip
    ic, p_value, r2, of_direction = map(
        decimals, (quality.ic, quality.ic_p_value, quality.r2, quality.directional_accuracy_p_value)
    )
    return [
        ("direction right", f"{right} % (95 %: {low} … {high}; p {of_direction})"),
        ("information coefficient", f"{ic} (p {p_value})"),
        ("R² against a forecast of 0", r2),
        ("fees", f"{number(costs.fees)} at {number(costs.fee_bps)} bps a fill"),
        ("slippage", f"{number(costs.slippage)} at {number(costs.slippage_bps)} bps a fill"),
        ("funding", number(costs.funding)),
        ("borrow", number(costs.borrow)),
        ("maintenance margin", on_margin(costs)),
    ]


def trades(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Rows for all trades, each side and each reason to exit."""
    groups = [("all", table)]
    for column in ("side", "exit_reason"):
        groups += [(str(name), group) for name, group in table.groupby(column)]
    return [
        (
            name,
            number(len(group), COUNT),
            number((group["pnl"] > 0).mean() if len(group) else None, PERCENT),
            number(group["pnl"].sum(), signed=True),
            number(group["return"].mean(), PERCENT, signed=True),
            number(group["bars"].mean()),
        )
        for name, group in groups
    ]
