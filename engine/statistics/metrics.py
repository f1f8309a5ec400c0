"""Metrics of an account, one function each, named by its key in results.metrics.METRICS.

NaN where a metric is not defined, never 0 or infinite. `metrics(account)` gives them all: shares and
returns are fractions (0.1 = 10 %), money is quote currency.
"""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING

import numpy as np

from engine.results.metrics import FEWEST_DAYS, METRICS
from engine.statistics import drawdown as of_drawdown
from engine.statistics import returns as of_returns
from engine.statistics.account import DAY_MS, day_ends, shared
from engine.statistics.drawdown import moments_ms
from engine.statistics.returns import Floats, deviation, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.statistics.account import AccountHistory


def metrics(account: AccountHistory) -> dict[str, float]:
    """Every metric of the table for one account, by key."""
    return {key: float(metric.function(account)) for key, metric in METRICS.items()}


def changes(values: Floats) -> Floats:
    """Returns (N-1,) of values (N,); 0 where no money was left to earn on."""
    before = values[:-1]
    return np.divide(np.diff(values), before, out=np.zeros(len(before)), where=before > 0)


@shared
def daily_returns(account: AccountHistory) -> Floats:
    """Returns of the equity at the end of each day, the first against the initial capital: (days,).

    A bar belongs to the day that it opens in, UTC, or to its session's. A day without bars between others has
    return 0 if the market trades every day, else it is none.
    """
    ends = day_ends(account.time, account.calendar)
    return changes(np.concatenate([[account.initial_capital], account.equity[ends]]))


def days(account: AccountHistory) -> float:
    """Time from the first bar's open to the last bar's close, in days; sessions where a market has them."""
    if not account.calendar.every_day:
        return float(len(daily_returns(account)))
    moments = moments_ms(account)
    return int(moments[-1] - moments[0]) / DAY_MS


def total_return(account: AccountHistory) -> float:
    """E_end / E_start - 1."""
    return float(account.equity[-1]) / account.initial_capital - 1.0


def annualised(function: Callable[[AccountHistory], float]) -> Callable[[AccountHistory], float]:
    """A figure that is stated per year: NaN below 30 daily returns, which say nothing of a year."""

    @wraps(function)
    def stated(account: AccountHistory) -> float:
        return function(account) if len(daily_returns(account)) >= FEWEST_DAYS else math.nan

    return stated


@annualised
def cagr(account: AccountHistory) -> float:
    """(E_end / E_start)^(D / days) - 1, D days a year; NaN after a loss of more than everything."""
    growth = float(account.equity[-1]) / account.initial_capital
    try:
        value = growth ** (account.calendar.days_per_year / days(account)) - 1.0 if growth >= 0 else math.nan
    except OverflowError:  # a few bars stretched to a year
        return math.nan
    return value


def exposure(account: AccountHistory) -> float:
    """Share of bars in which a position was held."""
    return account.bars_held / len(account.equity)


@annualised
def turnover(account: AccountHistory) -> float:
    """Σ traded notional / mean equity, per year."""
    trades = account.trades
    traded = float((trades["quantity"] * (trades["entry_price"] + trades["exit_price"])).sum())
    return ratio(traded, float(account.equity.mean())) / (days(account) / account.calendar.days_per_year)


def final_value(account: AccountHistory) -> float:
    """Equity at the last bar's close."""
    return float(account.equity[-1])


@annualised
def volatility(account: AccountHistory) -> float:
    """Of daily returns, annual."""
    return of_returns.volatility(daily_returns(account), account.calendar.days_per_year)


@annualised
def sharpe(account: AccountHistory) -> float:
    """Of daily returns, annual."""
    return of_returns.sharpe(daily_returns(account), account.calendar.days_per_year)


def probabilistic_sharpe(account: AccountHistory) -> float:
    """Probability of a Sharpe ratio above 0 (Bailey and López de Prado 2012)."""
    return of_returns.probabilistic_sharpe(daily_returns(account))


@annualised
def sortino(account: AccountHistory) -> float:
    """Of daily returns, annual."""
    return of_returns.sortino(daily_returns(account), account.calendar.days_per_year)


def cvar(account: AccountHistory) -> float:
    """Mean of the worst 5 % of daily returns."""
    return of_returns.cvar(daily_returns(account))


def skew(account: AccountHistory) -> float:
    """Of daily returns."""
    return of_returns.skew(daily_returns(account))


def kurtosis(account: AccountHistory) -> float:
    """Of daily returns."""
    return of_returns.kurtosis(daily_returns(account))


@annualised
def sharpe_bar(account: AccountHistory) -> float:
    """Sharpe ratio of bar returns, annual."""
    return of_returns.sharpe(changes(of_drawdown.curve(account)), account.calendar.bars_per_year)


def max_drawdown(account: AccountHistory) -> float:
    """Depth of the deepest drawdown on bar equity."""
    return of_drawdown.drawdown(account).depth


def longest_under_water(account: AccountHistory) -> float:
    """Longest time below a peak, in days."""
    return of_drawdown.drawdown(account).longest_under_water


@annualised
def calmar(account: AccountHistory) -> float:
    """CAGR / max drawdown."""
    return ratio(cagr(account), max_drawdown(account))


def ulcer_index(account: AccountHistory) -> float:
    """√mean(drawdown²) on bar equity."""
    return of_drawdown.ulcer_index(account)


def trades(account: AccountHistory) -> float:
    """How many were closed."""
    return float(len(account.trades))


def fees(account: AccountHistory) -> float:
    """Paid in all trades."""
    return float(account.trades["fees"].sum())


def slippage(account: AccountHistory) -> float:
    """Paid in all trades."""
    return float(account.trades["slippage"].sum())


def funding(account: AccountHistory) -> float:
    """Paid in all trades."""
    return float(account.trades["funding"].sum())


def borrow(account: AccountHistory) -> float:
    """Paid in all trades."""
    return float(account.trades["borrow"].sum())


def win_rate(account: AccountHistory) -> float:
    """Trades with PnL > 0 / all trades."""
    pnl = account.trades["pnl"]
    return ratio(float((pnl > 0).sum()), float(len(pnl)))


def profit_factor(account: AccountHistory) -> float:
    """Σ winning PnL / |Σ losing PnL|; NaN without a loss."""
    pnl = account.trades["pnl"]
    return ratio(float(pnl[pnl > 0].sum()), -float(pnl[pnl < 0].sum()))


def expectancy(account: AccountHistory) -> float:
    """Mean return of a trade."""
    return float(account.trades["return"].mean()) if len(account.trades) else math.nan


def payoff_ratio(account: AccountHistory) -> float:
    """Mean return of the winning trades / |mean return of the losing ones|; NaN without both."""
    gained, pnl = account.trades["return"], account.trades["pnl"]
    won, lost = gained[pnl > 0], gained[pnl < 0]
    return ratio(float(won.mean()), -float(lost.mean())) if len(won) and len(lost) else math.nan


def sqn(account: AccountHistory) -> float:
    """System quality number √N · mean(PnL) / std(PnL) (Tharp 2008)."""
    pnl = account.trades["pnl"]
    return math.sqrt(len(pnl)) * ratio(float(pnl.mean()), deviation(pnl)) if len(pnl) > 1 else math.nan
