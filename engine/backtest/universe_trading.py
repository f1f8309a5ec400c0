"""How the decisions on several symbols trade from one account, by the settings' rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import allocation
from engine.backtest.portfolio import Grid, Portfolio, calendar_of, simulate_portfolio
from engine.backtest.simulate import buy_and_hold
from engine.backtest.trading import rules_of, weight_of
from engine.errors import ChangeSettingsError
from engine.settings import weights_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.rules import Rules
    from engine.backtest.simulate import Simulation
    from engine.backtest.trading import Decisions
    from engine.settings import Settings

    Members = Mapping[str, NDArray[np.bool_]]


def trade_universe(
    decisions: Mapping[str, Decisions], settings: Settings, member: Members | None = None
) -> tuple[Portfolio, Portfolio]:
    """The strategy's account and, over the same bars at the same costs, that of equal-weight buy and hold.

    member: whether the universe has each symbol at each of its bars, (B_s,); where it has not, the symbol is
    closed and nothing is opened. Raises ChangeSettingsError.
    """
    markets = {name: made.bars for name, made in decisions.items()}
    rules = rules_of_universe(markets, settings)
    return account_of(decisions, settings, member), hold_equally(markets, rules)


def account_of(
    decisions: Mapping[str, Decisions], settings: Settings, member: Members | None = None
) -> Portfolio:
    """The strategy's account alone."""
    markets = {name: made.bars for name, made in decisions.items()}
    weights = weights_in(decisions, settings, member)
    return simulate_portfolio(markets, weights, rules_of_universe(markets, settings))


def rules_of_universe(markets: Mapping[str, Bars], settings: Settings) -> Rules:
    """The rules of the account. By rank it is the ranking that closes a position, not the horizon.

    What volatility does to the size is in the weights by `volatility`, and not done twice.
    """
    rules = rules_of(settings, calendar_of(markets))
    match settings.portfolio.allocation:
        case "rank":
            return replace(rules, exit_after=0)
        case "volatility":
            return replace(rules, sizing="fraction")
    return rules


def weights_in(
    decisions: Mapping[str, Decisions], settings: Settings, member: Members | None = None
) -> dict[str, Floats]:
    """The target weights of the account, (B_s,) of each symbol, as the settings divide it.

    Raises ChangeSettingsError for weights of the user's that name a symbol that is not there, or none.
    """
    markets = {name: made.bars for name, made in decisions.items()}
    rules, chosen = rules_of_universe(markets, settings), settings.portfolio
    by_rank = chosen.allocation == "rank"
    limits = allocation.Limits.of(
        chosen,
        exit_after=rules.exit_after,
        resized=rules.rebalance_band > 0,
        every=settings.label.horizon if by_rank else 1,
    )
    if by_rank:
        bottom = chosen.bottom if settings.backtest.short else 0
        forecasts = {name: made.forecast for name, made in decisions.items()}
        wanted = allocation.ranked(markets, forecasts, chosen.top, bottom, limits.every, member)
        return allocation.allocate(markets, wanted, limits, member=member, divided=False)
    wanted = {name: weight_of(made, settings) for name, made in decisions.items()}
    part = None
    if chosen.allocation == "volatility":
        target, most = settings.backtest.target_volatility, settings.backtest.max_leverage
        part = {name: allocation.by_volatility(bars, target, most) for name, bars in markets.items()}
    if chosen.allocation == "user":
        stated = stated_weights(markets, settings)
        part = {name: np.full(len(bars), stated.get(name, 0.0)) for name, bars in markets.items()}
    return allocation.allocate(
        markets, wanted, limits, part, member, divided=chosen.allocation in ("equal", "volatility")
    )


def stated_weights(markets: Mapping[str, Bars], settings: Settings) -> dict[str, float]:
    """The weights that the settings give by name. Raises ChangeSettingsError."""
    stated = weights_of(settings.portfolio.weights)
    unknown = sorted(set(stated) - set(markets))
    if unknown:
        reason = f"names {', '.join(unknown)}; the universe has {', '.join(markets)}"
        raise ChangeSettingsError("portfolio.weights", reason, "Name its symbols")
    if not any(stated.values()):
        raise ChangeSettingsError("portfolio.weights", "gives no symbol a weight", "Give one at least")
    return stated


def hold_equally(markets: Mapping[str, Bars], rules: Rules) -> Portfolio:
    """Equal-weight buy and hold: each of S symbols has an S-th of the money as an account of its own.

    It buys the symbol in its first bar and holds it to its last; before and afterwards it is money.
    """
    grid, names = Grid.of(markets), tuple(markets)
    share = replace(rules, initial_capital=rules.initial_capital / len(names))
    held = {name: buy_and_hold(bars, share) for name, bars in markets.items()}
    cash, close, position, value = (
        np.column_stack([last_known(grid, s, getattr(each, name)) for s, each in enumerate(held.values())])
        for name in ("cash", "close", "position", "equity")
    )  # (T, S) each
    before = np.isnan(value)  # (T, S) its first bar
    cash[before] = value[before] = share.initial_capital
    money, equity = cash.sum(axis=1), value.sum(axis=1)  # (T,) each
    trades = np.concatenate([in_grid_rows(each, grid) for each in held.values()])
    symbol = np.repeat(np.arange(len(names)), [len(each.trades) for each in held.values()])
    order = np.argsort(trades["exit_bar"], kind="stable")
    trades, symbol = trades[order], symbol[order]
    trades["trade"], trades["equity_after"] = np.arange(1, len(trades) + 1), equity[trades["exit_bar"]]
    counts = {
        name: np.array([getattr(each, name) for each in held.values()])
        for name in ("capped", "dropped", "unsized", "too_small")
    }
    return Portfolio(
        time=grid.time,
        equity=equity,
        trades=trades,
        initial_capital=rules.initial_capital,
        calendar=calendar_of(markets),
        ruined=bool(equity[-1] <= 0),
        symbols=names,
        symbol=symbol,
        cash=money,
        close=close,
        position=np.nan_to_num(position),
        gain=value - share.initial_capital,
        **counts,
    )


def last_known(grid: Grid, s: int, values: Floats) -> Floats:
    """Values of a symbol's bars, (T_s,), at all times, (T,): the last known one, NaN before the first."""
    number = np.cumsum(grid.rows[:, s] >= 0) - 1  # (T,) which of its bars was the last
    return np.where(number >= 0, values[number], np.nan)


def in_grid_rows(of_symbol: Simulation, grid: Grid) -> NDArray[np.void]:
    """A symbol's trades with their bars as rows of the grid's times."""
    trades = of_symbol.trades.copy()
    for name in ("entry_bar", "exit_bar"):
        trades[name] = np.searchsorted(grid.time, of_symbol.time[trades[name]])
    return trades
