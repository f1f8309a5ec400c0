"""What studies of trainings start from: the market of one symbol, or those of several that are pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from engine import experiment, preparation
from engine.errors import ChangeSettingsError
from engine.market.merge import fingerprint
from engine.market.times import milliseconds
from engine.samples.split import chronological
from engine.settings import with_limits
from engine.universe import preparation as several
from engine.universe.pool import Pool
from engine.universe.trading import with_smallest_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from engine.experiment import Samples
    from engine.market.calendar import Calendar
    from engine.market.merge import Market
    from engine.preparation import Job
    from engine.results.notes import Note
    from engine.samples.split import Split
    from engine.settings import Data, Settings


@dataclass(frozen=True, eq=False)
class OneMarket:
    """The market of one symbol, (T,) rows."""

    market: Market

    @property
    def calendar(self) -> Calendar:
        """When it trades."""
        return self.market.calendar

    @property
    def simulated(self) -> bool:
        """Whether it is simulated."""
        return self.market.simulated

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hex over all that it holds."""
        return fingerprint(self.market)

    def before(self, end_ms: int) -> OneMarket:
        """Its rows that open before a time."""
        return OneMarket(self.market.rows(milliseconds(self.market.frame.index) < end_ms))

    def named(self, data: Data) -> Data:
        """The settings of data that mean this market."""
        return data

    def features(self, settings: Settings, training: float) -> pd.DataFrame:
        """The features that the settings ask for, (T, F); training: as of `preparation.prepare`."""
        return preparation.features_table(self.market, settings, settings.features.chosen, training)[0]

    def samples(self, settings: Settings, table: pd.DataFrame) -> Samples:
        """The samples that the features, (T, F), make."""
        return experiment.samples_of(self.market, table, settings)


@dataclass(frozen=True, eq=False)
class SeveralMarkets:
    """The markets of S symbols, (T_s,) rows each.

    members: (T_s,) which bars count, see `membership`. leader: the symbol whose returns universe.lead takes.
    """

    markets: Mapping[str, Market]
    members: tuple[NDArray[np.bool_], ...]
    leader: str

    @property
    def calendar(self) -> Calendar:
        """When they trade, which they share."""
        return next(iter(self.markets.values())).calendar

    @property
    def simulated(self) -> bool:
        """Whether any of them is simulated."""
        return any(market.simulated for market in self.markets.values())

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hex over the symbols and all that their markets hold."""
        return several.fingerprint_of(self.markets)

    def before(self, end_ms: int) -> SeveralMarkets:
        """Their rows that open before a time, without the symbols that have none there."""
        known = [milliseconds(market.frame.index) < end_ms for market in self.markets.values()]  # (T_s,)
        names = list(self.markets)
        there = [s for s, rows in enumerate(known) if rows.any()]
        return SeveralMarkets(
            {names[s]: self.markets[names[s]].rows(known[s]) for s in there},
            tuple(self.members[s][known[s]] for s in there),
            self.leader,
        )

    def named(self, data: Data) -> Data:
        """The settings of data that mean these markets."""
        top = min(data.universe_top, len(self.markets))
        return data.model_copy(update={"symbols": tuple(self.markets), "universe_top": top})

    def features(self, settings: Settings, training: float) -> pd.DataFrame:
        """The features that the settings ask for, (T, F), one symbol's rows after the other's.

        Raises ChangeSettingsError where they ask for returns of the leader and it is not among the symbols.
        """
        if settings.universe.lead and self.leader not in self.markets:
            raise ChangeSettingsError(
                "universe.lead",
                f"takes returns of {self.leader}, which has no bar so early",
                "Name another symbol first, or set it to 0",
            )
        return several.features_table(self.markets, settings, training=training)[0]

    def samples(self, settings: Settings, table: pd.DataFrame) -> Samples:
        """The samples of all symbols that the features, (T, F), make."""
        return Pool.of(tuple(self.markets), list(self.markets.values()), table, self.members, settings)


Markets: TypeAlias = OneMarket | SeveralMarkets


@dataclass(frozen=True, eq=False)
class Prepared:
    """The markets of a study, their features (T, F), and the settings with the markets' limits of orders."""

    markets: Markets
    table: pd.DataFrame
    settings: Settings
    notes: tuple[Note, ...]

    def samples(self) -> Samples:
        """The samples that the settings make of them."""
        return self.markets.samples(self.settings, self.table)


def split(samples: Samples, settings: Settings) -> Split:
    """Training, validation and test of samples: the same instants for all symbols."""
    return chronological(
        samples.target_bar, np.isfinite(samples.label), settings.label.horizon,
        settings.split.validation, settings.split.test,
    )  # fmt: skip


def prepare(job: Job, training: float) -> Prepared:
    """Collect, merge, compute the features, of one symbol or of all. Raises as preparation.prepare."""
    settings = job.settings
    if settings.data.symbols:
        pooled = several.prepare(job, training=training)
        return Prepared(
            SeveralMarkets(pooled.markets, pooled.members, next(iter(pooled.markets))),
            pooled.table,
            with_smallest_order(settings, pooled.smallest_order),
            pooled.notes,
        )
    alone = preparation.prepare(job, settings.features.chosen, training)
    return Prepared(OneMarket(alone.market), alone.table, with_limits(settings, alone.limits), alone.notes)
