"""Short histories cut before a row: several judged in one process, none of which tells a later one's future.

A process is dear. What a feature remembers of one place in the history cannot carry the future into another
place that lies behind it; yet it can make an honest feature differ. So what differs in company is computed
once more, in a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.market.times import milliseconds
from engine.results.audit import Finding
from engine.studies.leak_audit.futures import FUTURES, Future, part
from engine.studies.leak_audit.rounding import differing_rows, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from engine.market.merge import Market
    from engine.studies.leak_audit.replay import Replay

AFTER = 24  # rows behind a cut
TOGETHER = 8  # cuts, at most, that a process computes one after the other


@dataclass(frozen=True)
class Block:
    """Rows [start, stop) of the market taken as a market, and rows before each of which it is cut."""

    start: int
    stop: int
    cuts: tuple[int, ...]
    once: bool = False  # whether the future is only cut off there


@dataclass(frozen=True, eq=False)
class Cut:
    """A row of a block before which it is cut, and the block's features (n, F)."""

    block: Block
    row: int
    whole: pd.DataFrame

    @property
    def futures(self) -> Sequence[Future]:
        """What is put behind it."""
        return FUTURES[:1] if self.block.once else futures_of(self.row)

    def may_follow(self, other: Cut) -> bool:
        """Whether nothing that the other's histories hold lies behind this one, made up or not."""
        longer = self.block is other.block and self.block.once and self.row > other.row
        return longer or self.block.start >= other.row + AFTER

    def compare(
        self, base: Replay, table: pd.DataFrame, future: Future, spread: dict[str, float], found: Probed
    ) -> None:
        """Note where the features of a moved history differ before the cut."""
        before = self.whole.iloc[: self.row - self.block.start]
        after = table.iloc[: len(before)]
        found.compare(before, after, spread, int(base.time_ms[self.row]), future.words)


class Probed(NamedTuple):
    """Leaks, differences that are rounding, how many cuts there were, own features that failed at many."""

    leaks: list[Finding]
    rounding: list[Finding]
    cuts: int
    unjudged: tuple[str, ...] = ()

    def compare(
        self, before: pd.DataFrame, after: pd.DataFrame, spread: dict[str, float], cut_ms: int, how: str
    ) -> None:
        """Note where two tables of the same rows differ."""
        for finding, is_rounding in differences(before, after, spread, cut_ms, how):
            (self.rounding if is_rounding else self.leaks).append(finding)


def at_cuts(base: Replay, cuts: Sequence[Cut], spread: dict[str, float]) -> Probed:
    """What differs before the cuts, several of them in one process, and in one that begins with them too."""
    groups = in_company(cuts)
    probed, suspected = Probed([], [], len(cuts)), list[tuple[Cut, Probed]]()
    for group, tables in zip(
        groups, base.stages.tables([moved(base, group) for group in groups]), strict=True
    ):
        left = iter(tables)
        for cut in group:
            found = Probed([], [], 1)
            for future in cut.futures:
                cut.compare(base, next(left), future, spread, found)
            probed.rounding.extend(found.rounding)
            if found.leaks:
                suspected.append((cut, found))
    leaking = confirmed(base, suspected, spread)
    probed.leaks.extend(leak for _, found in suspected for leak in found.leaks if leak.column in leaking)
    return probed


def confirmed(base: Replay, suspected: Sequence[tuple[Cut, Probed]], spread: dict[str, float]) -> set[str]:
    """The suspected columns that differ in a process of a cut's own, too: others remember, and know nothing.

    What an honest feature remembers from another place of the history makes it another as well.
    """
    leaking, waiting = set[str](), list(suspected)
    while waiting:
        chosen: dict[str, int] = {}  # column → the first cut at which it is suspected
        for place, (_, found) in enumerate(waiting):
            for leak in found.leaks:
                chosen.setdefault(leak.column, place)
        cuts = [waiting[place][0] for place in sorted(set(chosen.values()))]
        for cut, tables in zip(cuts, base.stages.tables([moved(base, [cut]) for cut in cuts]), strict=True):
            found = Probed([], [], 1)
            for future, table in zip(cut.futures, tables, strict=True):
                cut.compare(base, table, future, spread, found)
            leaking |= {leak.column for leak in found.leaks}
        waiting = [
            (cut, found)
            for cut, found in waiting
            if not any(cut is each for each in cuts) and {leak.column for leak in found.leaks} - leaking
        ]
    return leaking


def moved(base: Replay, cuts: Sequence[Cut]) -> list[Market]:
    """What the market becomes behind the cuts, one history a future."""
    return [
        future.of(part(base.market, cut.block.start, cut.row + AFTER), cut.row - cut.block.start)
        for cut in cuts
        for future in cut.futures
    ]


def in_company(cuts: Sequence[Cut]) -> list[list[Cut]]:
    """The cuts in groups, a process each, in which no history tells what comes in a later one.

    Either each begins behind the end of the one before, or it is the one before with more rows.
    """
    groups: list[list[Cut]] = []
    for cut in sorted(cuts, key=lambda each: each.row):
        fitting = (group for group in groups if len(group) < TOGETHER and cut.may_follow(group[-1]))
        if (group := next(fitting, None)) is not None:
            group.append(cut)
        else:
            groups.append([cut])
    return groups


def futures_of(cut: int) -> tuple[Future, ...]:
    """Three of the futures, a different one first at each cut: only the first meets a mind that is empty."""
    turn = cut % len(FUTURES)
    return (*FUTURES[turn:], *FUTURES[:turn])[:3]


def differences(
    before: pd.DataFrame, after: pd.DataFrame, spread: dict[str, float], cut_ms: int, how: str
) -> Iterator[tuple[Finding, bool]]:
    """The first row of each column that differs, and whether by rounding alone."""
    time_ms = milliseconds(before.index)  # (T,)
    if len(after) < len(before):
        yield Finding("features", "rows", cut_ms, cut_ms, how, len(before), len(after)), False
        return
    if not after.columns.equals(before.columns):  # one that fails in such a future has no column
        before = before[before.columns.intersection(after.columns)]
        after = after[before.columns]
    old, new = before.to_numpy(), after.to_numpy()  # (T, F)
    for column in np.flatnonzero(~same(old, new).all(axis=0)).tolist():
        name, was, became = before.columns[column], old[:, column], new[:, column]  # (T,)
        leaking, rounded = differing_rows(was, became, spread[name])
        for rows, is_rounding in ((leaking, False), (rounded, True)):
            if len(rows):
                row = int(rows[0])
                figures = float(was[row]), float(became[row])
                yield Finding("features", str(name), int(time_ms[row]), cut_ms, how, *figures), is_rounding
