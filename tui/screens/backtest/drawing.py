"""What the screen Backtest says, as lines made of a result."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.results.explanations import explained, left_by_fills
from engine.results.number_format import (
    UNDEFINED,
    amount,
    correlation,
    defined,
    grouped,
    percent,
    signed_percent,
    whole,
)
from tui.number_format import setting
from tui.widgets.lines import Line, first_whole, number, packed, spread, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.results.backtest import BacktestResult
    from engine.results.robustness import FillScenario
    from engine.runs.folder import RunFolder

NAMES = {
    "signal.entry_threshold": "threshold",
    "backtest.fee_bps": "fee bps",
    "backtest.slippage_bps": "slippage bps",
}
AUDITS = {"passed": "good", "failed": "alarm", "not judgeable": "alarm", "not run": "warn"}
WIDE = 120  # columns from which on a line need not be short
ASIDE = 18
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "year")


def title(run: RunFolder, result: BacktestResult, width: int) -> Line:
    """Which run, which span."""
    left: Line = [(" Backtest  ", "bright"), (run.id, "live"), (f" {run.name}", "")]
    start, end = (moment[:10] or UNDEFINED for moment in (result.start, result.end))
    parts = result.portfolio
    market = f"{len(parts.symbols)} symbols" if parts else result.symbol
    span = f"{start} → {end}"
    rights = (f"{market}  {span}  {whole(result.bars)} bars ", f"{market}  {span} ", f"{span} ")
    tries: list[tuple[Line, Line]] = [(left, [(right, "quiet")]) for right in rights]
    return first_whole([*tries, (left[:2], tries[-1][1])], width)


@dataclass(frozen=True)
class Shown:
    """What the banner tells: result, moved settings (key, before, after), tries, audit, caveats.

    stale: the result is by other rules than those that are set.
    """

    result: BacktestResult
    moved: Sequence[tuple[str, Any, Any]]
    tries: int
    audit: str
    caveats: Sequence[str] = ()
    stale: bool = False


def banner(shown: Shown, width: int) -> list[Line]:
    """What must be seen before the figures: an invented market, other rules, the fills, the audit."""
    result = shown.result
    simulated: Line = [("SIMULATED", "warn"), ("  ", "")] if result.simulated else []
    audit: Line = [("   leak audit ", "quiet"), (f"{shown.audit} ", AUDITS.get(shown.audit, "warn"))]
    if shown.moved or shown.stale:
        said: list[Line] = [
            [(f"{NAMES.get(key, key.partition('.')[2])} {setting(old)} → {setting(new)}", "live")]
            for key, old, new in shown.moved
        ]
        state = "  computing …   " if shown.stale else f"  what-if {shown.tries}   "
        right: Line = [(state, "warn" if shown.stale else ""), ("0", "bright"), (" back ", "quiet")]
        right = [*right, *audit] if width >= WIDE else right
        first, *others = packed([[*simulated, ("WHAT-IF", "alarm")], *said], width - width_of(right) - 1)
        return [spread(first, right, width), *others]
    costs = result.costs
    optimistic = " (optimistic)" if result.fill == "same-close" else ""
    slipped = f", slippage {setting(costs.slippage_bps)} bps" if width >= WIDE or not simulated else ""
    fills = f"fills at {result.fill}{optimistic}"
    paid = f"{fills}, fee {setting(costs.fee_bps)} bps"
    market = "an invented market   " if simulated and width >= WIDE else ""
    lefts = (f"{market}{paid}{slipped}", paid, fills, "")
    return [first_whole([([(" ", ""), *simulated, (left, "quiet")], audit) for left in lefts], width)]


def caveats(shown: Shown, width: int) -> list[Line]:
    """What must be read before the figures, at most two lines each."""
    return [line for said in shown.caveats for line in paragraph(said, width, "alarm")[:2]]


def tone(value: float) -> str:
    """The role of a gain or a loss."""
    return "bright" if not defined(value) or value == 0 else "good" if value > 0 else "bad"


def aside(result: BacktestResult, recorded: BacktestResult) -> list[Line]:
    """Quality of the forecasts, with the run's interval of the hit rate, and what trading cost."""
    quality, costs, found = result.forecast, result.costs, recorded.intervals
    forecast = [
        ("R²", correlation(quality.r2)),
        ("IC", f"{correlation(quality.ic)} {p_value(quality.ic_p_value)}"),
        ("hit %", f"{percent(quality.directional_accuracy)} {p_value(quality.directional_accuracy_p_value)}"),
    ]
    if found:  # an account over several symbols has none
        forecast.append((" 95 %", " … ".join(map(percent, found.forecast.directional_accuracy))))
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
    if len(label) + 1 + len(value) > ASIDE:
        label = label.partition(" ")[0]
    return [(label, "quiet"), (number(value, ASIDE - len(label)), "")]


