"""The metrics of a result beside buy and hold, or of a what-if beside its run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.metrics import placed, tabled
from engine.results.number_format import UNDEFINED, defined, difference, figure, percent, whole
from tui.screens.backtest.drawing import tone
from tui.widgets.lines import Line, fitted, number, width_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.backtest import BacktestResult
    from engine.results.figures import Interval
    from engine.results.metrics import Metric
    from engine.results.robustness import TrialCounts

DEFLATED = "deflated Sharpe"
GAINS = ("total_return", "cagr")
EXTRA_LINES = 3  # head, interval and deflated Sharpe ratio
LABEL, NUMBER = 20, 13
WIDTH = 61  # columns of the panel, as in style.tcss


@dataclass(frozen=True)
class ComparedColumns:
    """Two columns of figures and their difference: strategy and buy and hold, or run and what-if.

    names: their headings and that of the difference. figures: metrics by key. intervals: those of the Sharpe
    ratio where they are known. trials: of the sides that are a strategy's. later: the side that the other is
    taken from.
    """

    names: tuple[str, str, str]
    figures: tuple[Mapping[str, float], Mapping[str, float]]
    intervals: tuple[Interval, ...]
    trials: tuple[TrialCounts | None, ...]
    later: int

    @classmethod
    def of(
        cls, result: BacktestResult, trials: TrialCounts | None, run: BacktestResult | None
    ) -> ComparedColumns:
        """Of a result, `trials` being the ledger's counts by now; of a what-if beside its run."""
        found = (run or result).intervals
        if run:
            named, own = ("run", "what-if", "Δ"), (run.metrics, result.metrics)
            return cls(named, own, (found.strategy.sharpe,) if found else (), (run.trials, trials), 1)
        spans = (found.strategy.sharpe, found.benchmark.sharpe) if found else ()
        named = ("strategy", "buy & hold", "Δ")
        return cls(named, (result.metrics, result.benchmark), spans, (trials,), 0)


def figures(sides: ComparedColumns, rows: int | None = None) -> list[Line]:
    """The metrics of two sides, the decimal points under each other; as many rows as fit, None for all.

    The Sharpe ratio has its interval under it, and the deflated one with the number of looks it is for.
    """
    head = "".join(text.rjust(NUMBER) for text in sides.names)
    lines: list[Line] = [[(f" {' ' * LABEL}{head}", "quiet")]]
    for metric in fitting(len(tabled()) if rows is None else rows - EXTRA_LINES):
        lines.append(row(metric, sides))
        if metric.key == "sharpe" and sides.intervals:
            ends = [(between(each), "") for each in sides.intervals]
            lines.append([("   95 % interval".ljust(LABEL + 1), "quiet"), *ends])
        if metric.key == "probabilistic_sharpe" and sides.trials[-1]:
            lines.append(deflated(sides.trials, sides.trials[-1]))
    return lines[:rows]


def fitting(count: int) -> list[Metric]:
    """So many metrics in the order of their table: those that must be seen, and of the others the first."""
    needed, every = placed("screen"), tabled()
    others = [metric for metric in every if metric not in needed]
    chosen = [*needed, *others[: max(0, count - len(needed))]]
    return [metric for metric in every if metric in chosen]


def row(metric: Metric, sides: ComparedColumns) -> Line:
    """One figure of both sides, and how far they are apart."""
    label, unit = labelled(metric)
    values = [metric.of(each) for each in sides.figures]
    line: Line = [(f" {label}", ""), (unit.rjust(LABEL - len(label) - 1) + " ", "quiet")]
    for side, value in enumerate(values):
        role = (tone(value) if metric.key in GAINS else "bright") if side == sides.later else ""
        line.append((pointed(figure(metric, value)), role))
    apart = difference(metric, values[1 - sides.later], values[sides.later]) or UNDEFINED
    return [*line, (pointed(apart), "quiet")]


def labelled(metric: Metric) -> tuple[str, str]:
    """Label and unit of a metric in the width of their column: shorter ones where it must be."""
    width = LABEL - 2
    unit = metric.unit.replace(" a ", "/").replace("times equity", "×")
    label = metric.label if len(metric.label) + len(unit) <= width else metric.short or metric.label
    if len(label) + len(unit) > width:
        unit = unit[:1] if metric.format == "percent" else ""
    return label[: width - len(unit)], unit


def deflated(sides: Sequence[TrialCounts | None], trials: TrialCounts) -> Line:
    """The deflated Sharpe ratio of each side that has one, and for how many looks at the bars."""
    looked = f"  {whole(trials.looks)} look{'' if trials.looks == 1 else 's'}"
    counted = looked + (f", {whole(trials.what_ifs)} what-if" if trials.what_ifs else "")
    unit = "%".rjust(LABEL - len(DEFLATED) - 1)
    values = [(pointed(percent(each.deflated_sharpe if each else None)), "bright") for each in sides]
    line: Line = [(f" {DEFLATED}", ""), (f"{unit} ", "quiet"), *values]
    return [*line, (counted if width_of(line) + len(counted) <= WIDTH else looked, "quiet")]


def pointed(text: str) -> str:
    """A number whose decimal point lies where those of its column do."""
    return number(text if "." in text or len(text) + 4 > NUMBER else f"{text}   ", NUMBER)


def between(span: Interval) -> str:
    """An interval."""
    ends = [f"{end:.2f}" for end in span]
    if not all(map(defined, span)):
        return UNDEFINED.rjust(NUMBER)
    if sum(map(len, ends)) + 2 > NUMBER:
        ends = [fitted(end, (NUMBER - 2) // 2, right=True).strip() for end in ends]
    return "…".join(ends).rjust(NUMBER)
