"""A look at results, into the trial ledger, and the Sharpe ratio deflated by all looks at the same bars.

    record(home, bars, strategy, settings, TrialOrigin("backtest", run.id, run.of or run.id, simulated=False))

Whatever shows somebody the results of a test span calls `record`, a what-if `record_variants`;
`trial_counts` only counts.
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
class TrialOrigin:
    """Where a result comes from: kind (backtest, what-if, …), ids of the run and of its model's run.

    market: its name in the ledger where it is not the one that the settings name.
    """

    kind: str
    run: str
    of: str
    simulated: bool
    market: str = ""


def record(
    home: Path, bars: Bars, strategy: Simulation, settings: Settings, origin: TrialOrigin
) -> TrialCounts:
    """Record that somebody looked at these results and deflate the Sharpe ratio by all looks so far.

    Returns what `trial_counts` does. Raises MakeRoomError, RepairDataError.
    """
    look = evaluation_of(MarketData.of(bars), bars, Performance.of(strategy), settings, origin)
    trial_ledger.record(home, look)
    return trial_counts(home, look, strategy)


def record_variants(home: Path, *looks: trial_ledger.Evaluation) -> None:
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


def trial_counts(home: Path, look: trial_ledger.Evaluation, strategy: Simulation) -> TrialCounts:
    """What the ledger says of the bars of a look, and what that leaves of the strategy's Sharpe ratio.

    Raises RepairDataError.
    """
    looks, broken = reader_of(home).read()
    found = trial_ledger.trials(looks, look)
    deflated = deflated_sharpe(daily_returns(strategy), found.trials, found.variance)
    best = expected_best_sharpe(found.trials, found.variance) * math.sqrt(strategy.calendar.days_per_year)
    return TrialCounts(
        looks=found.looks,
        what_ifs=found.what_ifs,
        trials=found.trials,
        sharpe_variance=found.variance,
        expected_best_sharpe=best,
        deflated_sharpe=deflated,
        market=look.market,
        broken=broken,
    )


@dataclass(frozen=True)
class Performance:
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
class MarketData:
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


def evaluation_of(
    data: MarketData, bars: Bars, performance: Performance, settings: Settings, origin: TrialOrigin
) -> trial_ledger.Evaluation:
    """The look at these results."""
    return trial_ledger.Evaluation(
        at=stamp(clock()),
        kind=origin.kind,
        run=origin.run,
        of=origin.of,
        market=origin.market or market_name(settings),
        data=data.digest,
        from_ms=int(bars.time[0].astype(np.int64)),
        to_ms=performance.end_ms,
        bars=len(bars),
        trial=performance.trial,
        sharpe=float(performance.sharpe) if math.isfinite(performance.sharpe) else None,
        total_return=performance.total_return if math.isfinite(performance.total_return) else None,
        simulated=origin.simulated,
        settings=plain(changed(settings)),  # as it will be read back
        closes=data.closes,
        days_per_year=bars.calendar.days_per_year,
    )


def market_name(settings: Settings) -> str:
    """Which market the settings trade, in words that are equal for equal markets."""
    data, demo = settings.data, settings.demo
    if data.series:
        return f"{data.symbol} {data.timeframe} of {data.series}"
    invented = f" seed {demo.seed} edge {demo.edge:g}" if data.exchange == "demo" else ""
    return f"{data.exchange} {data.symbol} {data.timeframe}{invented}"
