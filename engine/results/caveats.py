"""What must be read before the figures of a backtest: no audit or a failed one, figures too good."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.results.audit import AuditReport, AuditStatus
    from engine.results.backtest import BacktestResult

SIMULATED = "SIMULATED market: these figures say nothing about a real one"
OWN_CODE = ("features.file", "model.file")  # settings that name Python files of the user's
BEFORE_FIGURES = (
    "IC too good to be true",
    "Sharpe too good to be true",
    "signals look early",
    "values join at their stamps",
)  # codes of notes


def caveats(
    result: BacktestResult, status: AuditStatus, report: AuditReport | None, command: str
) -> list[str]:
    """The sentences that stand above the figures, the audit's first.

    status: of the audit of the artifacts that lie there now; report: what it says, where that can be read;
    command: the one that asks for an audit.
    """
    said = on_audit(result, status, report, command)
    return [*([said] if said else []), *(note.text for note in result.notes if note.code in BEFORE_FIGURES)]


def on_audit(result: BacktestResult, status: AuditStatus, report: AuditReport | None, command: str) -> str:
    """What the leak audit found, or that code of the user's own was never audited; empty if all is well."""
    if status == "failed":
        found = report.findings if report else ()
        more = f", and {len(found) - 1:,} more" if len(found) > 1 else ""
        return f"LEAK AUDIT FAILED: {found[0].text}{more}." if found else "LEAK AUDIT FAILED."
    if status == "not judgeable" and not result.decided_by:
        return "LEAK AUDIT NOT JUDGEABLE: signals came from a file, and no replay shows what they knew."
    if status == "not judgeable":
        taken = ", ".join(report.outside) if report else "a file or a call"
        what = "code of your own rests on what no replay holds still"
        return f"LEAK AUDIT NOT JUDGEABLE: {what}: {taken}."
    if status == "not run" and any(result.settings_differ.get(key) for key in OWN_CODE):
        walked = "A walk-forward cannot be: audit a run of these settings"
        remedy = walked if result.folds else f"Ask for it: {command}"
        return f"NOT AUDITED: code of your own made these figures. {remedy}."
    return ""
