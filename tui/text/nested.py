"""A search through time as text: its figures end to end, and a row for each span."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.caveats import SIMULATED
from engine.results.number_format import amount, percent, whole
from tui.number_format import table

if TYPE_CHECKING:
    from engine.results.nested import NestedResult

HEADER = ("span", "traded from", "to", "search", "promised", "Sharpe", "return %", "hold %")


def nested_figures(result: NestedResult) -> list[tuple[str, str]]:
    """Each figure of the spans end to end, after its label."""
    between = f"{amount(result.sharpe_low)} … {amount(result.sharpe_high)}"
    return [
        ("Sharpe", f"{amount(result.sharpe)} (95 % {between})"),
        ("promised by the searches", amount(result.inner_sharpe)),
        ("return", f"{percent(result.total_return)} %"),
        ("max drawdown", f"{percent(result.max_drawdown)} %"),
        ("buy and hold: Sharpe", amount(result.hold_sharpe)),
        ("return of buy and hold", f"{percent(result.hold_return)} %"),
        ("max drawdown of buy and hold", f"{percent(result.hold_drawdown)} %"),
        ("days", whole(result.days)),
    ]


def nested_summary(result: NestedResult) -> str:
    """What the spans came to, end to end and each."""
    rows = [
        [
            str(each.span), each.start[:10], each.end[:10], each.search, amount(each.inner_sharpe),
            amount(each.sharpe), percent(each.total_return), percent(each.buy_and_hold),
        ]
        for each in result.spans
    ]  # fmt: skip
    lines = [
        *([SIMULATED] if result.simulated else []),
        f"{result.start[:10]} to {result.end[:10]}",
        table(("", ""), nested_figures(result)).strip("\n"),
        "",
        table(HEADER, rows, right=(0, *range(4, len(HEADER)))),
    ]
    return "\n".join([*lines, *(f"note: {note.text}" for note in result.notes)])
