"""Every metric once: what it is called, its unit, how it is written, where it stands, what computes it.

Code that computes, prints, draws, compares or documents metrics goes through METRICS. One more metric is one
more row of ROWS; one from outside is added anywhere before a backtest runs:

    add(Metric("mean_bars", "mean holding time", "bars", "amount", "", "my_metrics:mean_bars", "Σ bars / N"))

This page is light: the app reads it, so what computes a metric is named and imported when it is needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Format = Literal["amount", "percent", "count"]  # percent: a share, written times 100
Better = Literal["higher", "lower", ""]
Place = Literal["headline", "seeds", "compare", "screen"]


FEWEST_DAYS = 30  # below, no annual figure is defined


@dataclass(frozen=True)
class Metric:
    """One figure of an account.

    key         its name in result.json and on the command line
    label, unit what a person reads; the unit of a percent begins with %
    format      how it is written
    better      `higher` or `lower`, empty where neither is better
    compute     module:function that takes an engine.statistics.account.AccountHistory and returns a float,
                NaN where the metric is not defined
    formula     as docs/definitions.md gives it
    places      the short lists that it stands in, besides every full one
    full        whether it stands in full tables; costs have a line of their own
    short       its label where there is little room, if that is another
    basis       what it is counted in or over, where a page has room to say so
    """

    key: str
    label: str
    unit: str
    format: Format
    better: Better
    compute: str
    formula: str
    places: tuple[Place, ...] = ()
    full: bool = True
    short: str = ""
    basis: str = ""

    @property
    def function(self) -> Callable[..., float]:
        """What computes it. Imports its module."""
        module, _, name = self.compute.partition(":")
        found: Callable[..., float] = getattr(import_module(module), name)
        return found

    def of(self, figures: Mapping[str, float]) -> float:
        """Its value among a result's figures; NaN in a result of before it was there."""
        return figures.get(self.key, math.nan)


METRICS: dict[str, Metric] = {}


def add(metric: Metric) -> None:
    """Register a metric; one of the same key is replaced."""
    METRICS[metric.key] = metric


def placed(place: Place) -> list[Metric]:
    """The metrics of a short list, in their order."""
    return [metric for metric in METRICS.values() if place in metric.places]


def tabled() -> list[Metric]:
    """The metrics of a full table, in their order."""
    return [metric for metric in METRICS.values() if metric.full]


ALL: tuple[Place, ...] = ("headline", "seeds", "compare", "screen")
FULL, COST = True, False
COMPUTED_IN = "engine.statistics.metrics"  # each by a function of the metric's name
SHORT = {"total_return": "return", "max_drawdown": "drawdown", "longest_under_water": "under water"}
MONEY = ("final_value", "fees", "slippage", "funding", "borrow")
BASIS = dict.fromkeys(MONEY, "quote currency") | {
    "sharpe": "daily", "sharpe_bar": "per bar, scaled to a year"
}  # fmt: skip
# What is looked at first stands first.
ROWS: tuple[tuple[str, str, str, Format, Better, str, tuple[Place, ...], bool], ...] = (
    ("final_value", "final value", "", "amount", "higher", "E_end", ("seeds", "screen"), FULL),
    ("total_return", "total return", "%", "percent", "higher", "E_end / E_start − 1", ALL, FULL),
    ("cagr", "CAGR", "% a year", "percent", "higher",
     "(E_end / E_start)^(D / days) − 1", ("compare",), FULL),
    ("sharpe", "Sharpe", "", "amount", "higher", "mean(r) / std(r) · √D", ALL, FULL),
    ("probabilistic_sharpe", "P(Sharpe > 0)", "%", "percent", "higher",
     "Bailey and López de Prado 2012", ("compare", "screen"), FULL),
    ("max_drawdown", "max drawdown", "%", "percent", "lower", "max(1 − E / running max E)", ALL, FULL),
    ("trades", "trades", "", "count", "", "closed trades", ALL, FULL),
    ("win_rate", "win rate", "% of trades", "percent", "higher",
     "trades with PnL > 0 / trades", ("seeds", "compare"), FULL),
    ("profit_factor", "profit factor", "", "amount", "higher",
     "Σ winning PnL / |Σ losing PnL|", ("seeds", "compare"), FULL),
    ("exposure", "exposure", "% of bars", "percent", "", "bars with a position / bars", ("compare",), FULL),
    ("volatility", "volatility", "% a year", "percent", "", "std(r) · √D", ("compare",), FULL),
    ("sortino", "Sortino", "", "amount", "higher", "mean(r) / √mean(min(r, 0)²) · √D", ("compare",), FULL),
    ("calmar", "Calmar", "", "amount", "higher", "CAGR / max drawdown", ("compare",), FULL),
    ("longest_under_water", "longest under water", "days", "amount", "lower",
     "longest time below a peak", (), FULL),
    ("sharpe_bar", "Sharpe (bar)", "", "amount", "higher",
     "the same on bar returns with √(bars per year)", (), FULL),
    ("ulcer_index", "ulcer index", "%", "percent", "lower", "√mean(drawdown²)", (), FULL),
    ("cvar", "CVaR 5 %", "% a day", "percent", "higher", "mean of the worst 5 % of r", (), FULL),
    ("skew", "skew", "", "amount", "", "m₃ / m₂^(3/2)", (), FULL),
    ("kurtosis", "kurtosis", "", "amount", "", "m₄ / m₂²", (), FULL),
    ("turnover", "turnover", "times equity a year", "amount", "",
     "Σ traded notional / mean equity, per year", (), FULL),
    ("expectancy", "expectancy", "% a trade", "percent", "higher", "mean return of a trade", (), FULL),
    ("payoff_ratio", "payoff ratio", "", "amount", "higher",
     "mean winning return / |mean losing return|", (), FULL),
    ("sqn", "SQN", "", "amount", "higher", "√N · mean(PnL) / std(PnL)", (), FULL),
    ("fees", "fees", "", "amount", "lower", "Σ fees", (), COST),
    ("slippage", "slippage", "", "amount", "lower", "Σ slippage", (), COST),
    ("funding", "funding", "", "amount", "lower", "Σ funding paid", (), COST),
    ("borrow", "borrow", "", "amount", "lower", "Σ borrow paid", (), COST),
)  # fmt: skip
for key, label, unit, kind, better, formula, places, full in ROWS:
    compute, short, basis = f"{COMPUTED_IN}:{key}", SHORT.get(key, ""), BASIS.get(key, "")
    add(Metric(key, label, unit, kind, better, compute, formula, places, full, short, basis))
