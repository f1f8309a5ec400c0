"""A stretch of a stored series as plain text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.results.caveats import SIMULATED
from engine.results.number_format import UNDEFINED, defined, whole
from tui.number_format import table

if TYPE_CHECKING:
    from engine.results.series_stretch import SeriesStretch

PRICES = ("open", "high", "low", "close")
VALUES = ("first", "highest", "lowest", "last")


def stretch_table(found: SeriesStretch) -> str:
    """Which bars, and a row for each that they are joined to."""
    joined = found.bars / len(found.rows)
    scale = f", {joined:.3g} a row" if joined > 1 else ""
    part = f"{whole(found.bars)} of {whole(found.all)} bars{scale}"
    said = f"{found.series}: {part}, {whole(found.gaps)} gaps in all"
    volume = () if found.values else ("volume",)
    header = ("time (UTC)", *(VALUES if found.values else PRICES), *volume, "bars", "missing", "flagged")
    bars = found.candles
    columns = [bars.open, bars.high, bars.low, bars.close, *([] if found.values else [found.volume])]
    rows = [
        [
            f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m-%d %H:%M}",
            *(f"{column[at]:,.7g}" if defined(column[at]) else UNDEFINED for column in columns),
            whole(found.rows[at]),
            whole(found.missing[at]) if found.missing[at] else "",
            found.odd[at],
        ]
        for at, moment in enumerate(bars.time_ms)
    ]
    lines = [SIMULATED] if found.simulated else []
    return "\n".join([*lines, said, table(header, rows, right=range(1, len(header) - 1))])
