"""From a market to the matrix of features, one column each, and what such a column must not be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from engine.errors import ChangeSettingsError, RepairDataError
from engine.features.catalogue import resolve, with_own
from engine.features.extra import with_extra
from engine.features.inputs import Bars
from engine.features.longer import named
from engine.features.own import by_segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.features.definition import Feature
    from engine.market.merge import Market


THREADS = 2  # more want memory for what lies between; the bus is busy with two
LONG = 5000  # bars; below, handing them to threads takes longer than computing


def compute(market: Market, names: Sequence[str], own: Sequence[Feature] = ()) -> pd.DataFrame:
    """The named features of every row: float64 (T, F), the market's index, columns in the order of names.

    Row t uses rows up to and including t, and none from before a gap that begins the feature anew. NaN
    stands exactly where a feature is not yet warm or an input it looks at is missing. Raises what `resolve`
    does, and RepairDataError for an own feature that fails.
    """
    bars = Bars.of(market)
    known = with_extra(with_own(own), market.frame.columns)
    resolved = resolve(names, market.frame.columns, own, step_ms=market.step_ms)
    features = [named(name, known, market.calendar) or known[name] for name in resolved]
    values = np.empty((len(features), len(bars)))  # (F, T): a feature's values lie together

    def fill(number: int) -> None:
        each = features[number]
        values[number] = each.compute(each.rows_of(bars))

    built_in = [number for number, each in enumerate(features) if not each.file]
    if len(bars) < LONG:
        for number in built_in:
            fill(number)
    else:
        with ThreadPoolExecutor(THREADS) as threads:  # numpy lets go of Python's lock over long columns
            list(threads.map(fill, built_in))
    for number, each in enumerate(features):
        if each.file:  # the user's own code, which threads could trip up
            values[number] = by_segment(each, bars)
    return pd.DataFrame(values.T, index=market.frame.index, columns=list(resolved), copy=False)


def check_columns(values: npt.NDArray[Any], names: Sequence[str]) -> None:
    """Refuse features that cannot be scaled, by name; values are the training rows, (N, F), NaN = missing.

    Raises RepairDataError for infinite values, ChangeSettingsError for features without any value or without
    any
    variation over these rows.
    """
    infinite, empty, constant = [], [], []
    for name, column in zip(names, values.T, strict=True):
        present = column[~np.isnan(column)]
        if not len(present):
            empty.append(name)
            continue
        low, high = float(present.min()), float(present.max())
        if np.isinf(low) or np.isinf(high):
            infinite.append(name)
        elif is_constant(low, high):
            constant.append(name)
    if infinite:
        remedy = "Repair the series that it is computed from, or leave it out of features.names"
        raise RepairDataError(f"feature {', '.join(infinite)}", "infinite in the training rows", remedy)
    if faults := [f"{', '.join(group)} {reason}" for group, reason in (
        (empty, "without a value"), (constant, "constant")
    ) if group]:  # fmt: skip
        reason = f"{' and '.join(faults)} in the {len(values)} training rows"
        remedy = "Leave it out of features.names, or train on more rows"
        raise ChangeSettingsError("features.names", reason, remedy)


def is_constant(low: float, high: float) -> bool:
    """Whether values between these two differ by nothing but rounding."""
    return high - low <= max(1e-15, 1e-12 * max(abs(low), abs(high)))


def without_use(table: pd.DataFrame, rows: int, lookback: int) -> tuple[list[str], list[str]]:
    """The columns of features, (T, F), that the first `rows` of them, a training's, can teach nothing of.

    Those without `lookback` values in a row, which no window could be made of, and those that are constant.
    """
    unknown, constant = [], []
    for name in table.columns:
        column = table[name].to_numpy()[:rows]
        gaps = np.flatnonzero(np.concatenate([[True], ~np.isfinite(column), [True]]))
        if int(np.diff(gaps).max(initial=0)) <= lookback:
            unknown.append(name)
            continue
        present = column[np.isfinite(column)]
        if is_constant(float(present.min()), float(present.max())):
            constant.append(name)
    return unknown, constant
