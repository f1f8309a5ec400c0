"""A look at results, into the trial ledger, and the Sharpe ratio deflated by all looks at the same bars.

    record(home, bars, strategy, settings, TrialOrigin("backtest", run.id, run.of or run.id, simulated=False))

Whatever shows somebody the results of a test span calls `record`, a what-if `record_variants`;
`trial_counts` only counts.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from engine.results.codec import plain
from engine.results.metrics import FEWEST_DAYS
from engine.results.notes import Note
from engine.results.robustness import TrialCounts, TrialFamily
from engine.robustness.known_trials import Family, known_trials, packed
from engine.robustness.market_prices import MarketPrices
from engine.robustness.trial_family import family_of
from engine.runs import trial_ledger, trial_store
from engine.runs.events import clock, stamp
from engine.settings import changed
from engine.statistics.account import trading_days
from engine.statistics.drawdown import moments_ms
from engine.statistics.metrics import daily_returns, total_return
from engine.statistics.returns import probabilistic_sharpe, sharpe

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars
    from engine.runs.trial_store import DailyReturns
    from engine.settings import Settings
    from engine.statistics.account import AccountHistory

    Floats = NDArray[np.float64]


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


@dataclass(frozen=True, eq=False)
class Performance:
    """What a look shows: the equity curve's hash, its total return, when it ends.

    days: (D,) int64 since 1970. returns: (D,) of these days.
    """

    trial: str
    total_return: float
    end_ms: int
    days: NDArray[np.int64]
    returns: Floats

    @classmethod
    def of(cls, strategy: AccountHistory) -> Self:
        """Of a simulation."""
        return cls(
            trial=hashlib.sha256(strategy.equity.tobytes()).hexdigest(),
            total_return=total_return(strategy),
            end_ms=int(moments_ms(strategy)[-1]),
            days=trading_days(strategy.time, strategy.calendar),
            returns=daily_returns(strategy),
        )

    @property
    def sharpe(self) -> float:
        """Of a daily return, not annual."""
        return sharpe(self.returns, 1)

    def packed(self) -> DailyReturns:
        """As the ledger keeps it."""
        return packed(self.days, self.returns)


@dataclass(frozen=True, eq=False)
class Variant:
    """A look and what it showed."""

    look: trial_ledger.Evaluation
    performance: Performance


class Recorded(NamedTuple):
    """What the ledger says of a look: the counts, the family of trials where there is one, notes."""

    counts: TrialCounts
    family: TrialFamily | None
    notes: tuple[Note, ...] = ()


def record(
    home: Path, bars: Bars, strategy: AccountHistory, settings: Settings, origin: TrialOrigin
) -> Recorded:
    """Record that somebody looked at these results and deflate the Sharpe ratio by all looks so far.

    Raises MakeRoomError, RepairDataError.
    """
    prices, performance = MarketPrices.of(bars), Performance.of(strategy)
    look = evaluation_of(prices, bars, performance, settings, origin)
    with trial_store.opened(home) as store:
        add(store, home, prices, Variant(look, performance))
        like = replace(look, same_market=store.market_of(look))
        looks = store.looks_at(like)
        family = Family.of(store, different(looks))
        counts = counts_among(store, home, looks, like, strategy)
    found = family_of(
        family.trials, family.returns, look.trial, settings.evidence, strategy.calendar.days_per_year
    )
    lies = trial_store.place(home)
    notes = (Note("ledger alone", {"path": str(lies.path)}),) if lies.alone else ()
    return Recorded(counts, found, notes)


def record_variants(home: Path, prices: MarketPrices, *variants: Variant) -> None:
    """Record what-ifs, each of which is a new look only if its settings were not looked at before."""
    with trial_store.opened(home) as store:
        for variant in variants:
            if not store.has(variant.look):
                add(store, home, prices, variant)


def add(store: trial_store.Store, home: Path, prices: MarketPrices, variant: Variant) -> None:
    """A look, and the prices that were looked at where they are not there."""
    look = variant.look
    if not store.market_of(look):
        store.add_series(prices.series(look.market, look.from_ms, look.to_ms), prices.same)
    store.add(replace(look, home=str(home)), variant.performance.packed())


def trial_counts(home: Path, look: trial_ledger.Evaluation, strategy: AccountHistory) -> TrialCounts:
    """What the ledger says of the bars of a look, and what that leaves of the strategy's Sharpe ratio.

    Below 30 days nothing annual is defined. Raises MakeRoomError, RepairDataError.
    """
    with trial_store.opened(home) as store:
        like = replace(look, same_market=store.market_of(look))
        return counts_among(store, home, store.looks_at(like), like, strategy)


def counts_among(
    store: trial_store.Store,
    home: Path,
    looks: list[trial_ledger.Counted],
    like: trial_ledger.Evaluation,
    strategy: AccountHistory,
) -> TrialCounts:
    """The same, of the looks at the bars of `like` that were read already."""
    returns = daily_returns(strategy)
    known = known_trials(trial_store.place(home).path, like.same_market, like.from_ms, like.to_ms)
    expected = known.expected_best(store, different(looks))
    found = trial_ledger.count(looks)
    error = 1.0 / math.sqrt(max(len(returns) - 1, 1))  # of a worthless trial's Sharpe ratio per day
    best = expected * error if len(returns) >= FEWEST_DAYS else math.nan
    return TrialCounts(
        looks=found.looks,
        what_ifs=found.what_ifs,
        trials=found.trials,
        sharpe_variance=found.variance,
        expected_best_sharpe=best * math.sqrt(strategy.calendar.days_per_year),
        deflated_sharpe=probabilistic_sharpe(returns, best),
        market=like.market,
        broken=store.broken(),
    )


def different(looks: list[trial_ledger.Counted]) -> list[str]:
    """The digests of the looks' trials, each once, in the order of the first look at each."""
    return list(dict.fromkeys(look.trial for look in looks))


def evaluation_of(
    prices: MarketPrices, bars: Bars, performance: Performance, settings: Settings, origin: TrialOrigin
) -> trial_ledger.Evaluation:
    """The look at these results."""
    ratio, gained = performance.sharpe, performance.total_return
    return trial_ledger.Evaluation(
        at=stamp(clock()),
        kind=origin.kind,
        run=origin.run,
        of=origin.of,
        market=origin.market or market_name(settings),
        data=prices.digest,
        from_ms=int(bars.time[0].astype(np.int64)),
        to_ms=performance.end_ms,
        bars=len(bars),
        trial=performance.trial,
        sharpe=float(ratio) if math.isfinite(ratio) else None,
        total_return=gained if math.isfinite(gained) else None,
        simulated=origin.simulated,
        settings=plain(changed(settings)),  # as it will be read back
        days_per_year=bars.calendar.days_per_year,
        symbol=settings.data.symbol,
        timeframe=settings.data.timeframe,
        last_ms=int(bars.time[-1].astype(np.int64)),
    )


def market_name(settings: Settings) -> str:
    """Which market the settings trade, in words that are equal for equal markets."""
    data, demo = settings.data, settings.demo
    if data.series:
        return f"{data.symbol} {data.timeframe} of {data.series}"
    invented = f" seed {demo.seed} edge {demo.edge:g}" if data.exchange == "demo" else ""
    return f"{data.exchange} {data.symbol} {data.timeframe}{invented}"
