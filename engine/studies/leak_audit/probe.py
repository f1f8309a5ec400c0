"""Features at many cuts: short histories whose future is cut off, or becomes one that nobody expects.

A leak that is rare shows only where its event happens: so there are cuts in every hour of the week; for own
features in every hour of four weeks, at the turns of months, quarters and years, and, of the whole history,
right behind what is rare (`ends`). Behind a cut the market crashes, surges, stands still, trades a
thousandfold, is silent for some bars, or pays absurd funding.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from engine.studies.leak_audit import ends
from engine.studies.leak_audit.cuts import AFTER, TOGETHER, Block, Cut, Probed, at_cuts
from engine.studies.leak_audit.futures import FUTURES, part
from engine.studies.leak_audit.rounding import usual_deviation
from engine.studies.leak_audit.single_bars import moved_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from engine.studies.leak_audit.replay import Replay

CUTS = 336  # two in every hour of the week, of hourly bars
BLOCKS = 8  # places of the history where they stand
WARM = 400  # rows before a block's first cut
AT_ONCE = 4  # processes' share of histories that end early, held in memory together
PERIOD = 672  # rows, four weeks of hourly bars: each of them is cut at, at least in one way
EVERYWHERE = 104  # cuts at equal distances: each hundredth of the history holds one
TURNS = 24  # of months at which is cut, those of years and quarters before others


def probe(base: Replay, own: Sequence[str]) -> Probed:
    """Compare the features at many cuts; own: those of the user's own among the columns."""
    rows = len(base.market.frame)
    warm = warm_up(base.table, own)
    if rows < warm + AFTER:
        return Probed([], [], 0)
    spread = {str(name): usual_deviation(base.table[name].to_numpy()) for name in base.table.columns}
    spread_cuts = list(spread_out(rows, warm))
    blocks = [
        *spread_cuts,
        *(every_phase(rows, {cut for block in spread_cuts for cut in block.cuts}, warm) if own else ()),
        *(at_turns(base.time_ms, warm) if own else ()),
        *(everywhere(rows, warm) if own else ()),
    ]
    wholes = base.stages.tables([[part(base.market, block.start, block.stop)] for block in blocks])
    cuts = [
        Cut(block, cut, tables[0]) for block, tables in zip(blocks, wholes, strict=True) for cut in block.cuts
    ]
    probed = at_cuts(base, cuts, spread)
    known = {leak.column for leak in probed.leaks}
    own = [name for name in own if name not in known]
    if not own:
        return probed
    apart = {
        name: ends.together(
            ends.unlike_whole(base.table[name], tables[0], block.start, warm // 2, spread[name])
            for block, tables in zip(blocks, wholes, strict=True)
        )
        for name in own
    }
    return at_ends(base, own, ends.Suspected(apart, moved_by(base, own, spread)), spread, probed)


def at_ends(
    base: Replay, own: Sequence[str], suspected: ends.Suspected, spread: dict[str, float], probed: Probed
) -> Probed:
    """What own features of histories that end early add to what was found."""
    table = base.table[list(own)]
    chosen, absent = ends.chosen_ends(base.market, table, suspected), Counter[str]()
    groups = list(ends.grouped(chosen))
    for first in range(0, len(groups), AT_ONCE):
        some = groups[first : first + AT_ONCE]
        found = base.stages.own_tables([[part(base.market, 0, end) for end in group] for group in some])
        for group, tables in zip(some, found, strict=True):
            for end, short in zip(group, tables, strict=True):
                absent.update(name for name in own if name not in short)
                probed.compare(table.iloc[:end], short, spread, int(base.time_ms[end]), FUTURES[0].words)
    failing = [name for name in own if absent[name] > ends.FAILING * len(chosen)]
    return probed._replace(cuts=probed.cuts + len(chosen), unjudged=tuple(failing))


def warm_up(table: pd.DataFrame, own: Sequence[str]) -> int:
    """How many rows lie before a short history's first cut: enough for own features to have values."""
    first = [int(np.argmax(np.isfinite(table[name].to_numpy()))) for name in own]
    return min(max([WARM, *(rows + WARM // 2 for rows in first)]), len(table) // 2)


def spread_out(rows: int, warm: int = WARM) -> Iterator[Block]:
    """Blocks all over the history; together they are cut before every hour of the week."""
    each = CUTS // BLOCKS
    span = each * (BLOCKS // 2)  # rows between a block's first cut and its last: every fourth, shifted
    last = rows - AFTER - span
    for number, first in enumerate(np.linspace(warm, max(last, warm), BLOCKS).astype(int).tolist()):
        step = BLOCKS // 2
        # A block's cuts keep to one remainder, whatever row it begins at, so that no hour is left out.
        begin = first + (number - first) % step
        cuts = tuple(cut for cut in range(begin, begin + span, step) if cut + AFTER <= rows)
        if cuts:
            yield Block(first - warm, cuts[-1] + AFTER, cuts)


def every_phase(rows: int, cut_already: set[int], warm: int = WARM) -> Iterator[Block]:
    """Blocks late in the history of the cuts that are missing for one in every row of PERIOD."""
    if not PERIOD:
        return
    step = 24 * 7
    begin = max(rows - AFTER - PERIOD, warm)
    wanted = set(range(PERIOD)) - {cut % PERIOD for cut in cut_already}
    for first in range(begin, min(begin + PERIOD, rows - AFTER), step):
        stop = min(first + step, begin + PERIOD, rows - AFTER)
        if cuts := tuple(cut for cut in range(first, stop) if cut % PERIOD in wanted):
            yield Block(first - warm, cuts[-1] + AFTER, cuts, once=True)


def everywhere(rows: int, warm: int = WARM) -> Iterator[Block]:
    """Blocks of cuts at equal distances, as a leak may last for one stretch of the history alone."""
    cuts = np.unique(np.linspace(warm, rows - AFTER, EVERYWHERE).astype(int)).tolist()
    for first in range(0, len(cuts), TOGETHER):
        some = cuts[first : first + TOGETHER]
        yield Block(some[0] - warm, some[-1] + AFTER, tuple(some), once=True)


def at_turns(time_ms: NDArray[np.int64], warm: int = WARM) -> Iterator[Block]:
    """Blocks around the turns of months: a cut behind the old month's last bar, one behind the first bar."""
    month = time_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)  # (T,)
    turns = np.flatnonzero(np.diff(month)) + 1
    turns = turns[(turns >= warm) & (turns + 1 <= len(time_ms) - AFTER)]
    rank = np.where(month[turns] % 12 == 0, 0, np.where(month[turns] % 3 == 0, 1, 2))
    order = np.lexsort((np.random.default_rng(len(time_ms)).random(len(turns)), rank))
    for turn in sorted(turns[order][:TURNS].tolist()):
        yield Block(turn - warm, turn + 1 + AFTER, (turn, turn + 1))
