"""What an account over several symbols came to, by symbol and together, beside rules that know nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import allocation
from engine.backtest.portfolio import Grid, simulate_portfolio
from engine.backtest.universe_trading import hold_equally, rules_of_universe, weights_in
from engine.market.times import iso
from engine.results.portfolio import (
    EQUAL_HOLD,
    FEWEST_SYMBOLS,
    MOMENTUM,
    REBALANCED,
    CrossSectionalIC,
    ExposureHistory,
    PortfolioBaseline,
    PortfolioParts,
    SymbolParts,
)
from engine.results.stress import AtCapital, Capacity
from engine.robustness.capacity import CAPITALS, IMPACT, SHOWN, half_of
from engine.robustness.portfolio_permutation import permutation_tests
from engine.statistics import cross_section, metrics
from engine.statistics.account import DAY_MS, day_ends
from engine.statistics.forecast import forecast_quality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.portfolio import Portfolio
    from engine.backtest.rules import Rules
    from engine.backtest.trading import Decisions
    from engine.backtest.universe_trading import Members
    from engine.settings import Settings

POINTS = 400  # of a chart of exposure
BAND = 0.01  # of equity: 1/N is kept within it
LOOKBACK_DAYS, EVERY_DAYS, PART = 21, 7, 5  # momentum: of three weeks, each week, the best and worst fifth


def parts_of(
    decisions: Mapping[str, Decisions], strategy: Portfolio, settings: Settings, member: Members | None = None
) -> PortfolioParts:
    """The parts of the account that trade_universe made of the decisions by the same settings."""
    markets = {name: made.bars for name, made in decisions.items()}
    rules, grid = rules_of_universe(markets, settings), Grid.of(markets)
    daily = daily_pnl(strategy)  # (D, S)
    gross, net = strategy.exposure()  # (T,) each
    return PortfolioParts(
        allocation=settings.portfolio.allocation,
        symbols=symbol_parts(decisions, strategy, grid, daily, settings.label.horizon),
        correlation=tuple(map(tuple, cross_section.correlations(daily).tolist())),
        gross=mean(gross),
        gross_peak=float(np.nanmax(gross)) if np.isfinite(gross).any() else math.nan,
        net=mean(net),
        turnover=metrics.turnover(strategy),
        exposure=thinned(strategy.time, gross, net),
        cross_section=cross_sectional_ic(decisions, grid, settings.label.horizon),
        baselines=baselines(markets, rules, member, short=settings.backtest.short),
        capacity=capacity(markets, weights_in(decisions, settings, member), rules),
        permutation=permutation_tests(decisions, settings, member),
    )


def daily_pnl(account: Portfolio) -> Floats:
    """What each symbol earned on each day, (D, S)."""
    return np.diff(account.gain[day_ends(account.time, account.calendar)], axis=0, prepend=0.0)


def symbol_parts(
    decisions: Mapping[str, Decisions], account: Portfolio, grid: Grid, daily: Floats, horizon: int
) -> tuple[SymbolParts, ...]:
    """Each symbol's part. daily: PnL (D, S). horizon: bars of a forecast."""
    risk, rows = cross_section.risk_shares(daily), []
    for s, (name, made) in enumerate(decisions.items()):
        trades = account.trades[account.symbol == s]
        held, quality = account.position[grid.rows[:, s] >= 0, s] != 0, quality_of(made, horizon)
        pnl, time_ms = float(trades["pnl"].sum()), made.bars.time.astype(np.int64)  # (B_s,)
        rows.append(
            SymbolParts(
                symbol=name,
                first=str(iso(int(time_ms[0]))),
                last=str(iso(int(time_ms[-1]))),
                bars=len(made.bars),
                trades=len(trades),
                win_rate=float((trades["pnl"] > 0).mean()) if len(trades) else math.nan,
                pnl=pnl,
                return_contribution=pnl / account.initial_capital,
                risk_contribution=float(risk[s]),
                exposure=float(held.mean()),
                forecasts=int(quality["forecasts"]),
                ic=quality["ic"],
                ic_p_value=quality["ic_p_value"],
                costs=float(sum(trades[each].sum() for each in ("fees", "slippage", "funding", "borrow"))),
            )
        )
    return tuple(rows)


def quality_of(made: Decisions, horizon: int) -> dict[str, float]:
    """How good a symbol's forecasts were."""
    return forecast_quality(made.forecast, made.forward_return, horizon)


