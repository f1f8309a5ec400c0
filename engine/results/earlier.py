"""The layout of result.json in version 0.1, brought to the present one."""

from __future__ import annotations

from typing import Any

from engine.errors import RepairDataError

SCHEMA = 2  # 1 is the layout of version 0.1, which had no number of its own


def upgraded(told: dict[str, Any], where: str) -> dict[str, Any]:
    """A backtest's result as the present version writes it; one of the present version is left as it is.

    Raises RepairDataError that names `where` for a result of a later version, and for a damaged one.
    """
    if "schema" in told:
        if isinstance(told["schema"], int) and told["schema"] > SCHEMA:
            reason = f"has layout {told['schema']}; layouts up to {SCHEMA} are known"
            raise RepairDataError(where, reason, "Open it with the version of quantdeck that wrote it")
        return told
    try:
        return first_layout(told)
    except (AttributeError, KeyError, TypeError) as error:
        raise RepairDataError(where, f"is no result of version 0.1: {error}", "Run it again") from None


def first_layout(told: dict[str, Any]) -> dict[str, Any]:
    """A result of version 0.1 as the present version writes it."""
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
    written = told.get("notes") or []
    if not isinstance(written, list):
        return told
    notes = [
        note if isinstance(note, dict) else {"code": "text", "values": {"text": str(note)}}
        for note in written
    ]
    return {**told, "notes": notes}


def with_figures(told: dict[str, Any]) -> dict[str, Any]:
    """The result of several seeds whose rows have their figures in a table of their own."""
    written = told.get("seeds") or []
    if not (isinstance(written, list) and all(isinstance(row, dict) for row in written)):
        return told
    rows = [
        row if "figures" in row else {"seed": row.pop("seed"), "run": row.pop("run"), "figures": row}
        for row in map(dict, written)
    ]
    return {**told, "seeds": rows} if rows else told
