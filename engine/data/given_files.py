"""What somebody gives to be traded, as a file or a frame: candles, signals, funding rates.

Candles and rates go through the checks of an import, and what these found goes with them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.data.candle_notes import of_file
from engine.data.importing import files
from engine.data.importing.hints import NO_HINTS
from engine.data.importing.losses import refuse_losses
from engine.errors import ChangeSettingsError, RepairDataError, printable
from engine.market.calendar import Calendar
from engine.market.candles import PRICES, Checked, check, check_values, step_of
from engine.market.funding import with_mark

if TYPE_CHECKING:
    from engine.data.importing.hints import Hints
    from engine.results.notes import Note


@dataclass(frozen=True, eq=False)
class Candles:
    """A checked candles frame, its market, and what a reader of figures has to know of it."""

    frame: pd.DataFrame
    calendar: Calendar
    symbol: str
    notes: tuple[Note, ...]


def candles_of(given: str | Path | pd.DataFrame, now_ms: int, hints: Hints = NO_HINTS) -> Candles:
    """Candles of a file or a frame.

    Raises what files.read and files.check_file do, ChangeSettingsError for a file of something else.
    """
    if isinstance(given, pd.DataFrame):
        name, symbol, checked = "candles", "", checked_frame(given, now_ms, hints)
    else:
        path = Path(given)
        found = files.read(path, hints=hints)
        if found.kind != "candles":
            raise ChangeSettingsError(str(path), f"holds {found.kind}, not candles", "Name a file of candles")
        checked, name = files.check_file(path, found, now_ms, hints), printable(path.name)
        symbol = found.symbol or files.name_of(path)
    report = checked.report
    calendar = Calendar.parse(report.calendar, report.step_ms)
    return Candles(checked.frame, calendar, symbol, tuple(of_file(name, report)))


def checked_frame(frame: pd.DataFrame, now_ms: int, hints: Hints) -> Checked:
    """A frame as if it were a file's; without a column volume it is unknown. Raises RepairDataError."""
    if missing := [name for name in PRICES if name not in frame]:
        reason = f"have no column {', '.join(missing)}"
        raise RepairDataError("candles", reason, "Give open, high, low, close and volume, by time")
    whole = frame if "volume" in frame else frame.assign(volume=np.nan)
    checked = check(whole, step_of(whole.index), now_ms)
    refuse_losses(
        "candles", whole, checked.report, lambda row: written(frame, row), accepted=hints.accept_losses
    )
    return checked


def written(frame: pd.DataFrame, row: int) -> str:
    """A row of a frame, from 0 on, for a person."""
    return printable(" ".join(map(str, (frame.index[row], *frame.iloc[row]))))


def signals_of(given: str | Path | pd.Series, hints: Hints = NO_HINTS) -> pd.Series:
    """Numbers by time, in the file's order, named after their column; NaN where a cell is empty.

    Raises what files.read does, ChangeSettingsError for candles, RepairDataError for a cell that is neither
    empty nor a number.
    """
    if isinstance(given, pd.Series):
        return given
    path = Path(given)
    found = files.read(path, hints=hints)
    if found.kind == "candles":
        raise ChangeSettingsError(str(path), "holds candles, not signals", "Give a time and one other column")
    if found.unreadable:
        row, text = found.unreadable
        reason = f"row {row} says {printable(text)} in column {printable(found.column)}, which is no number"
        raise RepairDataError(str(path), reason, "Give 1, -1 and 0, or target weights, or leave it empty")
    if any(note.code == "values in a unit" for note in found.notes):
        reason = f"holds per cent or basis points in column {printable(found.column)}"
        raise RepairDataError(str(path), reason, "Give 1, -1 and 0, or target weights such as 0.5 for 50 %")
    values = found.frame["value"].rename(found.column)
    refuse_unclear(path, found, values)
    return values


def refuse_unclear(path: Path, found: files.FileSeries, values: pd.Series) -> None:
    """RepairDataError that names the row for a time that was given before, and for a cell such as NaN.

    An empty cell keeps the position; what one that says NaN means, nobody knows.
    """
    again = np.flatnonzero(values.index.duplicated() & values.index.notna())
    if len(again):
        row = int(again[0])
        first = int(np.flatnonzero(values.index == values.index[row])[0])
        reason = (
            f"says {values.index[row]:%Y-%m-%d %H:%M:%S} in row {row + 1} and in row {first + 1} before it"
        )
        raise RepairDataError(str(path), reason, "Give one value a bar")
    unknown = np.flatnonzero(values.isna()).tolist() if found.decimals is not None else []
    for row in unknown:
        cell = re.split(r"[,;\t|]", found.written(row))[-1].strip().strip('"')
        if cell:
            reason = f"row {row + 1} says {printable(cell)} in column {printable(found.column)}"
            raise RepairDataError(
                str(path), reason, "Leave the cell empty to keep the position, or say 0 to close it"
            )


def rates_of(
    given: str | Path | pd.Series,
    mark: str | Path | pd.DataFrame | None,
    now_ms: int,
    hints: Hints = NO_HINTS,
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Funding rates by stamp as a values frame, with the mark price at the stamps where it is given.

    Raises what files.read and files.check_file do, ChangeSettingsError for a file of candles.
    """
    if isinstance(given, pd.Series):
        name, frame = "funding", given.astype(np.float64).to_frame("value")
        checked = check_values(frame, now_ms)
        refuse_losses(
            name, frame, checked.report, lambda row: written(frame, row), accepted=hints.accept_losses
        )
    else:
        path = Path(given)
        found = files.read(path, hints=hints)
        if found.kind == "candles":
            raise ChangeSettingsError(str(path), "holds candles, not funding rates", "Give a time and a rate")
        checked, name = files.check_file(path, found, now_ms, hints), printable(path.name)
    rates, notes = checked.frame, of_file(name, checked.report)
    if mark is not None:
        prices = candles_of(mark, now_ms, hints)
        rates = with_mark(rates, prices.frame, prices.calendar)
        notes += prices.notes
    return rates, tuple(notes)
