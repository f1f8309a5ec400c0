"""All figures of a account under their names; undefined ones are NaN, never 0 or infinite.

`metrics(account)` gives the strategy's; the same function of `buy_and_hold(bars, rules)` gives the
figures to lay beside them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.statistics import returns as of_returns
from engine.statistics.account import DAY_MS
from engine.statistics.drawdown import curve, drawdown, ulcer_index
from engine.statistics.returns import DAYS_PER_YEAR, Floats, deviation, ratio

if TYPE_CHECKING:
    from engine.statistics.account import AccountHistory

Trades = NDArray[np.void]


def metrics(account: AccountHistory) -> dict[str, float]:
    """Every figure of the definitions' table for one account, in snake case.

    Shares and returns are fractions (0.1 = 10 %), money is quote currency, longest_under_water is days,
    turnover is per year.
    """
    daily, bar = daily_returns(account), changes(curve(account))
    trades, worst = account.trades, drawdown(account)
    growth = cagr(account)
    return {
        "final_value": float(account.equity[-1]),
        "total_return": total_return(account),
        "cagr": growth,
        "volatility": of_returns.volatility(daily),
        "sharpe": of_returns.sharpe(daily),
        "sharpe_bar": of_returns.sharpe(bar, account.bars_per_year),
        "probabilistic_sharpe": of_returns.probabilistic_sharpe(daily),
        "sortino": of_returns.sortino(daily),
        "max_drawdown": worst.depth,
        "longest_under_water": worst.longest_under_water,
        "calmar": ratio(growth, worst.depth),
        "ulcer_index": ulcer_index(account),
        "cvar": of_returns.cvar(daily),
        "skew": of_returns.skew(daily),
        "kurtosis": of_returns.kurtosis(daily),
        "exposure": exposure(account),
        "turnover": turnover(account),
        "trades": float(len(trades)),
        "win_rate": win_rate(trades),
        "profit_factor": profit_factor(trades),
        "expectancy": expectancy(trades),
        "payoff_ratio": payoff_ratio(trades),
        "sqn": sqn(trades),
        **{cost: float(trades[cost].sum()) for cost in ("fees", "slippage", "funding", "borrow")},
    }


def changes(values: Floats) -> Floats:
    """Returns (N-1,) of values (N,); 0 where no money was left to earn on."""
    before = values[:-1]
    return np.divide(np.diff(values), before, out=np.zeros(len(before)), where=before > 0)


def daily_returns(account: AccountHistory) -> Floats:
    """Returns of the equity at the end of each UTC day, the first against the initial capital: (days,).

    A bar belongs to the day that it opens in. A day without bars between others has return 0.
    """
    day = account.time.astype(np.int64) // DAY_MS
    ends = np.append(np.flatnonzero(np.diff(day)), len(day) - 1)  # the last bar of each day
    lasting = np.append(np.diff(day[ends]), 1)  # days until the next one that has bars
    return changes(np.concatenate([[account.initial_capital], np.repeat(account.equity[ends], lasting)]))


def days(account: AccountHistory) -> float:
    """Time from the first bar's open to the last bar's close, in days."""
    span = int(account.time[-1].astype(np.int64) - account.time[0].astype(np.int64))
    return (span + account.step_ms) / DAY_MS


def total_return(account: AccountHistory) -> float:
    """E_end / E_start - 1."""
    return float(account.equity[-1]) / account.initial_capital - 1.0


def cagr(account: AccountHistory) -> float:
    """(E_end / E_start)^(365 / days) - 1; NaN after a loss of more than everything."""
    growth = float(account.equity[-1]) / account.initial_capital
    try:
        value = growth ** (DAYS_PER_YEAR / days(account)) - 1.0 if growth >= 0 else math.nan
    except OverflowError:  # a few bars stretched to a year
        return math.nan
    return value


def exposure(account: AccountHistory) -> float:
    """Share of bars in which a position was held."""
    return float(account.trades["bars"].sum()) / len(account.equity)


def turnover(account: AccountHistory) -> float:
    """Σ traded notional / mean equity, per year."""
    trades = account.trades
    traded = float((trades["quantity"] * (trades["entry_price"] + trades["exit_price"])).sum())
    return ratio(traded, float(account.equity.mean())) / (days(account) / DAYS_PER_YEAR)


def win_rate(trades: Trades) -> float:
    """Trades with PnL > 0 / all trades."""
    return ratio(float((trades["pnl"] > 0).sum()), float(len(trades)))


def profit_factor(trades: Trades) -> float:
    """Σ winning PnL / |Σ losing PnL|; NaN without a loss."""
    pnl = trades["pnl"]
    return ratio(float(pnl[pnl > 0].sum()), -float(pnl[pnl < 0].sum()))


def expectancy(trades: Trades) -> float:
    """Mean return of a trade."""
    return float(trades["return"].mean()) if len(trades) else math.nan


def payoff_ratio(trades: Trades) -> float:
    """Mean return of the winning trades / |mean return of the losing ones|; NaN without both."""
    won, lost = trades["return"][trades["pnl"] > 0], trades["return"][trades["pnl"] < 0]
    return ratio(float(won.mean()), -float(lost.mean())) if len(won) and len(lost) else math.nan


def sqn(trades: Trades) -> float:
    """System quality number √N · mean(PnL) / std(PnL) (Tharp 2008)."""
    if len(trades) < 2:
        return math.nan
    return math.sqrt(len(trades)) * ratio(float(trades["pnl"].mean()), deviation(trades["pnl"]))
