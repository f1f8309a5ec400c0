"""Runs side by side: figures with their intervals, how each differs from the first, settings that differ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.errors import QuantdeckError
from engine.results.compared import undefined
from engine.results.metrics import METRICS, placed
from engine.results.number_format import UNDEFINED, defined, difference, figure, whole
from engine.results.tables import cell, labelled
from engine.runs.results import backtest_of
from tui.runs.facts import has_result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.backtest import BacktestResult
    from engine.results.compared import AgainstFirst, ComparedRuns
    from engine.results.figures import Interval
    from engine.results.metrics import Metric
    from engine.runs.folder import RunFolder

    Rows = list[tuple[str, list[str]]]  # a label, and a text for each run

DEFAULT = "(default)"
LOW, HIGH = "  95 % low", "  95 % high"
HELD_AGAINST = ("sharpe", "total_return", "max_drawdown")  # fields of AgainstFirst, by the metrics' keys


def backtest_if_any(run: RunFolder) -> BacktestResult | QuantdeckError | None:
    """The run's backtest; None where it has none, and the error where it cannot be read."""
    try:
        return backtest_of(run) if has_result(run) else None
    except QuantdeckError as error:
        return error


def intervals_of(result: BacktestResult | None) -> Mapping[str, Interval]:
    """The 95 % intervals of a result's figures, by the metrics' keys."""
    return vars(result.intervals.strategy) if result and result.intervals else {}


def figures(runs: Sequence[Mapping[str, float]], intervals: Sequence[Mapping[str, Interval]] = ()) -> Rows:
    """Label and texts of each figure, a text a run; with two runs their difference after them.

    Metrics first, each with its interval below it where a run has one, then the numbers of results that are
    no backtest. intervals: of each run, by the metrics' keys.
    """
    rows: Rows = []
    two = len(runs) == 2
    for metric in placed("compare"):
        values = [metric.of(each) for each in runs]
        texts = [figure(metric, value) for value in values]
        apart = [difference(metric, *values)] if two else []
        rows.append((with_unit(metric, metric.label), texts + apart))
        if any(metric.key in each for each in intervals):
            for label, end in ((LOW, 0), (HIGH, 1)):
                ends = [each[metric.key][end] if metric.key in each else math.nan for each in intervals]
                rows.append((label, [*(figure(metric, value) for value in ends), *([""] * two)]))
    for name in dict.fromkeys(name for each in runs for name in each if name not in METRICS):
        values = [each.get(name, math.nan) for each in runs]
        apart = [cell(values[1] - values[0])] if two else []
        rows.append((labelled(name), [*map(cell, values), *apart]))
    return rows


def with_unit(metric: Metric, label: str) -> str:
    """The label of a row whose numbers are percent, or not."""
    return f"{label} %" if metric.format == "percent" else label


def against_first(ids: Sequence[str], found: ComparedRuns) -> Rows:
    """How each run differs from the first over common days; blank for the first, and without a result."""
    differences = {each.run: each.against_first for each in found.runs}
    each_run = [differences.get(run) for run in ids]
    rows: Rows = [("common days", [whole(each.days) if each else "" for each in each_run])]
    for key in HELD_AGAINST:
        metric = METRICS[key]
        rows.append((with_unit(metric, f"{metric.label} Δ"), [value_of(metric, each) for each in each_run]))
        for label, end in ((LOW, 0), (HIGH, 1)):
            rows.append((label, [end_of(metric, each, end) for each in each_run]))
    return rows


def value_of(metric: Metric, each: AgainstFirst | None) -> str:
    """A difference with its sign."""
    return signed(metric, getattr(each, metric.key).value) if each else ""


def end_of(metric: Metric, each: AgainstFirst | None, end: int) -> str:
    """The low or the high end of a difference's interval."""
    return signed(metric, getattr(each, metric.key).interval[end]) if each else ""


def signed(metric: Metric, value: float) -> str:
    """A difference in the metric's format."""
    return difference(metric, 0.0, value) if defined(value) else UNDEFINED


def why_not(found: ComparedRuns) -> list[str]:
    """Why runs cannot be told from the first, a sentence a run."""
    return [
        f"{each.run} against {found.runs[0].run}: n/a, {reason}"
        for each in found.runs
        if each.against_first and (reason := undefined(each.against_first))
    ]


def different(differ: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The settings in which runs differ from each other, by key: a value for each run, or `(default)`."""
    keys = dict.fromkeys(key for each in differ for key in each)
    values = {key: [each.get(key, DEFAULT) for each in differ] for key in keys}
    return {key: each for key, each in values.items() if any(value != each[0] for value in each[1:])}
