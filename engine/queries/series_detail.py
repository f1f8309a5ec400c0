"""All facts of a stored series: where its gaps are and why, the repair report, the provenance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.inventory import entry
from engine.data.series import calendar_of
from engine.data.store import Store
from engine.market.ranges import intersect
from engine.market.times import gaps, iso, milliseconds
from engine.results.codec import from_json
from engine.results.series import Gap, ImportReport, SeriesDetail
from engine.runs.home import Home
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from engine.data.series import Series
    from engine.runs.events import Event

LISTED = 500


def detail(request: Event) -> SeriesDetail:
    """The series `series` of the home `home`, with its gaps and its report.

    Raises as Store.facts does, RepairDataError for facts of another shape.
    """
    store, name = Store(Home(Path(str(request["home"]))).data), str(request["series"])
    facts = store.facts(name)
    report = from_json(ImportReport, facts.report, name)
    step_ms = report.step_ms or TIMEFRAME_MS.get(facts.timeframe, 0)
    holes = lacking(store.read(name, columns=()), step_ms) if step_ms else []
    listing = [
        Gap(str(iso(start)), str(iso(end)), bars, bool(intersect([(start, end)], facts.absent)))
        for start, end, bars in holes[:LISTED]
    ]
    missing = sum(bars for *_, bars in holes)
    return SeriesDetail(entry(facts), step_ms, tuple(listing), len(holes), missing, report)


def lacking(series: Series, step_ms: int) -> list[tuple[int, int, int]]:
    """Where the series lacks rows: [from_ms, to_ms) and how many."""
    if series.kind == "candles":
        return calendar_of(series).gaps(milliseconds(series.frame.index))
    return [(start, end, round((end - start) / step_ms)) for start, end in gaps(series.frame.index, step_ms)]
