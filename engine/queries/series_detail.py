"""All facts of a stored series: where its gaps are and why, the repair report, the provenance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.inventory import entry
from engine.data.store import Store
from engine.market.ranges import intersect
from engine.market.times import gaps, iso
from engine.runs.folder import Home
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from engine.runs.events import Event

LISTED = 500


def detail(request: Event) -> dict[str, Any]:
    """The series `series` of the home `home`: {facts, gaps, gap_count, missing, report}.

    A gap is {from, to, bars, absent}; absent says that the exchange was asked and has none. Raises as
    Store.facts does.
    """
    store = Store(Home(Path(str(request["home"]))).data)
    facts = store.facts(str(request["series"]))
    step_ms = int(facts.report.get("step_ms") or TIMEFRAME_MS.get(facts.timeframe, 0))
    holes = gaps(store.read(facts.name, columns=()).frame.index, step_ms) if step_ms else []
    listing = [
        {
            "from": iso(start),
            "to": iso(end),
            "bars": round((end - start) / step_ms),
            "absent": bool(intersect([(start, end)], facts.absent)),
        }
        for start, end in holes[:LISTED]
    ]
    return {
        "facts": entry(facts),
        "step_ms": step_ms,
        "gaps": listing,
        "gap_count": len(holes),
        "missing": sum(round((end - start) / step_ms) for start, end in holes),
        "report": facts.report,
    }
