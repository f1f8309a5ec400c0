"""Settings as TOML, for a run's folder and for a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.settings.fields import allowed_values, field_of

if TYPE_CHECKING:
    from engine.settings.tree import Settings


def to_toml(settings: Settings, *, comments: bool = False) -> str:
    """The settings as TOML that `load` reads back unchanged; with comments for a person."""
    lines: list[str] = []
    for group, table in settings:
        lines += [f"# {table.__doc__}"] if comments else []
        lines.append(f"[{group}]")
        for name, value in table:
            key = f"{group}.{name}"
            if comments:
                allowed = allowed_values(key)
                lines.append(f"# {field_of(key).description}{f' ({allowed})' if allowed else ''}")
            lines.append(f"{name} = {toml_value(value)}")
        lines.append("")
    return "\n".join(lines)


def toml_value(value: Any) -> str:
    """A value as TOML writes it: as JSON does, but for the one character that only TOML forbids bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
