"""What the report says in words and rows of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.explanations import explained, on_margin
from engine.results.number_format import amount, correlation, percent, signed, signed_percent, whole

if TYPE_CHECKING:
    import pandas as pd

    from engine.results.backtest import BacktestResult


SAID = (
    "audit", "trials", "fills", "stress", "funding", "intervals", "calibration", "band", "drift",
    "permutation", "baselines", "family",
)  # fmt: skip


def trust(result: BacktestResult, audit: str, recorded: BacktestResult, unclaimed: str) -> list[str]:
    """How the audit ended, the deflated Sharpe ratio, and what the facts say as they were recorded."""
    sentences = explained(recorded, result.trials, unclaimed=unclaimed)
    chance = percent(result.trials and result.trials.deflated_sharpe)
    return [
        f"Leak audit: {audit}.{'' if unclaimed else f' Deflated Sharpe: {chance} %.'}",
        *(sentences[name] for name in SAID if name in sentences),
    ]


def facts(result: BacktestResult) -> list[tuple[str, ...]]:
    """Rows of the forecast's quality, whose intervals stand in a table of their own, and the costs."""
    quality, costs = result.forecast, result.costs
    ic, p_value, r2, of_direction = map(
        correlation, (quality.ic, quality.ic_p_value, quality.r2, quality.directional_accuracy_p_value)
    )
    return [
        ("forecasts", made_by(result)),
        ("direction right", f"{percent(quality.directional_accuracy)} % (p {of_direction})"),
        ("information coefficient", f"{ic} (p {p_value})"),
        ("R² against a forecast of 0", r2),
        ("fees", f"{amount(costs.fees)} at {amount(costs.fee_bps)} bps a fill"),
        ("slippage", f"{amount(costs.slippage)} at {amount(costs.slippage_bps)} bps a fill"),
        ("funding", amount(costs.funding)),
        ("borrow", amount(costs.borrow)),
        ("maintenance margin", on_margin(costs)),
    ]


def made_by(result: BacktestResult) -> str:
    """Whose forecasts were traded, and how many models' mean they are."""
    if not result.decided_by:
        return "none: signals as given"
    several = f", mean of {result.members:,} models" if result.members > 1 else ""
    return f"{result.decided_by}{several}"


def trades(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Rows for all trades, each side and each reason to exit."""
    groups = [("all", table)]
    for column in ("side", "exit_reason"):
        groups += [(str(name), group) for name, group in table.groupby(column)]
    return [
        (
            name,
            whole(len(group)),
            percent((group["pnl"] > 0).mean()),
            signed(group["pnl"].sum()),
            signed_percent(group["return"].mean(), ""),
            amount(group["bars"].mean()),
        )
        for name, group in groups
    ]
