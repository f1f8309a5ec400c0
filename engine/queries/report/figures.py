"""Figures in words for the report: labels, units, signs; undefined is n/a."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.results.metrics import tabled

if TYPE_CHECKING:
    import pandas as pd

    from engine.results.metrics import Format

MINUS = "−"
PERCENT, PLAIN, COUNT = 100.0, 1.0, 0.0
SCALES: dict[Format, float] = {"amount": PLAIN, "percent": PERCENT, "count": COUNT}


def known(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: Any, scale: float = PLAIN, *, signed: bool = False) -> str:
    """A number with two decimals, or none for a count; n/a if it is not defined."""
    if not known(value):
        return "n/a"
    text = f"{abs(value):,.0f}" if scale == COUNT else f"{abs(value * scale):,.2f}"
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    return sign + text


def signed_percent(value: Any) -> str:
    """A return in percent with its sign; empty where there was none."""
    return "" if value is None or value != value else number(value, PERCENT, signed=True)  # noqa: PLR0124


def figures(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows label, strategy, buy and hold, difference, unit."""
    own, other = told["metrics"], told["benchmark"]
    rows: list[tuple[str, ...]] = []
    for metric in tabled():
        mine, theirs, scale = own.get(metric.key), other.get(metric.key), SCALES[metric.format]
        apart = mine - theirs if known(mine) and known(theirs) else None
        values = (number(mine, scale), number(theirs, scale), number(apart, scale, signed=True))
        rows.append((metric.label, *values, metric.basis or metric.unit))
    return rows


def trust(told: dict[str, Any], seal: str, recorded: dict[str, Any]) -> list[str]:
    """The audit's seal, the deflated Sharpe ratio and what the panels say, those of the fills as recorded."""
    said = (recorded.get("sentences") or {}) | (told.get("sentences") or {})
    chance = number((told.get("ledger") or {}).get("deflated_sharpe"), PERCENT)
    return [
        f"Leak audit: {seal}. Deflated Sharpe: {chance} %.",
        *(
            str(said[name])
            for name in ("ledger", "fills", "intervals", "permutation", "baselines")
            if name in said
        ),
    ]


def ways(recorded: dict[str, Any]) -> list[tuple[str, ...]]:
    """The run's signals under kinder and harsher fills."""
    return [
        (
            str(way["name"]),
            number(way["total_return"], PERCENT, signed=True),
            number(way["sharpe"]),
            number(way["max_drawdown"], PERCENT),
            number(way["trades"], COUNT),
        )
        for way in (recorded.get("fills") or {}).get("ways") or []
    ]


def facts(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows of the forecast's quality and the costs."""
    seen, costs = told.get("forecast") or {}, told.get("costs") or {}
    right, low, high = (
        number(seen.get(f"directional_accuracy{end}"), PERCENT) for end in ("", "_low", "_high")
    )
    ic, p_value, r2 = (
        f"{seen[key]:.4f}" if known(seen.get(key)) else "n/a" for key in ("ic", "ic_p_value", "r2")
    )
    return [
        ("direction right", f"{right} % (95 %: {low} … {high})"),
        ("information coefficient", f"{ic} (p {p_value})"),
        ("R² against a forecast of 0", r2),
        ("fees", f"{number(costs.get('fees'))} at {number(costs.get('fee_bps'))} bps a fill"),
        ("slippage", f"{number(costs.get('slippage'))} at {number(costs.get('slippage_bps'))} bps a fill"),
        ("funding", number(costs.get("funding"))),
        ("borrow", number(costs.get("borrow"))),
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
