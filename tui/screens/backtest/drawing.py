"""What the screen Backtest says, as lines made of a result."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.results.explanations import explained, left_by_fills
from engine.results.metrics import placed, tabled
from tui.number_format import (
    UNDEFINED,
    amount,
    correlation,
    defined,
    difference,
    figure,
    percent,
    setting,
    signed_percent,
    whole,
)
from tui.widgets.lines import Line, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.backtest import BacktestResult, FillScenario, Interval, TrialCounts
    from engine.results.metrics import Metric
    from engine.runs.folder import RunFolder

NAMES = {
    "signal.entry_threshold": "threshold",
    "backtest.fee_bps": "fee bps",
    "backtest.slippage_bps": "slippage bps",
}
AUDITS = {"passed": "good", "failed": "alarm", "not judgeable": "alarm", "not run": "warn"}
WIDE = 120  # columns from which on a line need not be short
DEFLATED = "deflated Sharpe"
GAINS = ("total_return", "cagr")
EXTRA_LINES = 3  # head, interval and deflated Sharpe ratio
LABEL, NUMBER, ASIDE = 20, 13, 18
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "year")


def title(run: RunFolder, result: BacktestResult, width: int) -> Line:
    """Which run, which span."""
    left: Line = [(" Backtest  ", "bright"), (run.id, "live"), (f" {run.name}", "")]
    start, end = (moment[:10] or UNDEFINED for moment in (result.start, result.end))
    right = f"{result.symbol}  {start} → {end}  {whole(result.bars)} bars "
    return spread(left, [(right, "quiet")], width)


@dataclass(frozen=True)
class Shown:
    """What the banner tells: result, moved settings (key, before, after), tries, audit, caveats."""

    result: BacktestResult
    moved: Sequence[tuple[str, Any, Any]]
    tries: int
    audit: str
    caveats: Sequence[str] = ()


def banner(shown: Shown, width: int) -> Line:
    """What must be seen before the figures: an invented market, other rules, the fills, the audit."""
    result = shown.result
    simulated: Line = [("SIMULATED", "warn"), ("  ", "")] if result.simulated else []
    audit: Line = [("   leak audit ", "quiet"), (f"{shown.audit} ", AUDITS.get(shown.audit, "warn"))]
    if shown.moved:
        said = "  ".join(
            f"{NAMES.get(key, key.partition('.')[2])} {setting(old)} → {setting(new)}"
            for key, old, new in shown.moved
        )
        left: Line = [(" ", ""), *simulated, ("WHAT-IF", "alarm"), (f"  {said}", "live")]
        right: Line = [(f"  try {shown.tries}   ", ""), ("0", "bright"), (" back ", "quiet")]
        return spread(left, [*right, *audit] if width >= WIDE else right, width)
    costs = result.costs
    optimistic = " (optimistic)" if result.fill == "same-close" else ""
    slipped = f", slippage {setting(costs.slippage_bps)} bps" if width >= WIDE or not simulated else ""
    fills = f"fills at {result.fill}{optimistic}, fee {setting(costs.fee_bps)} bps{slipped}"
    said = "an invented market   " if simulated and width >= WIDE else ""
    return spread([(" ", ""), *simulated, (f"{said}{fills}", "quiet")], audit, width)


def caveats(shown: Shown, width: int) -> list[Line]:
    """What must be read before the figures, at most two lines each."""
    return [line for said in shown.caveats for line in paragraph(said, width, "alarm")[:2]]


def figures(result: BacktestResult, trials: TrialCounts | None, rows: int) -> list[Line]:
    """Strategy, buy and hold, difference: the decimal points under each other; as many rows as fit.

    The Sharpe ratio has its interval under it, and the deflated one with the number of looks it is for.
    """
    head = "".join(text.rjust(NUMBER) for text in ("strategy", "buy & hold", "Δ"))
    lines: list[Line] = [[(f" {' ' * LABEL}{head}", "quiet")]]
    for metric in fitting(rows - EXTRA_LINES):
        lines.append(row(metric, metric.of(result.metrics), metric.of(result.benchmark)))
        if metric.key == "sharpe" and (found := result.intervals):
            ends = (between(each.sharpe) for each in (found.strategy, found.benchmark))
            lines.append([("   95 % interval".ljust(LABEL + 1), "quiet"), *((text, "") for text in ends)])
        if metric.key == "probabilistic_sharpe" and trials:
            lines.append(deflated(trials))
    return lines[:rows]


def fitting(count: int) -> list[Metric]:
    """So many metrics in the order of their table: those that must be seen, and of the others the first."""
    needed, every = placed("screen"), tabled()
    others = [metric for metric in every if metric not in needed]
    chosen = [*needed, *others[: max(0, count - len(needed))]]
    return [metric for metric in every if metric in chosen]


def row(metric: Metric, own: float, other: float) -> Line:
    """One figure of the strategy and of buy and hold, and how far they are apart."""
    label, unit = labelled(metric)
    apart = difference(metric, other, own) or UNDEFINED
    return [
        (f" {label}", ""),
        (unit.rjust(LABEL - len(label) - 1) + " ", "quiet"),
        (pointed(figure(metric, own)), tone(own) if metric.key in GAINS else "bright"),
        (pointed(figure(metric, other)), ""),
        (pointed(apart), "quiet"),
    ]


def labelled(metric: Metric) -> tuple[str, str]:
    """Label and unit of a metric in the width of their column: shorter ones where it must be."""
    width = LABEL - 2
    unit = metric.unit.replace(" a ", "/").replace("times equity", "×")
    label = metric.label if len(metric.label) + len(unit) <= width else metric.short or metric.label
    if len(label) + len(unit) > width:
        unit = unit[:1] if metric.format == "percent" else ""
    return label[: width - len(unit)], unit


def deflated(trials: TrialCounts) -> Line:
    """The deflated Sharpe ratio, and for how many looks at the bars."""
    counted = f"  {whole(trials.looks)} look{'' if trials.looks == 1 else 's'}"
    counted += f", {whole(trials.what_ifs)} what-if" if trials.what_ifs else ""
    unit = "%".rjust(LABEL - len(DEFLATED) - 1)
    value = pointed(percent(trials.deflated_sharpe))
    return [(f" {DEFLATED}", ""), (f"{unit} ", "quiet"), (value, "bright"), (counted, "quiet")]


def pointed(text: str) -> str:
    """A number whose decimal point lies where those of its column do."""
    return (text if "." in text else f"{text}   ").rjust(NUMBER)


def tone(value: float) -> str:
    """The role of a gain or a loss."""
    return "bright" if not defined(value) or value == 0 else "good" if value > 0 else "bad"


def between(span: Interval) -> str:
    """An interval."""
    return (f"{span.low:.2f}…{span.high:.2f}" if all(map(defined, span)) else UNDEFINED).rjust(NUMBER)


def aside(result: BacktestResult) -> list[Line]:
    """Quality of the forecasts, and what trading cost."""
    quality, costs = result.forecast, result.costs
    low, high = percent(quality.directional_accuracy_low), percent(quality.directional_accuracy_high)
    forecast = [
        ("R²", correlation(quality.r2)),
        ("IC", f"{correlation(quality.ic)} {p_value(quality.ic_p_value)}"),
        ("right", f"{percent(quality.directional_accuracy)} {p_value(quality.directional_accuracy_p_value)}"),
        ("  %", f"{low} … {high}"),
    ]
    paid = [
        (f"fees {setting(costs.fee_bps)}bp", amount(costs.fees)),
        (f"slip {setting(costs.slippage_bps)}bp", amount(costs.slippage)),
        *(
            (name, amount(paid))
            for name, paid in (("funding", costs.funding), ("borrow", costs.borrow))
            if paid
        ),
    ]
    off = costs.fee_bps == costs.slippage_bps == 0
    head: Line = [("COSTS OFF" if off else "costs", "warn" if off else "bright")]
    return [
        [("forecast", "bright")],
        *(pair(*each) for each in forecast),
        head,
        *(pair(*each) for each in paid),
    ]


def p_value(value: float) -> str:
    """`p 0.03`, with two decimals."""
    return f"p {UNDEFINED}" if not defined(value) else "p<0.01" if value < 0.01 else f"p {value:.2f}"


def pair(label: str, value: str) -> Line:
    """A label and its value in the narrow column."""
    return [(label, "quiet"), (value.rjust(ASIDE - len(label)), "")]


def fills(
    result: BacktestResult,
    recorded: BacktestResult,
    trials: TrialCounts | None,
    width: int,
    *,
    tried: bool = False,
) -> list[Line]:
    """The run's decisions filled in kinder and harsher ways, what that leaves, and the notes.

    `tried` says that `result` is by other rules than `recorded`, whose scenarios stay those of the run.
    """
    whose = "of the run as it was recorded" if tried else f"the run fills at {result.fill}"
    lines: list[Line] = [[(" fills", "bright"), (f"  {whose}", "quiet")]]
    lines.append(
        [(f" {'':<27}{'return':>11}{'Sharpe':>9}{'trades':>8}", "quiet")]
        if recorded.fills
        else [(" not in this result: b backtests the run again, with them", "quiet")]
    )
    lines += [scenario(each) for each in recorded.fills.scenarios] if recorded.fills else []
    said = explained(recorded, trials)
    if recorded.fills:  # the returns stand above
        said["fills"] = left_by_fills(recorded.metrics["total_return"], recorded.fills)
    for name in ("fills", "permutation", "baselines", "trials", "family"):
        lines += paragraph(said.get(name, ""), width)
    for note in result.notes:
        lines += paragraph(note.text, width, "warn")
    return lines


def scenario(each: FillScenario) -> Line:
    """What the decisions come to under one kind of fill."""
    return [
        (f" {each.name:<27}", ""),
        (f"{signed_percent(each.total_return):>11}", tone(each.total_return)),
        (f"{amount(each.sharpe):>9}{whole(each.trades):>8}", ""),
    ]


def paragraph(text: str, width: int, role: str = "") -> list[Line]:
    """A sentence, wrapped where the panel ends."""
    return [[(f" {line}", role)] for line in textwrap.wrap(text, max(width - 2, 20))]


def months(result: BacktestResult, width: int) -> list[Line]:
    """Monthly returns in percent, a row a year; without decimals where there is little room."""
    cell, digits, last = (6, 1, 8) if width >= 5 + 12 * 6 + 8 else (5, 0, 7)
    lines: list[Line] = [[(" monthly returns %", "bright")]]
    lines.append(
        [(f"     {''.join(name.rjust(cell) for name in MONTHS[:12])}{MONTHS[12].rjust(last)}", "quiet")]
    )
    for year, values in result.months.items():
        line: Line = [(f" {year}", "quiet")]
        for number, value in enumerate(values):
            text = f"{value * 100:+.{digits}f}" if defined(value) else ""
            line.append((text.rjust(last if number == 12 else cell), tone(value) if text else ""))
        lines.append(line)
    return lines