def fills(
    result: BacktestResult,
    recorded: BacktestResult,
    width: int,
    *,
    tried: bool = False,
    unclaimed: str = "",
) -> list[Line]:
    """The run's decisions filled in kinder and harsher ways, what that leaves, and the notes.

    `tried` says that `result` is by other rules than `recorded`, whose scenarios stay those of the run;
    `unclaimed`, why nothing is claimed.
    """
    whose = "of the run as it was recorded" if tried else f"the run fills at {result.fill}"
    lines: list[Line] = [[(" fills", "bright"), (f"  {whose}", "quiet")]]
    lines.append(
        [(f" {'':<27}{'return':>11}{'Sharpe':>9}{'trades':>8}", "quiet")]
        if recorded.fills
        else [(f" {why_absent(recorded)}", "quiet")]
    )
    lines += [scenario(each) for each in recorded.fills.scenarios] if recorded.fills else []
    said = explained(recorded, unclaimed=unclaimed)
    if "fills" in said and recorded.fills:  # the returns stand above
        said["fills"] = left_by_fills(recorded.metrics["total_return"], recorded.fills)
    for name in ("audit", "fills", "funding", "permutation", "baselines", "trials", "family"):
        lines += paragraph(said.get(name, ""), width)
    for note in result.notes:
        lines += paragraph(note.text, width, "warn")
    return lines


def why_absent(recorded: BacktestResult) -> str:
    """Why a result has no other fills and no stress tests, and what gives it some if anything does."""
    if recorded.portfolio:
        return "computed for one symbol alone, not for an account over several"
    return "not in this result: b backtests the run again, with them"


def scenario(each: FillScenario) -> Line:
    """What the decisions come to under one kind of fill."""
    return [
        (f" {each.name:<27}", ""),
        (number(signed_percent(each.total_return), 11), tone(each.total_return)),
        (f"{number(amount(each.sharpe), 9)}{number(whole(each.trades), 8)}", ""),
    ]


def paragraph(text: str, width: int, role: str = "") -> list[Line]:
    """A sentence, wrapped where the panel ends."""
    return [[(f" {line}", role)] for line in textwrap.wrap(text, max(width - 2, 20))]


def months(result: BacktestResult, width: int) -> list[Line]:
    """Monthly returns in percent, a row a year; where there is little room without decimals, or in halves."""
    year_at = len(MONTHS) - 1
    cell, digits, last = (6, 1, 8) if width >= 5 + 12 * 6 + 8 else (5, 0, 7)
    halves = [range(13)] if width >= 5 + 12 * cell + last else [range(6), range(6, 13)]
    lines: list[Line] = [[(" monthly returns %", "bright")]]
    for part in halves:
        wide = {month: last if month == year_at else cell for month in part}
        lines.append([(" " * 5 + "".join(MONTHS[month].rjust(wide[month]) for month in part), "quiet")])
        for year, values in result.months.items():
            line: Line = [(f" {year}", "quiet")]
            for month in part:
                text = grouped(values[month] * 100, digits, "+") if defined(values[month]) else ""
                line.append((number(text, wide[month]), tone(values[month]) if text else ""))
            lines.append(line)
    return [*lines, []]
