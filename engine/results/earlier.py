"""The layout of result.json in version 0.1, brought to the present one."""

from __future__ import annotations

from typing import Any

from engine.errors import RepairDataError

SCHEMA = 2  # 1 is the layout of version 0.1, which had no number of its own


def upgraded(document: dict[str, Any], where: str) -> dict[str, Any]:
    """A backtest's result as the present version writes it; one of the present version is left as it is.

    Raises RepairDataError that names `where` for a result of a later version, and for a damaged one.
    """
    if "schema" in document:
        if isinstance(document["schema"], int) and document["schema"] > SCHEMA:
            reason = f"has layout {document['schema']}; layouts up to {SCHEMA} are known"
            raise RepairDataError(where, reason, "Open it with the version of quantdeck that wrote it")
        return document
    try:
        return first_layout(document)
    except (AttributeError, KeyError, TypeError) as error:
        raise RepairDataError(where, f"is no result of version 0.1: {error}", "Run it again") from None


def first_layout(document: dict[str, Any]) -> dict[str, Any]:
    """A result of version 0.1 as the present version writes it."""
    now = with_notes(document)
    ways = document.get("fills") or {}
    now["fills"] = {"scenarios": ways["ways"], "share": ways.get("share")} if "ways" in ways else None
    now["trials"] = document.get("ledger") or None
    now["files"] = {
        name: document[name] for name in ("trades", "equity", "predictions") if document.get(name)
    }
    forecasts = (document.get("forecast") or {}).get("forecasts") or 0
    now["decided_by"] = "lstm" if forecasts else ""
    now["schema"] = SCHEMA
    return now


def with_notes(document: dict[str, Any]) -> dict[str, Any]:
    """A result whose notes are facts, those that were written as sentences included."""
    written = document.get("notes") or []
    if not isinstance(written, list):
        return document
    notes = [
        note if isinstance(note, dict) else {"code": "text", "values": {"text": str(note)}}
        for note in written
    ]
    return {**document, "notes": notes}


def with_figures(document: dict[str, Any]) -> dict[str, Any]:
    """The result of several seeds whose rows have their figures in a table of their own."""
    written = document.get("seeds") or []
    if not (isinstance(written, list) and all(isinstance(row, dict) for row in written)):
        return document
    rows = [
        row if "figures" in row else {"seed": row.pop("seed"), "run": row.pop("run"), "figures": row}
        for row in map(dict, written)
    ]
    return {**document, "seeds": rows} if rows else document
