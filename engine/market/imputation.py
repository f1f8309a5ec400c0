"""What is wrong with stored candles, and which candles may stand in for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.market.candles import CONFLICT, MADE, PRICES, SPIKE, TAKEN
from engine.market.merge import filled
from engine.market.ranges import within
from engine.market.spikes import SPAN
from engine.market.times import milliseconds, time_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.market.calendar import Calendar
    from engine.market.ranges import Range, Ranges


@dataclass(frozen=True, eq=False)
class Findings:
    """What a person may want to have repaired; times are open times in ms."""

    gaps: Ranges  # open times without a candle
    missing: int  # bars that the gaps lack
    spikes: NDArray[
        np.int64
    ]  # (S,) candles far from the second source's, or where it is mute from neighbours
    conflicts: NDArray[np.int64]  # (C,) candles that came more than once, with contradicting numbers
    confirmed: int  # candles that leave their neighbours as the second source's do: no fault
    compared: int  # candles that both sources have

    def counts(self) -> tuple[int, int, int, int, int, int]:
        """Gaps, the bars that they lack, spikes, those confirmed, conflicts, candles compared."""
        spikes, conflicts = len(self.spikes), len(self.conflicts)
        return len(self.gaps), self.missing, spikes, self.confirmed, conflicts, self.compared


def find(
    candles: pd.DataFrame, calendar: Calendar, second: pd.DataFrame | None, tolerance: float
) -> Findings:
    """What is wrong with a candles frame, (T, 6), by itself and against the second source's candles, (S, 6).

    A candle leaves the second source if its open, high, low or close differs from the other's by more than
    `tolerance` (a log ratio) after the usual difference is taken out: the median of ln(close / close) over
    the 49 common candles around. If the other's is a spike by itself and this one is not, it is the other's
    fault. Candles that a repair made are not judged again.
    """
    times, flag = milliseconds(candles.index), candles["flag"].to_numpy()  # (T,)
    made, spike = (flag & MADE) > 0, (flag & SPIKE) > 0  # (T,)
    confirmed, compared = np.zeros(len(times), np.bool_), np.zeros(len(times), np.bool_)
    if second is not None:
        here, there = common(candles, second)  # (C,), (C,)
        compared[here] = True
        far = departure(candles.iloc[here], second.iloc[there]) > tolerance  # (C,)
        far &= ~((second["flag"].to_numpy()[there] & SPIKE) > 0) | spike[here]
        confirmed[here] = spike[here] & ~far
        spike[here] = far
    lacking = calendar.gaps(times)
    return Findings(
        tuple((start, end) for start, end, _ in lacking),
        sum(bars for *_, bars in lacking),
        times[spike & ~made],
        times[((flag & CONFLICT) > 0) & ~made],
        int(np.count_nonzero(confirmed & ~made)),
        int(np.count_nonzero(compared)),
    )


def common(candles: pd.DataFrame, second: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in each of the two frames the candles of one time stand, those left out that a repair made."""
    own = np.flatnonzero((second["flag"].to_numpy() & MADE) == 0)
    _, here, there = np.intersect1d(
        milliseconds(candles.index), milliseconds(second.index)[own], assume_unique=True, return_indices=True
    )
    return here, own[there]


def departure(candles: pd.DataFrame, second: pd.DataFrame) -> NDArray[np.float64]:
    """How far each candle leaves the second source's of the same time: a log ratio, (C,)."""
    ratio = pd.Series(np.log(candles["close"].to_numpy() / second["close"].to_numpy()))
    usual = ratio.rolling(SPAN, center=True, min_periods=1).median().to_numpy()  # (C,)
    ratios = [np.log(candles[name].to_numpy() / second[name].to_numpy()) for name in PRICES]
    leaves: NDArray[np.float64] = np.max(np.abs(np.array(ratios) - usual), axis=0, initial=0.0)
    return leaves


def taken(second: pd.DataFrame, wanted: Sequence[Range]) -> pd.DataFrame:
    """The second source's own candles of the wanted times, as they are, flagged TAKEN."""
    own = (second["flag"].to_numpy() & MADE) == 0
    rows: pd.DataFrame = second[own & within(milliseconds(second.index), wanted)]
    return rows.assign(flag=np.uint8(TAKEN))


def flat(candles: pd.DataFrame, calendar: Calendar, wanted: Sequence[Range], longest: int) -> pd.DataFrame:
    """Candles for the wanted times at the last close before them, volume 0, flagged FILLED.

    Only where no more than `longest` bars in a row are wanted or missing, and a candle comes after them.
    """
    kept = candles[~within(milliseconds(candles.index), wanted)]
    whole = filled(kept, calendar, longest)
    times = milliseconds(whole.index)
    new = within(times, wanted) & ~np.isin(times, milliseconds(kept.index))
    return whole[new]


def bars(times: NDArray[np.int64], step_ms: int) -> Ranges:
    """Rising open times as ranges [from, to)."""
    cuts = np.flatnonzero(np.diff(times) != step_ms) + 1
    runs = np.split(times, cuts) if len(times) else []
    return tuple((int(run[0]), int(run[-1]) + step_ms) for run in runs)


def put(candles: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The candles with the rows added, or in the place of those of their times."""
    kept = candles[~np.isin(milliseconds(candles.index), milliseconds(rows.index))]
    joined = pd.concat([kept, rows])
    order = np.argsort(milliseconds(joined.index), kind="stable")
    return joined.iloc[order].set_axis(time_index(milliseconds(joined.index)[order]))
