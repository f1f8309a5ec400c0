"""Which settings fetch a stored series: those of the run that fetched it, or made from what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError
from engine.results.series import SeriesKind

if TYPE_CHECKING:
    from engine.results.series import StoredSeries
    from engine.settings import Settings
    from tui.runs.watch import Snapshot


def settings_for(series: StoredSeries, snapshot: Snapshot, *, whole: bool) -> Settings:
    """Settings of an update that brings a series up to now; `whole` from its first value on, gaps included.

    Raises ChangeSettingsError where nothing is known to fetch it from.
    """
    from engine.settings import load, make

    named = f"series {series.series}"
    if not series.exchange:
        raise ChangeSettingsError(named, "came from a file", "Import the file again when it has grown: i")
    start = [f"data.start={series.first}"] if whole and series.first else []
    runs = [each for each in snapshot.runs if series.series in each.state.sources]
    if runs:
        return load(runs[-1].run.settings_path, ["data.end=", *start])
    if series.simulated:
        raise ChangeSettingsError(named, "is simulated, by a run that is gone", "Start the demo on Train: d")
    kind = SeriesKind(series.kind, series.label, period=series.period)
    return make({"data": source(series.exchange, series.symbol, series.timeframe, kind)}, start)


def source(exchange: str, symbol: str, timeframe: str, kind: SeriesKind) -> dict[str, Any]:
    """The data settings that fetch a source; with what joins candles these come, too."""
    if kind.name == "candles":
        return {"exchange": exchange, "symbol": symbol, "timeframe": timeframe}
    perpetual = {"perpetual_exchange": exchange, "perpetual_symbol": symbol, "also": [kind.name]}
    return {
        "exchange": exchange, "symbol": symbol, "timeframe": "1h" if kind.period else timeframe, **perpetual,
    }  # fmt: skip
