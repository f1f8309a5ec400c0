"""The settings that a command line means: a file, and what `-s` puts on top of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import settings
from tui.settings.files import DEFAULT_FILE

if TYPE_CHECKING:
    from engine.settings import Settings


def from_file(config: str | None, overrides: list[str] | None) -> Settings:
    """Settings of `-c FILE`, or of ./quantdeck.toml if there is one, or the defaults; then `-s`."""
    path = Path(config or DEFAULT_FILE)
    return settings.load(path if config or os.path.lexists(path) else None, overrides or [])


def on_top_of(base: dict[str, Any], config: str | None, overrides: list[str] | None, where: str) -> Settings:
    """Settings of a tree, then the keys that a file named by `-c` has, then `-s`."""
    tree = {group: dict(table) for group, table in base.items()}
    if config:
        where = config
        overlay(tree, settings.read_toml(Path(where)))
    return settings.make(tree, overrides or [], where)


def overlay(tree: dict[str, Any], upper: dict[str, Any]) -> None:
    """Put the keys of `upper` over those of `tree`, table by table."""
    for group, table in upper.items():
        if isinstance(table, dict) and isinstance(tree.get(group), dict):
            tree[group] = tree[group] | table
        else:
            tree[group] = table
