"""The samples of several symbols, one symbol's rows after the other's; no window crosses between them."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from engine import experiment
from engine.experiment import Samples
from engine.market.funding import FundingDue
from engine.market.merge import Market
from engine.market.times import milliseconds
from engine.samples import aligned, weights
from engine.samples.windows import Windows, rows_used

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.experiment import Floats, Rows
    from engine.samples.scaling import Scalers
    from engine.settings import Settings


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool(Samples):
    """What there is to learn from S symbols of T rows in all.

    market and table hold the symbols' rows one after the other; first: (S + 1,) where each symbol's begin.
    bar: (T,) the number of each row's bar, the same for all symbols at one time. members: (T_s,) which bars
    of each symbol count, see `membership`.
    """

    symbols: tuple[str, ...]
    first: Rows
    bar: Rows
    members: tuple[NDArray[np.bool_], ...]

    @classmethod
    def of(
        cls, symbols: Sequence[str], markets: Sequence[Market], table: pd.DataFrame,
        members: Sequence[NDArray[np.bool_]], settings: Settings,
    ) -> Self:  # fmt: skip
        """The samples of the symbols' features, (T, F) in their order; members: (T_s,) which bars count."""
        first = np.cumsum([0, *(len(market.frame) for market in markets)])
        parts = []
        for s, market in enumerate(markets):
            rows = slice(first[s], first[s + 1])
            found = experiment.samples_of(market, table.iloc[rows], settings)
            counts = members[s][found.windows.target]  # (N_s,)
            kept = replace(found.windows, start=found.windows.start[counts] + rows.start)
            parts.append(replace(found, windows=kept))
        lookback = settings.window.lookback
        return cls(
            market=joined(markets),
            table=table,
            windows=Windows(
                np.concatenate([part.windows.start for part in parts]),
                lookback,
                sum(part.windows.dropped_gap for part in parts),
                sum(part.windows.dropped_unready for part in parts),
            ),
            forward_return=np.concatenate([part.forward_return for part in parts]),
            volatility=np.concatenate([part.volatility for part in parts]),
            symbols=tuple(symbols),
            first=first,
            bar=numbers(markets),
            members=tuple(members),
        )

    @property
    def numbers(self) -> Rows:
        """The number of each row's bar, (T,)."""
        return self.bar

    @property
    def symbol(self) -> Rows:
        """Which symbol each window is of, (N,)."""
        return np.searchsorted(self.first, self.windows.target, side="right") - 1

    def rows(self, s: int) -> slice:
        """The rows of a symbol."""
        return slice(int(self.first[s]), int(self.first[s + 1]))

    def market_of(self, s: int) -> Market:
        """The market of one symbol."""
        chosen = np.zeros(len(self.table), np.bool_)
        chosen[self.rows(s)] = True
        return self.market.rows(chosen)

    def matrix(self, scalers: Scalers) -> NDArray[np.float32]:
        """The scaled features, (T, F): each symbol's by scalers of its own where there are some."""
        return self.scaled(scalers, np.ones(len(self.table), np.bool_))

    def seen(self, scalers: Scalers, start: Rows) -> tuple[NDArray[np.float32], Rows]:
        """As of one symbol; of several without the rows that are in none of these windows, mostly others'."""
        if len(self.symbols) == 1:
            return super().seen(scalers, start)
        gc.collect()  # trainers refer to themselves, and to the matrix of all rows
        used = rows_used(start, self.windows.lookback, len(self.table))  # (T,)
        return self.scaled(scalers, used), (np.cumsum(used) - 1)[start]

    def scaled(self, scalers: Scalers, used: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The scaled features of the rows used, (T,) to (R, F)."""
        found: NDArray[np.float32] = aligned.empty((int(used.sum()), self.table.shape[1]))  # (R, F)
        first = 0
        for s, name in enumerate(self.symbols):
            rows = self.rows(s)
            own = replace(scalers, features=scalers.by_symbol.get(name, scalers.features))
            values = own.matrix(self.table.iloc[rows].to_numpy()[used[rows]])
            found[first : first + len(values)] = values
            first += len(values)
        return found

    def fit_scalers(self, settings: Settings, start: Rows) -> Scalers:
        """Scalers of features and labels over all symbols, and of each symbol's features if asked for.

        A symbol without training windows is scaled as all together are.
        """
        together = super().fit_scalers(settings, start)
        if settings.universe.scaling == "pooled" or together.features is None:
            return together
        own = {}
        for s, name in enumerate(self.symbols):
            rows = self.rows(s)
            inside = start[(start >= rows.start) & (start < rows.stop)]
            if len(inside):
                fitted = experiment.fit_scalers(
                    settings, self.table, self.forward_return, self.volatility, inside, check=False
                )
                own[name] = fitted.features
        return replace(together, by_symbol=own)

    def by_symbol(self, chosen: Rows) -> dict[str, int]:
        """How many of the samples at positions (n,) each symbol has, of those that have any."""
        count = np.bincount(self.symbol[chosen], minlength=len(self.symbols)).tolist()  # (S,)
        return {name: samples for name, samples in zip(self.symbols, count, strict=True) if samples}

    def weights(self, settings: Settings, train: Rows) -> Floats | None:
        """How much the training samples count, at positions (n,), of mean 1; None: all alike.

        By age and uniqueness as one symbol's; with universe.balance = symbols each symbol's sum is the same.
        """
        chosen, target, symbol = settings.training, self.windows.target[train], self.symbol[train]  # (n,)
        found = np.ones(len(train))  # (n,)
        if chosen.half_life:
            found *= weights.recency(self.bar[target], chosen.half_life)
        if chosen.uniqueness:
            for s in np.unique(symbol):
                of_symbol = symbol == s
                found[of_symbol] *= weights.label_uniqueness(target[of_symbol], settings.label.horizon)
        if settings.universe.balance == "symbols":
            total = np.bincount(symbol, found, len(self.symbols))  # (S,)
            found /= total[symbol]
        if not len(found) or np.allclose(found, found[0], rtol=1e-12, atol=0.0):
            return None
        return np.asarray(found / found.mean())


def joined(markets: Sequence[Market]) -> Market:
    """One symbol's rows after the other's; of the calendar that they share."""
    due = [vars(market.funding) for market in markets]
    return Market(
        pd.concat([market.frame for market in markets]),
        pd.concat([market.provenance for market in markets]),
        markets[0].calendar,
        any(market.simulated for market in markets),
        FundingDue(**{name: np.concatenate([each[name] for each in due]) for name in due[0]}),
    )


def numbers(markets: Sequence[Market]) -> Rows:
    """The number of each row's bar, (T,), on the bars that any symbol has."""
    times = np.concatenate([milliseconds(market.frame.index) for market in markets])  # (T,)
    common, place = np.unique(times, return_inverse=True)
    return np.asarray(markets[0].calendar.numbers(common)[place])