def mean(values: Floats) -> float:
    """The mean of what is defined; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def thinned(time: NDArray[np.datetime64], gross: Floats, net: Floats) -> ExposureHistory:
    """Exposure (T,) as means of at most POINTS stretches, each told at its first bar."""
    starts = np.unique(np.linspace(0, len(time), POINTS, endpoint=False).astype(np.int64))  # (P,)
    stretches = np.append(starts, len(time))
    means = [
        tuple(mean(values[first:last]) for first, last in pairwise(stretches)) for values in (gross, net)
    ]
    return ExposureHistory(tuple(str(iso(int(each))) for each in time[starts].astype(np.int64)), *means)


def cross_sectional_ic(decisions: Mapping[str, Decisions], grid: Grid, horizon: int) -> CrossSectionalIC:
    """The mean rank IC by bar with its t."""
    forecast, happened = (
        grid.table([getattr(made, name) for made in decisions.values()])
        for name in ("forecast", "forward_return")
    )  # (T, S) each
    found, count = cross_section.rank_correlations(forecast, happened, FEWEST_SYMBOLS)
    known = np.isfinite(found)
    values, lags = found[known], cross_section.lags_of(int(known.sum()), horizon)
    error = cross_section.newey_west(values, lags)
    average = mean(values)
    return CrossSectionalIC(average, error, average / error, lags, len(values), mean(count[known]))


def baselines(
    markets: Mapping[str, Bars], rules: Rules, member: Members | None, *, short: bool
) -> tuple[PortfolioBaseline, ...]:
    """Equal-weight buy and hold, 1/N rebalanced, and cross-sectional momentum, at the same costs."""
    plain = rules.without_decisions()
    always = {name: np.ones(len(bars)) for name, bars in markets.items()}
    kept = allocation.allocate(markets, always, allocation.Limits(gross_cap=1.0, resized=True), member=member)
    shown = (
        (EQUAL_HOLD, hold_equally(markets, rules)),
        (REBALANCED, simulate_portfolio(markets, kept, replace(plain, rebalance_band=BAND))),
        (MOMENTUM, simulate_portfolio(markets, by_momentum(markets, member, short=short), plain)),
    )
    return tuple(
        PortfolioBaseline(
            name,
            metrics.total_return(each),
            metrics.sharpe(each),
            metrics.max_drawdown(each),
            len(each.trades),
        )
        for name, each in shown
    )


def by_momentum(markets: Mapping[str, Bars], member: Members | None, *, short: bool) -> dict[str, Floats]:
    """Weights (T_s,) by the return of three weeks, each week: the best fifth long, the worst short.

    The rule is Jegadeesh and Titman's (1993), the windows Liu, Tsyvinski and Wu's (2022).
    """
    step = allocation.step_of(markets)
    day = max(1, DAY_MS // step)  # bars
    side = max(1, len(markets) // PART)
    past = {name: past_return(bars, LOOKBACK_DAYS * DAY_MS) for name, bars in markets.items()}
    every = EVERY_DAYS * day
    wanted = allocation.ranked(markets, past, side, side if short else 0, every, member)
    limits = allocation.Limits(gross_cap=1.0, every=every)
    return allocation.allocate(markets, wanted, limits, member=member, divided=False)


def past_return(bars: Bars, length_ms: int) -> Floats:
    """Return (T,) from the last close known so long before a bar opens to the last one known when it does."""
    opens = bars.time.astype(np.int64)  # (T,)
    before = np.searchsorted(opens, opens - length_ms, side="right") - 1  # (T,) -1: there is none
    known = np.where(before >= 0, bars.previous_close[before], np.nan)
    return bars.previous_close / known - 1.0


def capacity(markets: Mapping[str, Bars], weight: Mapping[str, Floats], rules: Rules) -> Capacity:
    """Return and Sharpe ratio of the target weights (T_s,) as the capital grows, as of one symbol."""
    impact = rules.slippage_impact or IMPACT
    if not all((bars.volume > 0).any() for bars in markets.values()):  # no order there is large or small
        unknown = [AtCapital(money, math.nan, math.nan) for money in CAPITALS[SHOWN]]
        return Capacity(tuple(unknown), impact, math.nan)
    tried = [
        simulate_portfolio(
            markets,
            weight,
            replace(rules, initial_capital=money, slippage_impact=impact, minimum_notional=0.0),
        )
        for money in CAPITALS
    ]
    gain = np.array([metrics.total_return(each) for each in tried])  # (C,)
    rows = [
        AtCapital(money, float(gained), metrics.sharpe(each))
        for money, gained, each in zip(CAPITALS, gain, tried, strict=True)
    ]
    return Capacity(tuple(rows[SHOWN]), impact, half_of(gain))
