"""Which settings fetch a stored series: those of the run that fetched it, or made from what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.settings import Settings
    from tui.watch import Snapshot

KINDS = ("candles", "funding", "open_interest")


def settings_for(series: Mapping[str, Any], snapshot: Snapshot, *, whole: bool) -> Settings:
    """Settings of an update that brings a series up to now; `whole` from its first value on, gaps included.

    Raises ChangeSettingsError where nothing is known to fetch it from.
    """
    from engine.settings import load, make

    name = series["series"]
    if not series.get("exchange"):
        raise ChangeSettingsError(
            f"series {name}", "came from a file", "Import the file again when it has grown: i"
        )
    start = [f"data.start={series['first']}"] if whole and series.get("first") else []
    runs = [each for each in snapshot.runs if name in each.state.sources]
    if runs:
        return load(runs[-1].run.settings_path, ["data.end=", *start])
    if series.get("simulated"):
        raise ChangeSettingsError(
            f"series {name}", "is simulated, by a run that is gone", "Start the demo on Train: d"
        )
    return make(
        {"data": source(series["exchange"], series["symbol"], series["timeframe"], series["kind"])}, start
    )


def source(exchange: str, symbol: str, timeframe: str, kind: str) -> dict[str, Any]:
    """The data settings that fetch a source; with funding or open interest its candles come, too."""
    if kind == "candles":
        return {"exchange": exchange, "symbol": symbol, "timeframe": timeframe}
    perpetual = {"perpetual_exchange": exchange, "perpetual_symbol": symbol, kind: True}
    step = timeframe if kind == "open_interest" else "1h"
    return {"exchange": exchange, "symbol": symbol, "timeframe": step, **perpetual}
