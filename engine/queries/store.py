"""Questions about the store of the home that a request names."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.runs.folder import Home

if TYPE_CHECKING:
    from engine.runs.events import Emit, Event


def import_file(request: Event, emit: Emit) -> dict[str, Any]:
    """Read a file of candles or values into the store; answer with its repair report."""
    from engine.data.importing import files
    from engine.data.importing.hints import Hints
    from engine.data.store import Store

    store, path, hints = Store(folder(request)), Path(request["path"]), Hints(**request.get("hints", {}))
    named = request.get("name") or None
    report = files.import_file(path, store, named, now_ms=now_ms(), hints=hints, emit=emit)
    return report.as_dict()


def status(request: Event) -> dict[str, Any]:
    """What the store holds; of an empty one that is said before pandas is there to read it."""
    if not request.get("kinds") and not any(folder(request).glob("*.parquet")):
        return {"folder": str(folder(request)), "series": [], "broken": [], "kinds": []}
    from engine.data import inventory
    from engine.results.codec import to_json

    return to_json(inventory.status(folder(request)))


def verify(request: Event) -> dict[str, Any]:
    """Whether every stored series is what was stored."""
    from engine.data import inventory
    from engine.results.codec import to_json

    return to_json(inventory.verify(folder(request)))


def repair(request: Event, emit: Emit) -> dict[str, Any]:
    """Repair a stored series by the settings' policy, or take the last repair back."""
    import asyncio

    from engine.data import repair
    from engine.data.store import Store
    from engine.results.codec import to_json
    from engine.settings import make

    store = Store(folder(request))
    if request.get("undo"):
        return to_json(repair.undo(request["series"], store, now_ms()))
    settings = make(request.get("settings", {}))
    work = repair.repair(request["series"], store, settings.data, settings.repair, now_ms(), emit)
    return to_json(asyncio.run(work))


def export(request: Event) -> dict[str, Any]:
    """Write a stored series to a CSV or Parquet file."""
    from engine.data import inventory
    from engine.results.codec import to_json

    return to_json(inventory.export(folder(request), request["series"], Path(request["path"])))


def folder(request: Event) -> Path:
    """Where the home that a request names keeps its series."""
    return Home(Path(request["home"])).data


def now_ms() -> int:
    """The present in ms since 1970."""
    return time.time_ns() // 1_000_000
