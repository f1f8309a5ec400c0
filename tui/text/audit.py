"""A leak audit as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.audit import chance_to_find, iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.results.audit import AuditReport

SHARE = 0.01  # of bars: how rare a leak is taken as an example


def audit_lines(report: AuditReport) -> Iterator[str]:
    """What was done, what was found besides the first finding, and what could have been missed."""
    yield (
        f"run {report.run}: leak audit {report.status}: {report.histories} histories, cut or changed after "
        f"{', '.join(map(iso, report.cuts_ms))}; features at {report.probed} more cuts"
    )
    if report.edited:
        yield "The features file was edited since: what was trained with, kept with the run, was audited."
    if report.findings:
        yield from (f"  also {finding.text}" for finding in report.findings[1:])
    elif report.outside:
        yield "Nothing else that was known before a cut moved."
    else:
        yield f"Nothing known before a cut moved in any of {len(report.stages)} stages."
    yield from missed(report)
    yield from (f"note: {note.text}" for note in report.notes)
    yield from (f"  rounding only, no leak: {finding.text}" for finding in report.rounding)


def missed(report: AuditReport | None) -> Iterator[str]:
    """What an audit that found nothing could have missed, as a probability."""
    if report and report.probed:
        chance = chance_to_find(SHARE, report.probed)
        rare = chance_to_find(SHARE / 10, report.probed)
        yield (
            f"A leak of one bar in {SHARE:.0%} of bars would have been found with probability {chance:.2f}, "
            f"one in {SHARE / 10:.1%} with {rare:.2f}."
        )
