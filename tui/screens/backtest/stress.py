"""The stress tests of a result: late fills, capital and costs; where the money was made, beside or below."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from engine.results.number_format import UNDEFINED, amount, defined, percent
from engine.results.trust_tables import late_by
from tui.screens.backtest.drawing import tone, why_absent
from tui.widgets.lines import Line, number

if TYPE_CHECKING:
    from engine.results.backtest import BacktestResult
    from engine.results.stress import StressTests

LEFT, RIGHT = 40, 39  # columns; the panel fits 80
HUGE = 100.0  # a return from which on there is no room for its decimals
MULTIPLES = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


def stress(recorded: BacktestResult, width: int) -> list[Line]:
    """The panel, of the run as it was recorded."""
    head: Line = [(" stress tests", "bright"), ("  of the run as it was recorded", "quiet")]
    found = recorded.stress
    if found is None:
        return [head, [(f" {why_absent(recorded)}", "quiet")]]
    nothing: Line = []
    if width < LEFT + RIGHT:
        below: list[Line] = [[(" ", ""), *line] for line in regimes(found)]
        return [head, *late_and_larger(found), nothing, *below]
    rows = itertools.zip_longest(late_and_larger(found), regimes(found), fillvalue=nothing)
    return [head, *([*filled(left), *right] for left, right in rows)]


def late_and_larger(found: StressTests) -> list[Line]:
    """Return and Sharpe ratio of late fills and of larger capitals; costs, capacity, length of the record."""
    late = [(late_by(each.bars), each.total_return, each.sharpe) for each in found.delays]
    larger = [
        (f"capital {money(each.capital)}", each.total_return, each.sharpe) for each in found.capacity.rows
    ]
    needed, days = found.track_record.needed, found.track_record.days
    return [
        [(f" {'':<15}{'return %':>12}{'Sharpe':>9}", "quiet")],
        *map(row, [*late, *larger]),
        fact("break-even cost a fill", f"{amount(found.break_even.bps)} bps"),
        fact("capital that halves the return", money(found.capacity.half)),
        fact("days needed / in test", f"{math.ceil(needed):,} / {days:,}" if defined(needed) else UNDEFINED),
    ]


def row(values: tuple[str, float, float]) -> Line:
    """A name, a return, a Sharpe ratio."""
    name, made, ratio = values
    return [(f" {name:<15}", ""), (number(gain(made), 12), tone(made)), (number(amount(ratio), 9), "")]


def fact(label: str, value: str) -> Line:
    """A label and its value, as wide as a row."""
    return [(f" {label}", "quiet"), (value.rjust(LEFT - 4 - len(label)), "")]


def regimes(found: StressTests) -> list[Line]:
    """Share of the bars, what was earned, and Sharpe ratio."""
    lines: list[Line] = [[(f"{'regime':<15}{'bars %':>6}{'earned %':>10}{'Sharpe':>8}", "quiet")]]
    for each in found.regimes:
        share = percent(each.share).split(".")[0]
        lines.append(
            [
                (f"{f'{each.kind} {each.name}':<17}{share:>4}", ""),
                (number(gain(each.earned), 10), tone(each.earned)),
                (number(amount(each.sharpe), 8), ""),
            ]
        )
    return lines


def gain(value: float) -> str:
    """A return in percent with its sign, in nine columns at most."""
    if not defined(value):
        return UNDEFINED
    return f"{value * 100:+,.2f}" if abs(value) < HUGE else f"{value * 100:+.1e}"


def money(value: float) -> str:
    """An amount with three digits: 23.3k."""
    if not defined(value):
        return UNDEFINED
    size, name = next(((size, name) for size, name in MULTIPLES if value >= size), (1.0, ""))
    return f"{value / size:.3g}{name}"


def filled(line: Line) -> Line:
    """A line of the left column, as wide as that is."""
    return [*line, (" " * (LEFT - sum(len(text) for text, _ in line)), "")]
