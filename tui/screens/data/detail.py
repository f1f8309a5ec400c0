"""What the screen Data says of one series: gaps, what was repaired, where it came from."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from engine.results.number_format import UNDEFINED, whole

if TYPE_CHECKING:
    from engine.results.series import Gap, SeriesDetail, StoredSeries
    from tui.widgets.lines import Line

LISTED = 200
COUNTED = {
    "rows_read": "read", "rows_stored": "stored", "duplicates": "duplicates merged",
    "conflicting": "conflicting", "rejected": "rejected", "flagged": "flagged", "spikes": "spikes",
    "zero_volume": "without volume",
}  # fmt: skip


def detail(answer: SeriesDetail, error: str, width: int) -> list[Line]:
    """Gaps, what was repaired, where it came from; `width` is that of a line."""
    facts, report = answer.facts, answer.report
    lines: list[Line] = wrapped(f"last update failed: {error}", width, "bad") if error else []
    head = "values without a step have no gaps"
    if answer.step_ms:
        gaps = "1 gap" if answer.gap_count == 1 else f"{whole(answer.gap_count)} gaps"
        head = f"{whole(answer.missing)} bars missing in {gaps}" if answer.gap_count else "none"
    if facts.calendar not in {"", "24/7"}:
        head += f"; trades {facts.calendar}, {whole(report.closures)} days closed"
    mark = "  SIMULATED" if facts.simulated else ""
    lines.append([(" Gaps  ", "bright"), (head, ""), (mark, "warn")])
    lines += [gap_line(gap, from_file=not facts.exchange) for gap in answer.gaps[:LISTED]]
    counts = [f"{whole(getattr(report, key))} {label}" for key, label in COUNTED.items()]
    lines += [[], [(" Report", "bright")], *wrapped(" · ".join(counts), width)]
    for reason, count in report.rejected_by.items():
        lines += wrapped(f"rejected {whole(count)}: {reason}", width, "warn")
    for flag in report.flag_list[:LISTED]:
        lines += wrapped(f"{when(flag.start)}  flagged, {flag.reason}", width)
    for note in report.notes:
        lines += wrapped(note.text, width, "warn")
    lines += [[], [(" From", "bright")], *wrapped(facts.series, width), *wrapped(provenance(facts), width)]
    lines += wrapped(f"{when(facts.first)} → {when(facts.last)}, content {facts.content[:16]}", width)
    lines += [[], [(" Rules", "bright")]]
    return lines + [line for rule in report.rules for line in wrapped(rule, width, "quiet")]


def wrapped(text: str, width: int, role: str = "") -> list[Line]:
    """A text in lines, one cell from the edge."""
    return [[(f" {line}", role)] for line in textwrap.wrap(text, max(20, width - 3))]


def gap_line(gap: Gap, *, from_file: bool) -> Line:
    """Where a gap begins, how long it is, and why it is there."""
    why = "not asked for yet: r repairs" if not gap.absent else "the exchange has none"
    long = f"{whole(gap.bars)} {'bar' if gap.bars == 1 else 'bars'}"
    return [(f" {when(gap.start)}  {long:>10}   ", ""), ("not in the file" if from_file else why, "quiet")]


def provenance(facts: StoredSeries) -> str:
    """Where a series came from, in a line."""
    origin = "  ".join(f"{key} {str(value)[:24]}" for key, value in facts.origin.items() if value)
    place = f"{facts.exchange} {facts.symbol}" if facts.exchange else "a file"
    return f"{place}  {origin}".strip()


def when(moment: str | None) -> str:
    """`2017-09-22 20:00`."""
    return (moment or UNDEFINED)[:16].replace("T", " ")
