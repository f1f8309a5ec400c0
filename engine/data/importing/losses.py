"""How much of a file may be lost: a sound file loses nothing, and one in a hundred rows is an accident."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from engine.data.importing.times import FORMS
from engine.errors import Problem, RepairDataError
from engine.market.candles import PRICES
from engine.market.quality import NO_PRICES, NO_VALUE, OFF_GRID, possible

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from engine.market.quality import QualityReport

MOST_LOST = 0.01  # of the rows
MOST_CONFLICTING = 0.2  # of the rows: bars of a minute hardly ever differ by 1 %
HOLIDAYS = (NO_PRICES, NO_VALUE)  # reasons of rows that say nothing: no candle or value, and no loss
LIKELY = {
    "time not readable": (
        "They may be of an hour that clocks skip, or of one that they show twice, which only rows in the "
        f"order of time tell apart; or of no form: {FORMS}"
    ),
    "not a number": (
        "Their numbers may be of another locale (--decimal point or comma), in 32nds (150'15), which are not "
        "read, or missing"
    ),
    "price not above 0": "Prices of 0 and below are not supported: no return can be told of them",
    OFF_GRID: "The file may hold bars of several lengths, or of a zone whose clocks change (--timezone)",
}


def refuse_losses(
    thing: str, frame: pd.DataFrame, report: QualityReport, written: Callable[[int], str], *, accepted: bool
) -> None:
    """RepairDataError if more than one row in a hundred would be lost or contradicts another, or all of them.

    `frame` is what was checked, `written` a row of it, from 0 on, as the file has it.
    """
    lost = report.rejected - sum(report.rejected_by.get(reason, 0) for reason in HOLIDAYS)
    counts = ", ".join(f"{count} times {reason}" for reason, count in report.rejected_by.items())
    rows = first_rows(report, written)
    if report.first_ms is None:
        reason = f"has no sound row among {report.rows_read}: {counts or 'none is complete yet'}"
        raise RepairDataError(thing, reason, reason_of(frame, report), rows)
    if accepted:
        return
    if lost > MOST_LOST * report.rows_read:
        reason = f"would lose {lost} of its {report.rows_read} rows: {counts}"
        remedy = f"{reason_of(frame, report)}. Take the others with --accept-losses"
        raise RepairDataError(thing, reason, remedy, rows)
    if report.far_apart > MOST_LOST * report.rows_read:
        reason = (
            f"has {report.far_apart} rows of {report.rows_read} that contradict another row of the same time "
            "by more than 1 % in a price"
        )
        remedy = "It may hold several markets, or local times. Take the finer rows with --accept-losses"
        raise RepairDataError(thing, reason, remedy)
    refuse_repetition(thing, report)


def refuse_repetition(thing: str, report: QualityReport) -> None:
    """RepairDataError if many rows share their time with another one and differ from it, however little."""
    if report.conflicting > MOST_CONFLICTING * report.rows_read:
        reason = (
            f"has {report.conflicting} rows of {report.rows_read} that share their time with another row and"
        )
        remedy = "Its times may have lost their minutes or seconds, or it may hold several markets"
        raise RepairDataError(thing, f"{reason} differ", f"{remedy}. Take one of each with --accept-losses")


def first_rows(report: QualityReport, written: Callable[[int], str]) -> list[Problem]:
    """The first three rows that are lost, as the file has them."""
    rows = [entry for entry in report.rejected_list if entry["reason"] not in HOLIDAYS][:3]
    return [
        Problem(f"row {entry['row']}", written(entry["row"] - 1)[:120], entry["reason"]) for entry in rows
    ]


def reason_of(frame: pd.DataFrame, report: QualityReport) -> str:
    """The likely reason why rows are lost."""
    said = [vars(note)["values"] for note in report.notes if note.code == "rows of another width"]
    other: dict[str, int] = said[0] if said else {}
    if 2 * int(other.get("rows", 0)) > report.rejected:
        return f"They have not the {other['width']} columns of the others"
    most = max(report.rejected_by, key=lambda reason: report.rejected_by[reason], default="")
    if most in {"high below low", "open or close outside low and high"}:
        columns = [frame[name].to_numpy() for name in PRICES]
        for order in permutations(range(4)):
            if order != (0, 1, 2, 3) and possible(*(columns[place] for place in order)) > 1 - MOST_LOST:
                names = ", ".join(PRICES[order.index(place)] for place in range(4))
                return f"The columns may stand in another order: {names}"
    return LIKELY.get(most, "The file itself may be broken in these rows: get it again from where it came")
