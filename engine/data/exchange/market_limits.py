"""What an exchange's market lets through: the smallest order and the step of quantities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DECIMAL_PLACES = 2  # ccxt's precision modes; the others give the step itself, or no step at all
TICK_SIZE = 4


def limits_of(market: Mapping[str, Any], precision_mode: int) -> dict[str, float]:
    """{minimum_notional, quantity_step} of a ccxt market, each only if it is told.

    minimum_notional in quote currency, quantity_step in units traded: where amounts are counted in
    contracts, the step of a contract's size.
    """
    smallest = above_zero(((market.get("limits") or {}).get("cost") or {}).get("min"))
    told = (market.get("precision") or {}).get("amount")
    step = above_zero(told) if precision_mode == TICK_SIZE else None
    if precision_mode == DECIMAL_PLACES and isinstance(told, int | float) and math.isfinite(told):
        step = 10.0**-told
    if step and market.get("contract"):
        step *= above_zero(market.get("contractSize")) or 1.0
    limits = {"minimum_notional": smallest, "quantity_step": step}
    return {name: value for name, value in limits.items() if value}


def above_zero(value: Any) -> float | None:
    """The number, if it is one above 0."""
    proper = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if proper and 0 < value < math.inf else None
