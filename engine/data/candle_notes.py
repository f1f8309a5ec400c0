"""What a reader of figures has to know of the candles behind them: none of them goes missing unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.market.quality import QualityReport


ROUTINE = ("times", "unknown volumes")  # codes of an import's notes that move no figure, or are told here


def of_file(series: str, report: QualityReport) -> list[Note]:
    """The same of a file that was not imported before: what was understood, left out and lacks, too."""
    shown = [note for note in report.notes if note.code not in ROUTINE]
    return [*losses(series, report.as_dict()), *holes(series, len(report.gap_list), report.missing), *shown]


def losses(series: str, report: Mapping[str, Any]) -> list[Note]:
    """What a check left out and did not know, from QualityReport.as_dict; nothing if all is well."""
    notes = []
    rejected = report.get("rejected_by") or {}
    if rejected:
        reasons = ", ".join(f"{count:,} times {reason}" for reason, count in rejected.items())
        notes.append(
            Note("rows rejected", {"series": series, "rows": sum(rejected.values()), "why": reasons})
        )
    if duplicates := report.get("duplicates"):
        known = {"rows": duplicates, "conflicting": report.get("conflicting") or 0}
        notes.append(Note("rows of one time", {"series": series, **known}))
    if incomplete := report.get("incomplete"):
        notes.append(Note("rows not complete", {"series": series, "rows": incomplete}))
    if unknown := report.get("unknown_volume"):
        notes.append(Note("volume not known", {"series": series, "rows": unknown}))
    return notes


def holes(series: str, gaps: int, bars: int) -> list[Note]:
    """That a series lacks bars, if it does."""
    return [Note("series has gaps", {"series": series, "bars": bars, "gaps": gaps})] if gaps else []
