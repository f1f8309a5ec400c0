"""Parts of a table that blank lines separate: one market's, or those of several."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.form import cells_of
from engine.errors import RepairDataError
from engine.market.times import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.data.importing.form import Form

BLANK_LINES = re.compile(rb"\n(?:[ \t]*\r?\n)+")
MOST = 200  # blank lines: more are a way of writing, such as one behind each row
FEW = 5  # that separate parts of a file rather than its days or months
FURTHER, LEAP, ODD = 2.0, 2.0, 5.0  # times the furthest other move; times a price, and times that move
LEAST = 0.05  # a leap, as a logarithm, that no gap explains
LONGEST = 25.0  # bars over which prices are expected to move further


def blank_places(body: bytes, form: Form) -> list[int]:
    """The rows, from 0 on, of a text table before which there is a blank line; none for very many."""
    if not any(mark in body for mark in (b"\n\n", b"\n\r\n", b"\n ", b"\n\t")):
        return []
    found = [(match.start() + 1, match.end()) for match in BLANK_LINES.finditer(body.rstrip())]
    if len(found) > MOST:
        return []
    places, start, rows = [], 0, 0
    for before, behind in found:
        lines = body[start:before].decode(errors="replace").splitlines()
        rows += sum(len(cells_of(line, form.delimiter)) == form.width for line in lines)
        places.append(rows)
        start = behind
    return places


def refuse_parted(places: Sequence[int], times: NDArray[np.int64], prices: NDArray[np.float64]) -> None:
    """RepairDataError if prices leap from one part of a table to the next in time, where no others do.

    places: the rows before which a blank line stands; times: (N,) ms; prices: (N,).
    """
    if not places:
        return
    sound = (times != UNREADABLE) & np.isfinite(prices) & (prices > 0)
    starts = np.unique(np.cumsum(sound)[np.array([at for at in places if 0 < at < len(times)], int) - 1])
    times, prices = times[sound], prices[sound]
    starts = starts[(starts > 0) & (starts < len(times))]
    if not len(starts):
        return
    moves, steps = np.abs(np.diff(np.log(prices))), np.abs(np.diff(times))
    within = np.ones(len(moves), bool)
    within[starts - 1] = False
    usual = float(moves[within].max(initial=0.0))
    step = float(np.median(steps[within])) if within.any() else 1.0
    parts = [
        (int(part[np.argmin(times[part])]), int(part[np.argmax(times[part])]))
        for part in np.split(np.arange(len(times)), starts)
    ]
    parts.sort(key=lambda part: times[part[0]])
    for (_, last), (first, _) in itertools.pairwise(parts):
        bars = min(max((times[first] - times[last]) / max(step, 1.0), 1.0), LONGEST)
        leap = abs(float(np.log(prices[first] / prices[last])))
        few = len(starts) <= FEW
        limit = max(LEAST, FURTHER * usual * bars**0.5) if few else max(np.log(LEAP), ODD * usual)
        if times[first] > times[last] and leap > limit:
            raise RepairDataError(
                "the file",
                f"has a blank line between rows where prices go from {prices[last]:g} to {prices[first]:g}: "
                "another market's may follow",
                "Give each table a file of its own, or remove the line",
            )
