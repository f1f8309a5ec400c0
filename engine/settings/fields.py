"""What a setting allows, in words."""

from __future__ import annotations

from typing import Any

from engine.settings.tree import Settings


def allowed_values(key: str) -> str:
    """The range of a setting in words, such as `1 … 5000 bars`; empty if it has none."""
    field = field_of(key)
    if field is None:
        return ""
    bounds = {
        name: getattr(mark, name)
        for mark in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if hasattr(mark, name)
    }
    low = f"{bounds['ge']:,.12g}" if "ge" in bounds else f"above {bounds['gt']:g}" if "gt" in bounds else ""
    high = f"{bounds['le']:,.12g}" if "le" in bounds else f"below {bounds['lt']:g}" if "lt" in bounds else ""
    unit = unit_of(key)
    if low or high:
        return f"{low} … {high}{f' {unit}' if unit else ''}"
    return ", ".join(choices_of(key))


def choices_of(key: str) -> tuple[str, ...]:
    """The texts that a setting may be, where they are few; else none."""
    field = field_of(key)
    if field is None:
        return ()
    found = tuple(field.json_schema_extra["choices"]) or getattr(field.annotation, "__args__", ())
    return tuple(filter(None, found)) if all(isinstance(choice, str) for choice in found) else ()


def field_of(key: str) -> Any:
    """The field behind a dotted key, or None."""
    group, _, name = key.partition(".")
    table = Settings.model_fields.get(group)
    return table.default.__class__.model_fields.get(name.partition(".")[0]) if table else None


def unit_of(key: str) -> str:
    """The unit of a setting, empty if it has none."""
    field = field_of(key)
    return str(field.json_schema_extra["unit"]) if field else ""
