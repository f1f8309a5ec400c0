"""The settings of an account over several symbols: who gets how much of it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import field_validator, model_validator

from engine.settings.values import NAMED, Contradiction, Group, Number, Whole, matching, setting

LARGEST_WEIGHT = 20.0


def weights_of(texts: tuple[str, ...]) -> dict[str, float]:
    """Weights SYMBOL:WEIGHT by symbol; a perpetual's name has a colon of its own. Raises ValueError."""
    found = {}
    for text in texts:
        name, _, number = text.rpartition(":")
        wanted = "SYMBOL:WEIGHT, each symbol once, weights 0 … 20, such as BTC/USDT:0.6, ETH/USDT:0.4"
        matching(NAMED, name, f"written {wanted}")
        try:
            weight = float(number)
        except ValueError:
            raise ValueError(f"must be written {wanted}") from None
        if not 0 <= weight <= LARGEST_WEIGHT or name in found:
            raise ValueError(f"must be written {wanted}")
        found[name] = weight
    return found


class Portfolio(Group):
    """How one account is divided among the symbols of a universe."""

    allocation: Literal["equal", "volatility", "rank", "user"] = setting(
        "equal",
        "weight of a symbol: equal parts; parts by forecast volatility, each aiming at "
        "backtest.target_volatility; rank: the highest forecasts long, the lowest short; user: by weights",
    )
    weights: tuple[str, ...] = setting(
        (), "with allocation = user: SYMBOL:WEIGHT, such as BTC/USDT:0.6, ETH/USDT:0.4; others get none"
    )
    top: Whole = setting(
        2, "with allocation = rank: symbols with the highest forecasts, held long", "symbols", ge=0, le=1000
    )
    bottom: Whole = setting(
        2, "with allocation = rank: symbols with the lowest forecasts, sold short", "symbols", ge=0, le=1000
    )
    every: Whole = setting(
        0,
        "bars between the times at which positions are opened, turned or resized; 0 = each bar, with "
        "allocation = rank label.horizon",
        "bars",
        ge=0,
        le=10_000,
    )
    symbol_cap: Number = setting(
        0.0, "most of equity in one symbol; 0 = no limit", "times equity", ge=0, le=LARGEST_WEIGHT
    )
    gross_cap: Number = setting(
        1.0,
        "most of equity in all positions; 0 = no limit",
        "times equity",
        ge=0,
        le=LARGEST_WEIGHT,
    )
    net_cap: Number = setting(
        0.0, "most that longs and shorts may differ by; 0 = no limit", "times equity", ge=0, le=LARGEST_WEIGHT
    )
    turnover_limit: Number = setting(
        0.0,
        "most that weights change by in one bar, in sum; what closes goes first; 0 = no limit",
        "times equity",
        ge=0,
        le=2 * LARGEST_WEIGHT,
    )

    @field_validator("weights")
    @classmethod
    def _weights(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        weights_of(value)
        return value

    @model_validator(mode="after")
    def _of_whom(self) -> Self:
        if self.allocation == "user" and not self.weights:
            raise Contradiction("portfolio.weights", "allocation = user asks for them, and none is given")
        if self.allocation == "rank" and not self.top + self.bottom:
            raise Contradiction("portfolio.top", "0 long and 0 short hold nothing")
        return self
