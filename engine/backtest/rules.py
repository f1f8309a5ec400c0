"""The rules of a simulation: costs, fills, sizing, stops and liquidity, as fractions and words."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Literal, Self, get_args

import numpy as np

from engine.errors import ChangeSettingsError
from engine.settings import brackets_of

if TYPE_CHECKING:
    from engine.backtest.bars import Floats
    from engine.market.calendar import Calendar
    from engine.settings import Backtest

BASIS_POINT = 1e-4

Fill = Literal["next-open", "same-close", "worst-of-bar"]
Sizing = Literal["fraction", "volatility"]
StopUnit = Literal["return", "volatility"]
Unfilled = Literal["wait", "drop"]


CHOICES = {"fill": get_args(Fill), "sizing": get_args(Sizing), "stop_unit": get_args(StopUnit),
           "unfilled": get_args(Unfilled)}  # fmt: skip
POSITIVE = ("initial_capital", "bars_per_year", "fraction", "target_volatility", "max_leverage")
NOT_NEGATIVE = (
    "fee", "slippage", "borrow_rate", "stop_loss", "take_profit", "trailing_stop", "max_volume_share",
    "rebalance_band", "maker_discount", "slippage_volatility", "slippage_impact", "minimum_notional",
    "quantity_step", "exit_after", "maintenance_long", "maintenance_short",
)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """Everything besides bars and targets that a simulation depends on; `fee=0` has to be asked for.

    fee, slippage, max_volume_share, rebalance_band are shares (0.001 = 10 bps); maker_discount is a share of
    the fee; slippage_volatility and slippage_impact are multiples of one bar's volatility, the latter times
    √(quantity / volume); minimum_notional is quote currency, quantity_step units traded; borrow_rate and
    target_volatility are per year; the three stop distances are returns, or standard deviations of
    one bar's return where stop_unit is `volatility`; exit_after is bars from the entry; 0 means none.
    maintenance_long and maintenance_short are shares of the notional; margin_brackets, (notional from which,
    share) rising from 0, stand in the place of both.
    Raises ChangeSettingsError.
    """

    initial_capital: float
    fee: float
    slippage: float
    bars_per_year: float
    borrow_rate: float = 0.0
    fill: Fill = "next-open"
    sizing: Sizing = "fraction"
    fraction: float = 1.0
    target_volatility: float = 0.4
    max_leverage: float = 1.0
    stop_loss: float = 0.0
    take_profit: float = 0.0
    trailing_stop: float = 0.0
    stop_unit: StopUnit = "return"
    max_volume_share: float = 0.0
    unfilled: Unfilled = "wait"
    rebalance_band: float = 0.0
    maker_discount: float = 0.0
    slippage_volatility: float = 0.0
    slippage_impact: float = 0.0
    minimum_notional: float = 0.0
    quantity_step: float = 0.0
    exit_after: int = 0
    maintenance_long: float = 0.0
    maintenance_short: float = 0.0
    margin_brackets: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ChangeSettingsError(
                    f"backtest.{name}",
                    f"{getattr(self, name)} is no choice",
                    f"Choose of {', '.join(choices)}",
                )
        for name in POSITIVE:
            if not 0 < getattr(self, name) < math.inf:
                raise ChangeSettingsError(
                    f"backtest.{name}", f"{getattr(self, name)} is not a number above 0"
                )
        for name in NOT_NEGATIVE:
            if not 0 <= getattr(self, name) < math.inf:
                raise ChangeSettingsError(
                    f"backtest.{name}", f"{getattr(self, name)} is not a number of 0 or more"
                )
        if max(self.maintenance_long, self.maintenance_short) >= 1:
            raise ChangeSettingsError(
                "backtest.maintenance_margin", "no position could be held", "Set it below 1"
            )
        if self.slippage >= 1:
            raise ChangeSettingsError("backtest.slippage", "a sale would bring no money", "Set it below 1")

    @classmethod
    def of(cls, settings: Backtest, calendar: Calendar, **others: float) -> Self:
        """The rules that the settings state, for the bars of a market; others: rules that stand elsewhere."""
        same = {name: getattr(settings, name) for name in in_both(type(settings))}
        amounts = {
            "fee": settings.fee_bps * BASIS_POINT,
            "slippage": settings.slippage_bps * BASIS_POINT,
            "bars_per_year": calendar.bars_per_year,
            "margin_brackets": brackets_of(settings.margin_brackets),
        }
        return cls(**{**same, **amounts, **others})

    def tiers(self) -> Floats:
        """Margin brackets for longs and for shorts, (2, K, 2): rate and amount.

        Margin is rate · notional - amount. The amount makes it continuous: it is what the bracket's rate asks
        too much of the notional below the bracket.
        """
        if not self.margin_brackets:
            return np.array([[[self.maintenance_long, 0.0]], [[self.maintenance_short, 0.0]]])
        notional, rate = np.array(self.margin_brackets, np.float64).T  # (K,) each
        amount = np.cumsum(notional * np.diff(rate, prepend=0.0))  # (K,)
        return np.stack([np.column_stack([rate, amount])] * 2)

    def without_costs(self) -> Self:
        """The same decisions and fills, for nothing: to compare rules that trade more or less often."""
        return replace(
            self,
            fee=0.0,
            slippage=0.0,
            slippage_volatility=0.0,
            slippage_impact=0.0,
            borrow_rate=0.0,
        )

    def without_decisions(self) -> Self:
        """The same costs and fills, fully invested: what buy and hold is simulated with."""
        return replace(
            self,
            sizing="fraction",
            fraction=1.0,
            stop_loss=0.0,
            take_profit=0.0,
            trailing_stop=0.0,
            max_volume_share=0.0,
            rebalance_band=0.0,
            exit_after=0,
        )


@cache
def in_both(settings: type[Backtest]) -> tuple[str, ...]:
    """The rules that settings have under the same name and in the same unit."""
    return tuple(sorted({field.name for field in fields(Rules)} & set(settings.model_fields)))
