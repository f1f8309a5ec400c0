"""Own features at ends of the whole history, from its beginning on: right behind rare moments.

Short histories judge what looks back a little. A feature that needs thousands of bars, that is another where
history begins elsewhere, or that reaches further ahead than a short history goes on, is judged here. So is
what moves when single bars after it are others (`single_bars`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.studies.leak_audit.rounding import differing_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from engine.market.merge import Market

    Rows = NDArray[np.int64]

EARLIEST = 100  # rows that a history has at least
RARE, FEWEST_RARE, SHARED = 24, 4, 96  # ends for a feature; where there are many; for all of them
EACH = 3  # of every kind of rare moment
PHASES = 168  # hours of the week
TOGETHER = 8  # histories, each longer than the one before, that a process computes
FAILING = 0.1  # of the ends


class Apart(NamedTuple):
    """Where a feature of a short history is another than in the whole one.

    rows: (n,) of the market; by: (n,) how far, infinite where one has no value. untold: whether most
    have none.
    """

    rows: Rows
    by: NDArray[np.float64]
    untold: bool


class Suspected(NamedTuple):
    """Of every own feature: rows at which short histories differ, and how far each row, (T,), moved with bars
    soon after it.
    """

    apart: Mapping[str, Apart]
    moved: Mapping[str, NDArray[np.float64]]


def chosen_ends(market: Market, table: pd.DataFrame, suspected: Suspected) -> list[int]:
    """Rows before each of which the history is to end, rising, for the own features of the table."""
    total, random = len(table), np.random.default_rng(len(table))
    share = int(np.clip(SHARED // max(len(suspected.apart), 1), FEWEST_RARE, RARE))
    rows, every = set(rare_moments(market, random)), np.arange(total)
    for name, found in suspected.apart.items():
        values = table[name].to_numpy()
        rows |= set(half_and_half(every, np.abs(values - np.nanmedian(values)), share // 2, random))
        rows |= set(half_and_half(found.rows, found.by, share - share // 2, random))
        rows |= set(half_and_half(every, suspected.moved[name], share // 2, random))
    ends = {row + 1 for row in rows}
    if any(found.untold for found in suspected.apart.values()):
        ends |= set(one_of_each_hour(total))
    return sorted(end for end in ends if EARLIEST <= end < total)


def half_and_half(
    rows: Rows, size: NDArray[np.float64], count: int, random: np.random.Generator
) -> list[int]:
    """The rows (n,) of the largest sizes above 0, and as many of the others above it at random."""
    there = np.flatnonzero(size > 0)  # NaN is not
    far = rows[there[np.argsort(size[there])[::-1]]]
    rest = random.permutation(far[count // 2 :])
    return [*far[: count // 2].tolist(), *rest[: count - count // 2].tolist()]


def one_of_each_hour(rows: int) -> Iterator[int]:
    """Ends all over the history, of hourly bars one in each hour of the week."""
    for phase, end in enumerate(np.linspace(EARLIEST + PHASES, rows - 1, PHASES).astype(int).tolist()):
        yield end - (end - phase) % PHASES


def rare_moments(market: Market, random: np.random.Generator) -> Iterator[int]:
    """Rows of the market's wildest and stillest bars, its last records, and beside its gaps."""
    frame = market.frame
    opened, high, low, close, volume = (
        frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")
    )
    move = np.diff(np.log(close), prepend=np.log(close[0]))  # (T,)
    gap = np.abs(np.append(0.0, opened[1:] - close[:-1]) / close)
    extent = np.log(high / low)
    for size in (move, -move, volume, gap, extent):
        yield from np.argsort(np.nan_to_num(size))[::-1][:EACH].tolist()
    begins = np.flatnonzero(np.diff(market.numbers) > 1) + 1  # (S - 1,) rows behind gaps
    still = (np.nan_to_num(volume) == 0.0, extent == 0.0, opened == close)
    records = (high >= np.maximum.accumulate(high), low <= np.minimum.accumulate(low))
    for rows in (*map(np.flatnonzero, still), begins, begins - 1):
        yield from random.permutation(rows)[:EACH].tolist()
    for record in records:
        yield from np.flatnonzero(record)[-EACH:].tolist()


def grouped(ends: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ends in groups for a process each."""
    for first in range(0, len(ends), TOGETHER):
        yield ends[first : first + TOGETHER]


def unlike_whole(whole: pd.Series[float], short: pd.DataFrame, start: int, warm: int, spread: float) -> Apart:
    """Rows at which a feature of a short history, from `start` on, is another than in the whole one.

    The first `warm` rows do not count. spread: the column's usual deviation.
    """
    count = len(short) - warm
    before = np.asarray(whole, np.float64)[start + warm : start + len(short)]  # (n,)
    after = short[whole.name].to_numpy()[warm:] if whole.name in short else np.full(count, np.nan)
    rows = differing_rows(before, after, spread)[0]
    by = np.abs(before[rows] - after[rows])
    untold = 2 * int(np.isfinite(after).sum()) < count
    return Apart(rows + start + warm, np.where(np.isfinite(by), by, np.inf), untold)


def together(parts: Iterable[Apart]) -> Apart:
    """What several short histories tell of a feature."""
    found = list(parts)
    rows = np.concatenate([each.rows for each in found]) if found else np.zeros(0, np.int64)
    by = np.concatenate([each.by for each in found]) if found else np.zeros(0)
    return Apart(rows, by, 2 * sum(each.untold for each in found) > len(found))
