"""A chart as a file of its own: title, what must be read with it, legend, and panels under each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from engine.errors import ChangeSettingsError
from engine.queries.report.style import CHART, with_colours
from engine.queries.report.svg import LEFT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD, LINE, SWATCH = 30, 18, 28  # pixels: of the title, a line of text, a line's sample
OPENING = re.compile(r'<svg viewBox="0 0 \d+ (\d+)"')
OWN = """
.page { fill: var(--page); }
text.title { fill: var(--ink); font-size: 16px; font-weight: 600; }
text.warn { fill: var(--loss); font-weight: 600; }
"""


@dataclass(frozen=True)
class Sheet:
    """What a chart's file holds.

    said, warned: lines of text, and of what must be seen before any figure. legend: CSS class of a line and
    what it is. panels: as `svg` and `candles_svg` make them.
    """

    title: str
    said: tuple[str, ...]
    warned: tuple[str, ...]
    legend: tuple[tuple[str, str], ...]
    panels: tuple[str, ...]

    def svg(self) -> str:
        """The whole document."""
        y = HEAD
        parts = [f'<text class="title" x="{LEFT}" y="22">{escape(self.title)}</text>']
        for text, name in (*((each, "warn") for each in self.warned), *((each, "") for each in self.said)):
            y += LINE
            parts.append(f'<text class="{name}" x="{LEFT}" y="{y - 4}">{escape(text)}</text>')
        for row in rows(self.legend):
            y += LINE
            parts += [part for x, name, text in row for part in entry(x, y, name, text)]
        for panel in self.panels:
            parts.append(
                OPENING.sub(rf'<svg y="{y}" width="{WIDTH}" height="\1" viewBox="0 0 {WIDTH} \1"', panel)
            )
            y += int(OPENING.match(panel)[1]) if OPENING.match(panel) else 0  # type: ignore[index]
        opening = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}">'
        )
        style = f"<style>{with_colours(CHART + OWN)}</style>"
        paper = f'<rect class="page" width="{WIDTH}" height="{y}"/>'
        return "\n".join([opening, style, paper, *parts, "</svg>\n"])


def rows(legend: Iterable[tuple[str, str]]) -> list[list[tuple[int, str, str]]]:
    """Entries of a legend with their places, in as many rows as they take."""
    found: list[list[tuple[int, str, str]]] = []
    x = WIDTH
    for name, text in legend:
        wide = SWATCH + 8 + 7 * len(text) + 24  # text of 12 pixels is about 7 wide
        if x + wide > WIDTH:
            found.append([])
            x = LEFT
        found[-1].append((x, name, text))
        x += wide
    return found


def entry(x: int, y: int, name: str, text: str) -> list[str]:
    """A sample of a line and what it is."""
    return [
        f'<polyline class="{name}" points="{x},{y - 8} {x + SWATCH},{y - 8}"/>',
        f'<text x="{x + SWATCH + 8}" y="{y - 4}">{escape(text)}</text>',
    ]


def png_of(text: str) -> bytes:
    """An SVG document as a picture. Raises ChangeSettingsError without the extra that draws it."""
    try:
        import resvg_py
    except ImportError:
        raise ChangeSettingsError(
            "a chart as PNG",
            "takes the extra png",
            "Install it: pip install 'quantdeck[png]', or end the name in .svg",
        ) from None
    return bytes(resvg_py.svg_to_bytes(svg_string=text, width=2 * WIDTH))
