"""All facts of a stored series: where its gaps are and why, the repair report, the provenance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.inventory import entry
from engine.data.store import Store
from engine.market.ranges import intersect
from engine.market.times import gaps, iso
from engine.results.codec import from_json, to_json
from engine.results.series import Gap, ImportReport, SeriesDetail
from engine.runs.folder import Home
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from engine.runs.events import Event

LISTED = 500


def detail(request: Event) -> dict[str, Any]:
    """The JSON of `described` for the series `series` of the home `home`."""
    return to_json(described(Store(Home(Path(str(request["home"]))).data), str(request["series"])))


def described(store: Store, name: str) -> SeriesDetail:
    """A series with its gaps and its report.

    Raises as Store.facts does, RepairDataError for facts of another shape.
    """
    facts = store.facts(name)
    report = from_json(ImportReport, facts.report, name)
    step_ms = report.step_ms or TIMEFRAME_MS.get(facts.timeframe, 0)
    holes = gaps(store.read(name, columns=()).frame.index, step_ms) if step_ms else []
    lengths = [round((end - start) / step_ms) for start, end in holes]
    listing = [
        Gap(str(iso(start)), str(iso(end)), bars, bool(intersect([(start, end)], facts.absent)))
        for (start, end), bars in zip(holes[:LISTED], lengths, strict=False)
    ]
    return SeriesDetail(entry(facts), step_ms, tuple(listing), len(holes), sum(lengths), report)
