"""Ranges that stand in a setting's place in a file, moved into search.space.

tree = lifted(read_toml(path))
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from engine.settings.tree import defaults
from engine.settings.writing import toml_value


def lifted(tree: dict[str, Any]) -> dict[str, Any]:
    """The tree of a settings file, its ranges and lists of values moved out of the settings' places."""
    moved: dict[str, Any] = {}
    space: list[str] = []
    for group, table in tree.items():
        if not isinstance(table, dict) or group == "search":
            moved[group] = dict(table) if isinstance(table, dict) else table
            continue
        moved[group] = {}
        for name, value in table.items():
            if is_searched(f"{group}.{name}", value):
                space.append(f"{group}.{name} = {inline(value)}")
            else:
                moved[group][name] = value
    if space:
        search = moved.setdefault("search", {})
        own = search.get("space", []) if isinstance(search, dict) else None
        if isinstance(own, list):  # what else stands there is told as any wrong setting
            search["space"] = [*own, *space]
    return moved


def is_searched(key: str, value: Any) -> bool:
    """Whether what stands in a setting's place is to be searched: a range, or values to choose from."""
    if isinstance(value, dict):
        return True
    own = isinstance(defaults().get(key), tuple)
    return isinstance(value, list) and (not own or any(isinstance(each, list) for each in value))


def inline(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, dict):
        parts = ", ".join(
            f"{toml_value(name) if '.' in name else name} = {inline(part)}" for name, part in value.items()
        )
        return f"{{{parts}}}"
    if isinstance(value, dt.date | dt.time) or (isinstance(value, float) and not math.isfinite(value)):
        return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    return toml_value(value)
