"""Runs side by side: which figures are laid beside each other, and in which settings the runs differ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.results.metrics import METRICS, placed
from engine.results.number_format import difference, figure
from engine.results.tables import cell, labelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT = "(default)"


def figures(runs: Sequence[Mapping[str, float]]) -> list[tuple[str, list[str]]]:
    """Label and texts of each figure, a text a run; with two runs their difference after them.

    Metrics first, then the numbers of results that are no backtest.
    """
    rows = []
    for metric in placed("compare"):
        values = [metric.of(each) for each in runs]
        texts = [figure(metric, value) for value in values]
        apart = [difference(metric, *values)] if len(values) == 2 else []
        rows.append((f"{metric.label} %" if metric.format == "percent" else metric.label, texts + apart))
    for name in dict.fromkeys(name for each in runs for name in each if name not in METRICS):
        values = [each.get(name, math.nan) for each in runs]
        apart = [cell(values[1] - values[0])] if len(values) == 2 else []
        rows.append((labelled(name), [*map(cell, values), *apart]))
    return rows


def different(differ: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The settings in which runs differ from each other, by key: a value for each run, or `(default)`."""
    keys = dict.fromkeys(key for each in differ for key in each)
    values = {key: [each.get(key, DEFAULT) for each in differ] for key in keys}
    return {key: each for key, each in values.items() if any(value != each[0] for value in each[1:])}
