"""Decisions of several symbols, and how one account trades them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import signals, thresholds
from engine.backtest import trading as alone
from engine.backtest.portfolio import Portfolio, simulate_portfolio
from engine.backtest.universe_trading import account_of, rules_of_universe, trade_universe, weights_in
from engine.statistics.metrics import daily_returns
from engine.statistics.returns import sharpe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars
    from engine.backtest.rules import Rules
    from engine.backtest.thresholds import Choice
    from engine.backtest.trading import Decisions
    from engine.settings import Settings
    from engine.statistics.conformal import Band
    from engine.universe.pool import Pool

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Decided:
    """What was decided for each symbol that has bars to trade. members: (B_s,) which of its bars count."""

    decisions: Mapping[str, Decisions]
    members: Mapping[str, Mask]

    @property
    def bars(self) -> dict[str, Bars]:
        """The bars of each symbol, (B_s,)."""
        return {name: made.bars for name, made in self.decisions.items()}


def decide(
    pool: Pool,
    positions: Rows,
    forecast: Floats,
    settings: Settings,
    signal: NDArray[np.int8] | None = None,
    band: Band | None = None,
) -> Decided:
    """Decisions for the samples at positions (M,) with forecasts (M,), symbol by symbol.

    signal: (M,) where it is not what the settings make of the forecasts. Raises as trading.decide.
    """
    symbol, target = pool.symbol[positions], pool.windows.target[positions]  # (M,) each
    made: dict[str, Decisions] = {}
    counts: dict[str, Mask] = {}
    for s in np.unique(symbol).tolist():
        name, rows, own = pool.symbols[s], pool.rows(s), symbol == s
        market, place = pool.market_of(s), target[own] - rows.start  # (M_s,) rows of the symbol
        made[name] = alone.decide(
            market, place, forecast[own], pool.forward_return[rows], settings,
            signal=None if signal is None else signal[own],
            band=band and replace(band, low=band.low[own], high=band.high[own]),
        )  # fmt: skip
        bar = np.cumsum(market.observed) - 1  # (T_s,)
        first = int(bar[place[0]])
        counts[name] = pool.members[s][market.observed][first : first + len(made[name].bars)]
    return Decided(made, counts)


def trade(decided: Decided, settings: Settings) -> tuple[Portfolio, Portfolio]:
    """The account, and one that buys all symbols in equal parts at their first bars and holds them."""
    account, benchmark = trade_universe(decided.decisions, settings, decided.members)
    record_forecasts(account, decided)
    return account, benchmark


def traded(decided: Decided, settings: Settings) -> Portfolio:
    """The account alone."""
    account = account_of(decided.decisions, settings, decided.members)
    record_forecasts(account, decided)
    return account


def record_forecasts(account: Portfolio, decided: Decided) -> None:
    """Write into each trade the return that was forecast for its symbol's entry bar."""
    for s, name in enumerate(account.symbols):
        made, own = decided.decisions[name], account.symbol == s
        bar = np.searchsorted(made.bars.time, account.time[account.trades["entry_bar"][own]])
        account.trades["prediction"][own] = made.forecast[bar]


def with_smallest_order(settings: Settings, smallest: float) -> Settings:
    """The settings with the largest of the symbols' minimum orders, if they ask for the exchange's."""
    if settings.backtest.limits_from != "exchange" or not smallest:
        return settings
    backtest = settings.backtest.model_copy(update={"minimum_notional": smallest})
    return settings.model_copy(update={"backtest": backtest})


def entry_threshold(pool: Pool, positions: Rows, forecast: Floats, settings: Settings) -> Choice:
    """The entry threshold of all symbols: as the settings state it, or chosen on validation, see Signal.

    positions: (N,) validation's samples. forecast: (N,) returns forecast for them. What is judged is the
    account over all of them.
    """
    if not chosen_on_validation(settings):
        return alone.stated_threshold(settings)
    undecided = np.zeros(len(positions), np.int8)  # (N,)
    return threshold_on(decide(pool, positions, forecast, settings, undecided), settings)


def chosen_on_validation(settings: Settings) -> bool:
    """Whether the entry threshold is; a ranking of forecasts knows none."""
    return settings.signal.tuned and settings.portfolio.allocation != "rank"


def threshold_on(decided: Decided, settings: Settings) -> Choice:
    """The same, from the bars and forecasts of validation."""
    if not chosen_on_validation(settings):
        return alone.stated_threshold(settings)
    rules = rules_of_universe(decided.bars, settings)
    forecasts = [each.forecast for each in decided.decisions.values()]  # (B_s,) each
    levels = thresholds.candidates(np.concatenate(forecasts))

    def at(level: float, by: Rules) -> Portfolio:
        made = {
            name: replace(each, signal=signals.threshold(each.forecast, level))
            for name, each in decided.decisions.items()
        }
        return simulate_portfolio(decided.bars, weights_in(made, settings, decided.members), by)

    accounts = [at(level, rules) for level in levels.tolist()]
    return thresholds.choose(
        levels,
        np.array([len(each.trades) for each in accounts]),
        np.array([sharpe(daily_returns(each), 1) for each in accounts]),
        lambda level: at(level, rules.without_costs()).trades["return"],
        None if settings.signal.threshold_from == "auto" else settings.signal.entry_threshold,
    )
