"""`quantdeck data show|coverage`: a stretch of a stored series, and which markets have candles when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import ChangeSettingsError
from engine.results.codec import to_json
from engine.results.coverage import coverage_of
from engine.results.series import StoreStatus
from engine.results.series_stretch import SeriesStretch
from tui.commands.answer import Answer
from tui.commands.data import request
from tui.text.coverage import coverage_text
from tui.text.series import stretch_table

if TYPE_CHECKING:
    from typing import Any

MOST = 1000


def show(home: str | None, series: str, begin: str, end: str, candles: int) -> Answer:
    """The bars between two times, joined to so many rows."""
    if not 1 <= candles <= MOST:
        raise ChangeSettingsError(f"--candles {candles}", "is out of range", f"Give 1 to {MOST:,}")
    asked: dict[str, Any] = {"series": series, "candles": candles, "from": begin, "to": end}
    found = request(home, "data.browse", SeriesStretch, **asked)
    return Answer(to_json(found), stretch_table(found))


def coverage(home: str | None, most: int) -> Answer:
    """The candles of all series by the finest period of which there are at most so many."""
    if not 1 <= most <= MOST:
        raise ChangeSettingsError(f"--periods {most}", "is out of range", f"Give 1 to {MOST:,}")
    found = coverage_of(request(home, "data.status", StoreStatus).series, most)
    return Answer(to_json(found), coverage_text(found))
