"""Features of a symbol among the others, of what is known at each bar's close; none looks ahead.

All symbols' bars are laid on the times at which any was traded. A symbol counts in a bar's cross-section if
it was traded then, or a few bars before: as long as its gaps would be filled, whether it comes back or not,
which nobody knows then. For a return over n bars it must have counted n before, too.

| name | formula |
|---|---|
| `cross_rank` | rank of the return over 24 bars among the symbols, from -1/2 to 1/2 |
| `cross_excess` | that return less the mean of all symbols' |
| `cross_volume` | logarithm of the bar's volume in quote currency, a mean of 24 bars, to the median of all |
| `cross_beta` | cov(r, m) / var(m) over 168 bars of the return r and the mean return m of all symbols |
| `cross_market_1`, `cross_market_24` | mean return of all symbols over 1 and 24 bars |
| `cross_dispersion` | standard deviation among symbols of the return over 24 bars |
| `lead_return_k` | return of the first symbol k bars before, over one bar; k from 1 on is the latest |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.market.times import milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.market.merge import Market

    Floats = NDArray[np.float64]

NAMES = (
    "cross_rank", "cross_excess", "cross_volume", "cross_beta", "cross_market_1", "cross_market_24",
    "cross_dispersion",
)  # fmt: skip
SPAN, BETA_SPAN, FEWEST = 24, 168, 2  # bars, bars, symbols of a cross-section


def lead_names(bars: int) -> tuple[str, ...]:
    """The features of the first symbol's last returns."""
    return tuple(f"lead_return_{back}" for back in range(1, bars + 1))


def cross_section(markets: Sequence[Market], fill_gaps: int) -> list[Floats]:
    """The features NAMES of each symbol's rows, (T_s, 7); NaN where they are not known.

    fill_gaps: bars for which a symbol that has none keeps its last close, as data.fill_gaps fills them.
    """
    grid = Grid(markets, fill_gaps)
    return grid.of_symbols(grid.features())


def lead(markets: Sequence[Market], bars: int, fill_gaps: int) -> list[Floats]:
    """The first symbol's last `bars` returns of one bar at each symbol's rows, (T_s, bars), latest first.

    fill_gaps: as of cross_section.
    """
    grid = Grid(markets, fill_gaps)
    first = grid.returns(1)[:, 0]  # (G,)
    shifted = np.full((len(first), bars), np.nan)
    for back in range(bars):
        shifted[back:, back] = first[: len(first) - back]
    return grid.of_symbols(np.repeat(shifted[:, None], len(markets), axis=1))


class Grid:
    """Closes and volumes of S symbols on the G bars in which any was traded; NaN where one does not count.

    place: (T_s,) of each symbol's rows; a filled one's in which none was traded is the bar's before.
    """

    def __init__(self, markets: Sequence[Market], fill_gaps: int) -> None:
        """Lay the symbols' rows on their common times; after each its close stays for `fill_gaps` bars."""
        times = [milliseconds(market.frame.index) for market in markets]  # (T_s,)
        observed = [market.observed for market in markets]  # (T_s,)
        traded = [time[there] for time, there in zip(times, observed, strict=True)]
        common = np.unique(np.concatenate(traded))  # (G,)
        self.place = [np.searchsorted(common, each, side="right") - 1 for each in times]
        self.close = np.full((len(common), len(markets)), np.nan)
        self.traded = np.full((len(common), len(markets)), np.nan)  # quote currency
        for s, market in enumerate(markets):
            close, volume = (market.frame[name].to_numpy() for name in ("close", "volume"))
            rows = self.place[s][observed[s]]
            self.close[rows, s] = close[observed[s]]
            self.traded[rows, s] = (close * volume)[observed[s]]
        if fill_gaps:
            absent = np.isnan(self.close)  # (G, S)
            self.close = pd.DataFrame(self.close).ffill(limit=fill_gaps).to_numpy()
            self.traded[absent & np.isfinite(self.close)] = 0.0

    def of_symbols(self, values: Floats) -> list[Floats]:
        """Values (G, S, C) at each symbol's rows, (T_s, C)."""
        return [values[place, s] for s, place in enumerate(self.place)]

    def returns(self, bars: int) -> Floats:
        """Return over so many bars, (G, S)."""
        found = np.full(self.close.shape, np.nan)
        found[bars:] = self.close[bars:] / self.close[:-bars] - 1.0
        return found

    def features(self) -> Floats:
        """NAMES, (G, S, 7)."""
        one, many = self.returns(1), self.returns(SPAN)  # (G, S)
        market, wide = mean_of(one), mean_of(many)  # (G, 1)
        volume = pd.DataFrame(self.traded).rolling(SPAN, min_periods=SPAN).mean().to_numpy()  # (G, S)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.log(volume / median_of(volume))
        relative[~np.isfinite(relative)] = np.nan
        dispersion = np.sqrt(mean_of(np.square(many - wide)))  # (G, 1)
        columns = (ranks(many), many - wide, relative, beta(one, market), market, wide, dispersion)
        return np.stack([np.broadcast_to(each, one.shape) for each in columns], axis=2)


def mean_of(values: Floats) -> Floats:
    """The mean of each row's known values, (G, 1); NaN where fewer than FEWEST are known."""
    known = np.isfinite(values)
    count = known.sum(axis=1, keepdims=True)  # (G, 1)
    total = np.where(known, values, 0.0).sum(axis=1, keepdims=True)
    return np.where(count >= FEWEST, total / np.maximum(count, 1), np.nan)


def median_of(values: Floats) -> Floats:
    """The median of each row's known values, (G, 1); NaN where fewer than FEWEST are known."""
    count = np.isfinite(values).sum(axis=1)  # (G,)
    found = np.full((len(values), 1), np.nan)
    rows = count >= FEWEST
    found[rows, 0] = np.nanmedian(values[rows], axis=1)
    return found


def ranks(values: Floats) -> Floats:
    """Mean ranks among each row's known values, from -1/2 to 1/2, (G, S); NaN where it is not known."""
    found = pd.DataFrame(values).rank(axis=1).to_numpy()  # (G, S) from 1
    count = np.isfinite(values).sum(axis=1, keepdims=True)  # (G, 1)
    return np.where(count >= FEWEST, (found - 1.0) / np.maximum(count - 1.0, 1.0) - 0.5, np.nan)


def beta(returns: Floats, market: Floats) -> Floats:
    """Cov / var over the last BETA_SPAN bars, (G, S), of those of which both are known; half at least."""
    own = pd.DataFrame(returns)  # (G, S)
    together = pd.DataFrame(np.where(np.isfinite(returns), market, np.nan))  # (G, S)

    def mean(values: pd.DataFrame) -> Floats:
        found: Floats = values.rolling(BETA_SPAN, min_periods=BETA_SPAN // 2).mean().to_numpy()
        return found

    variance = mean(together * together) - np.square(mean(together))  # (G, S)
    covariance = mean(own * together) - mean(own) * mean(together)
    known = variance > 1e-18
    return np.where(known, covariance / np.where(known, variance, 1.0), np.nan)
