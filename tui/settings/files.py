"""The settings files that are looked for where quantdeck is started."""

from __future__ import annotations

from pathlib import Path

from engine.hints import file_hint

DEFAULT_FILE = "quantdeck.toml"
SPACE_FILE = "space.toml"


def search_hint(home: Path, space: Path) -> str:
    """The command that searches a space from any folder, on top of the settings that are here now."""
    here = Path(DEFAULT_FILE)
    if here.exists():
        return file_hint(home, "search -c FILE FILE", here, space)
    return file_hint(home, "search FILE", space)
