"""A look at results, into the trial ledger, and the Sharpe ratio deflated by all looks at the same bars.

    looked(home, bars, strategy, settings, Who("backtest", run.id, run.of or run.id, simulated=False))

Whatever shows somebody the results of a test span calls `looked`, a what-if `tried`; `counted` only counts.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.results.backtest import TrialCounts
from engine.results.codec import plain
from engine.runs import trial_ledger
from engine.runs.events import clock, stamp
from engine.settings import changed
from engine.statistics.drawdown import moments_ms
from engine.statistics.metrics import daily_returns, total_return
from engine.statistics.returns import deflated_sharpe, expected_best_sharpe, sharpe

if TYPE_CHECKING:
    from pathlib import Path

    from engine.backtest.bars import Bars
    from engine.backtest.simulate import Simulation
    from engine.settings import Settings


GRID_MS, MOST_CLOSES = 60_000, 100


@dataclass(frozen=True)
class Who:
    """Who looks: kind (backtest, what-if, …), ids of the run and of its model's run, simulated or not.

    market: its name in the ledger where it is not the one that the settings name.
    """

    kind: str
    run: str
    of: str
    simulated: bool
    market: str = ""


def looked(home: Path, bars: Bars, strategy: Simulation, settings: Settings, who: Who) -> TrialCounts:
    """Record that somebody looked at these results and deflate the Sharpe ratio by all looks so far.

    Returns what `counted` does. Raises MakeRoomError, RepairDataError.
    """
    look = look_of(Content.of(bars), bars, Seen.of(strategy), settings, who)
    trial_ledger.record(home, look)
    return counted(home, look, strategy)


def tried(home: Path, *looks: trial_ledger.Look) -> None:
    """Record what-ifs, each of which is a new look only if its settings were not looked at before."""
    known = reader_of(home).attempts()
    for look in looks:
        if look.attempt not in known:
            known.add(look.attempt)
            trial_ledger.record(home, look)


@lru_cache(maxsize=4)
def reader_of(home: Path) -> trial_ledger.Reader:
    """The ledger of a home, of which a warm process reads only what is new."""
    return trial_ledger.Reader(home)


def counted(home: Path, look: trial_ledger.Look, strategy: Simulation) -> TrialCounts:
    """What the ledger says of the bars of a look, and what that leaves of the strategy's Sharpe ratio.

    Raises RepairDataError.
    """
    looks, broken = reader_of(home).read()
    seen = trial_ledger.trials(looks, look)
    deflated = deflated_sharpe(daily_returns(strategy), seen.trials, seen.variance)
    best = expected_best_sharpe(seen.trials, seen.variance) * math.sqrt(strategy.calendar.days_per_year)
    return TrialCounts(
        looks=seen.looks,
        what_ifs=seen.what_ifs,
        trials=seen.trials,
        sharpe_variance=seen.variance,
        expected_best_sharpe=best,
        deflated_sharpe=deflated,
        market=look.market,
        broken=broken,
    )


@dataclass(frozen=True)
class Seen:
    """What a look shows: the equity curve's hash, daily Sharpe ratio, not annual, return, when it ends."""

    trial: str
    sharpe: float
    total_return: float
    end_ms: int

    @classmethod
    def of(cls, strategy: Simulation) -> Self:
        """Of a simulation."""
        trial = hashlib.sha256(strategy.equity.tobytes()).hexdigest()
        return cls(
            trial, sharpe(daily_returns(strategy), 1), total_return(strategy), int(moments_ms(strategy)[-1])
        )


@dataclass(frozen=True)
class Content:
    """What bars hold: the hash of all times and prices, and a sample of the closes, by time in ms."""

    digest: str
    closes: dict[str, str]

    @classmethod
    def of(cls, bars: Bars) -> Self:
        """The sample is of times on a grid, so that spans that overlap have times in common; 100 at most."""
        time_ms = bars.time.astype(np.int64)  # (B,)
        content = (time_ms, bars.open, bars.high, bars.low, bars.close)
        digest = hashlib.sha256(b"".join(values.tobytes() for values in content)).hexdigest()
        grid = GRID_MS
        while len(rows := np.flatnonzero(time_ms % grid == 0)) > MOST_CLOSES:
            grid *= 2
        return cls(digest, {str(time_ms[row]): f"{bars.close[row]:.7g}" for row in rows})


def look_of(data: Content, bars: Bars, seen: Seen, settings: Settings, who: Who) -> trial_ledger.Look:
    """The look at these results."""
    return trial_ledger.Look(
        at=stamp(clock()),
        kind=who.kind,
        run=who.run,
        of=who.of,
        market=who.market or market_of(settings),
        data=data.digest,
        from_ms=int(bars.time[0].astype(np.int64)),
        to_ms=seen.end_ms,
        bars=len(bars),
        trial=seen.trial,
        sharpe=float(seen.sharpe) if math.isfinite(seen.sharpe) else None,
        total_return=seen.total_return if math.isfinite(seen.total_return) else None,
        simulated=who.simulated,
        settings=plain(changed(settings)),  # as it will be read back
        closes=data.closes,
        days_per_year=bars.calendar.days_per_year,
    )


def market_of(settings: Settings) -> str:
    """Which market the settings trade, in words that are equal for equal markets."""
    data, demo = settings.data, settings.demo
    if data.series:
        return f"{data.symbol} {data.timeframe} of {data.series}"
    invented = f" seed {demo.seed} edge {demo.edge:g}" if data.exchange == "demo" else ""
    return f"{data.exchange} {data.symbol} {data.timeframe}{invented}"
