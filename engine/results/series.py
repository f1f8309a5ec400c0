"""Stored series as the app and the command line show them: what there is, what was found, what was done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesKind:
    """A kind of series: its name, its name on screens, what it holds, and its period if that is fixed."""

    name: str
    label: str
    doc: str
    period: str = ""
