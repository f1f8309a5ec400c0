"""What the engine tells of stored series, made sound: every key is there and has the type that is drawn.

A store may hold files of another version, and facts that somebody wrote by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.number_format import defined
from tui.widgets.coverage_bar import seconds

TEXTS = ("series", "kind", "exchange", "symbol", "timeframe", "content")
NUMBERS = ("rows", "gaps", "missing", "flagged")
LISTS = ("flag_list", "notes", "rules")


def status_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to `data.status`: series and broken ones."""
    broken = [
        {key: text(each.get(key)) for key in ("series", "reason", "remedy")}
        for each in tables(answer, "broken")
    ]
    return {"series": [entry_of(each) for each in tables(answer, "series")], "broken": broken}


def entry_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """A series: texts, numbers or None, times that can be read or None, ranges of such times."""
    entry: dict[str, Any] = {key: text(told.get(key)) for key in TEXTS}
    entry |= {key: number(told.get(key)) for key in NUMBERS}
    entry |= {key: time(told.get(key)) for key in ("first", "last")}
    entry |= {key: ranges(told.get(key)) for key in ("known", "absent")}
    return entry | {"simulated": bool(told.get("simulated")), "origin": table(told.get("origin"))}


def detail_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to `data.detail`: facts, report, gaps."""
    report = table(answer.get("report"))
    report |= {key: report[key] if isinstance(report.get(key), list) else [] for key in LISTS}
    report |= {"flag_list": tables(report, "flag_list"), "rejected_by": table(report.get("rejected_by"))}
    gaps = [
        {"from": time(each.get("from")), "bars": number(each.get("bars")), "absent": bool(each.get("absent"))}
        for each in tables(answer, "gaps")
    ]
    counts = {key: number(answer.get(key)) for key in ("step_ms", "missing", "gap_count")}
    return {"facts": entry_of(table(answer.get("facts"))), "report": report, "gaps": gaps, **counts}


def text(value: Any) -> str:
    """Any value as text, nothing as none."""
    return "" if value is None else str(value)


def number(value: Any) -> float | None:
    """A finite number or None."""
    return value if defined(value) else None


def time(value: Any) -> str | None:
    """A time that can be read, or None."""
    try:
        seconds(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return str(value)


def ranges(value: Any) -> list[tuple[str, str]]:
    """The pairs of times among what was told."""
    pairs = [each for each in value if isinstance(each, list | tuple)] if isinstance(value, list) else []
    return [(each[0], each[1]) for each in pairs if len(each) == 2 and time(each[0]) and time(each[1])]


def table(value: Any) -> dict[str, Any]:
    """A table with texts as its keys."""
    return {str(key): each for key, each in value.items()} if isinstance(value, Mapping) else {}


def tables(told: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The tables in a list."""
    value = told.get(key)
    return [table(each) for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
