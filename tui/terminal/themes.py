"""The app's two own themes, and the colours of roles that every theme gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.color import Color
from textual.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Mapping

DARK = Theme(
    name="quantdeck-dark",
    dark=True,
    primary="#5fafff",
    accent="#5fd7d7",
    foreground="#d7dae0",
    background="#101216",
    surface="#101216",
    panel="#22262e",
    success="#5fd787",
    warning="#ffd75f",
    error="#ff6b6b",
)
LIGHT = Theme(
    name="quantdeck-light",
    dark=False,
    primary="#005faf",
    accent="#007078",
    foreground="#1c1f24",
    background="#fafafa",
    surface="#fafafa",
    panel="#e4e6ea",
    success="#007a1a",
    warning="#8a5a00",
    error="#b3261e",
)


def roles(variables: Mapping[str, str], *, dark: bool) -> dict[str, str]:
    """The colours behind the roles of text, derived from a theme's own so that they suit each theme."""
    foreground = Color.parse(variables.get("foreground") or ("#e0e0e0" if dark else "#202020"))
    background = Color.parse(variables.get("background") or ("#101010" if dark else "#fafafa"))
    return {"quiet": background.blend(foreground, 0.58).hex, "rule": background.blend(foreground, 0.25).hex}
