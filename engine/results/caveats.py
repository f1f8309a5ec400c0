"""What must be read before a result's figures: no audit or a failed one, figures too good.

And what may not be claimed of them then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from engine.results.backtest import BacktestResult
from engine.results.notes import Note

if TYPE_CHECKING:
    from engine.results.audit import AuditReport, AuditStatus
    from engine.results.cpcv import CpcvResult
    from engine.results.learned import ImportanceResult
    from engine.results.nested import NestedResult
    from engine.results.search import SearchResult
    from engine.results.studies import SeedsResult

    Judged = BacktestResult | SearchResult | SeedsResult | NestedResult | CpcvResult | ImportanceResult

R = TypeVar("R", bound="Judged")

SIMULATED = "SIMULATED market: these figures say nothing about a real one"
OWN_CODE = ("features.file", "model.file")  # settings that name Python files of the user's
BEFORE_FIGURES = (
    "IC too good to be true",
    "Sharpe too good to be true",
    "signals look early",
    "values join at their stamps",
)  # codes of notes
CLAIMS = ("winner beyond chance", "out of sample")  # the same
UNCLAIMED = (
    "Nothing is claimed of these figures: {why}, and every test takes it that no decision knew what came "
    "after it."
)
WALKED_FORWARD = "A walk-forward cannot be: audit a run of these settings"
UNDER_WAY = "The run of the winner is audited by itself once it is trained"
CROSS_VALIDATED = "A cross-validation cannot be: audit a run of these settings"


def on_audit(status: AuditStatus, report: AuditReport | None, remedy: str, *, own: bool) -> str:
    """What the leak audit found, or that code of the user's own was never audited; empty if all is well.

    status: of the audit of the artifacts that lie there now; report: what it says, where that can be read;
    own: whether code of the user's own made the figures; remedy: how it is audited.
    """
    if status == "failed":
        found = report.findings if report else ()
        more = f", and {len(found) - 1:,} more" if len(found) > 1 else ""
        return f"LEAK AUDIT FAILED: {found[0].text}{more}." if found else "LEAK AUDIT FAILED."
    if status == "not judgeable" and not own:
        return "LEAK AUDIT NOT JUDGEABLE: signals came from a file, and no replay shows what they knew."
    if status == "not judgeable":
        taken = ", ".join(report.outside) if report else "a file or a call"
        what = "code of your own rests on what no replay holds still"
        return f"LEAK AUDIT NOT JUDGEABLE: {what}: {taken}."
    if status == "not run" and own:
        return f"NOT AUDITED: code of your own made these figures. {remedy}."
    return ""


def on_claims(status: AuditStatus, *, own: bool) -> str:
    """Why nothing is claimed of figures after such an audit, as a sentence; empty where something may be.

    own: whether code of the user's own made them, which only an audit can vouch for.
    """
    if status == "failed":
        return UNCLAIMED.format(why="the leak audit failed")
    if own and status == "not run":
        return UNCLAIMED.format(why="code of your own made them and was not audited for leaks")
    if own and status == "not judgeable":
        return UNCLAIMED.format(why="the leak audit cannot judge the code of your own that made them")
    return ""


def without_claims(result: R, unclaimed: str) -> R:
    """The result as it may be shown: where nothing is claimed of it, no baseline counts as beaten.

    unclaimed: the sentence that says why, which stands in the place of notes that praise; empty for none.
    """
    if not unclaimed:
        return result
    notes = tuple(
        Note("nothing claimed", {"why": unclaimed}) if note.code in CLAIMS else note for note in result.notes
    )
    if isinstance(result, BacktestResult):
        rows = tuple(replace(row, beaten=False) for row in result.baselines)
        return replace(result, notes=notes, baselines=rows)
    return replace(result, notes=notes)
