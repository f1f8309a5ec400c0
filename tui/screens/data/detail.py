"""What the screen Data says of one series: gaps, what was repaired, where it came from."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from tui.number_format import UNDEFINED, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.widgets.lines import Line

LISTED = 200
TOLD = {
    "rows_read": "read", "rows_stored": "stored", "duplicates": "doubles resolved",
    "conflicting": "conflicting", "rejected": "rejected", "flagged": "flagged", "spikes": "spikes",
    "zero_volume": "without volume",
}  # fmt: skip


def detail(answer: Mapping[str, Any], error: str, width: int) -> list[Line]:
    """Gaps, what was repaired, where it came from; `width` is that of a line."""
    facts, report = answer["facts"], answer["report"]
    lines: list[Line] = told(f"last update failed: {error}", width, "bad") if error else []
    head = "values without a step have no gaps"
    if answer["step_ms"]:
        head = f"{whole(answer['missing'])} missing in {whole(answer['gap_count'])} gaps"
    mark = "  SIMULATED" if facts["simulated"] else ""
    lines.append([(" Gaps  ", "bright"), (head, ""), (mark, "warn")])
    lines += [gap_line(gap, from_file=not facts["exchange"]) for gap in answer["gaps"][:LISTED]]
    counts = [f"{whole(report[key])} {label}" for key, label in TOLD.items() if report.get(key) is not None]
    lines += [[], [(" Report", "bright")], *told(" · ".join(counts), width)]
    for reason, count in (report.get("rejected_by") or {}).items():
        lines += told(f"rejected {whole(count)}: {reason}", width, "warn")
    for flag in (report.get("flag_list") or [])[:LISTED]:
        lines += told(
            f"{when(flag.get('from') or flag.get('time'))}  flagged, {flag.get('reason', '')}", width
        )
    for note in report.get("notes") or []:
        lines += told(note, width, "warn")
    lines += [[], [(" From", "bright")], *told(facts["series"], width), *told(provenance(facts), width)]
    lines += told(f"{when(facts['first'])} → {when(facts['last'])}, content {facts['content'][:16]}", width)
    lines += [[], [(" Rules", "bright")]]
    return lines + [line for rule in report.get("rules") or [] for line in told(rule, width, "quiet")]


def told(text: str, width: int, role: str = "") -> list[Line]:
    """A text in lines, one cell from the edge."""
    return [[(f" {line}", role)] for line in textwrap.wrap(str(text), max(20, width - 3))]


def gap_line(gap: Mapping[str, Any], *, from_file: bool) -> Line:
    """Where a gap begins, how long it is, and why it is there."""
    why = "not asked for yet: r repairs" if not gap["absent"] else "the exchange has none"
    long = f"{whole(gap['bars'])} {'bar' if gap['bars'] == 1 else 'bars'}"
    return [(f" {when(gap['from'])}  {long:>10}   ", ""), ("not in the file" if from_file else why, "quiet")]


def provenance(facts: Mapping[str, Any]) -> str:
    """Where a series came from, in a line."""
    origin = {key: value for key, value in (facts.get("origin") or {}).items() if value}
    told = "  ".join(f"{key} {str(value)[:24]}" for key, value in origin.items())
    place = f"{facts['exchange']} {facts['symbol']}" if facts["exchange"] else "a file"
    return f"{place}  {told}".strip()


def when(moment: Any) -> str:
    """`2017-09-22 20:00`."""
    return str(moment or UNDEFINED)[:16].replace("T", " ")
