"""The layout of result.json in version 0.1, brought to the present one."""

from __future__ import annotations

from typing import Any

SCHEMA = 2  # 1 is the layout of version 0.1, which had no number of its own


def upgraded(told: dict[str, Any]) -> dict[str, Any]:
    """A result as the present version writes it; one that is of the present version is left as it is."""
    if "schema" in told:
        return told
    now = with_notes(told)
    ways = told.get("fills") or {}
    now["fills"] = {"scenarios": ways["ways"], "share": ways.get("share")} if "ways" in ways else None
    now["trials"] = told.get("ledger") or None
    now["files"] = {name: told[name] for name in ("trades", "equity", "predictions") if told.get(name)}
    forecasts = (told.get("forecast") or {}).get("forecasts") or 0
    now["decided_by"] = "lstm" if forecasts else ""
    now["schema"] = SCHEMA
    return now


def with_notes(told: dict[str, Any]) -> dict[str, Any]:
    """A result whose notes are facts, those that were written as sentences included."""
    notes = [
        note if isinstance(note, dict) else {"code": "text", "values": {"text": str(note)}}
        for note in told.get("notes") or []
    ]
    return {**told, "notes": notes}


def with_figures(told: dict[str, Any]) -> dict[str, Any]:
    """The result of several seeds whose rows have their figures in a table of their own."""
    rows = [
        row if "figures" in row else {"seed": row.pop("seed"), "run": row.pop("run"), "figures": row}
        for row in map(dict, told.get("seeds") or [])
    ]
    return {**told, "seeds": rows} if rows else told
