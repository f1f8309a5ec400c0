"""The status of a run's leak audit, for the artifacts that lie there now, and what it leaves to claim."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from engine.disk import stamp
from engine.errors import ChangeSettingsError, RepairDataError
from engine.hints import run_hint
from engine.plain_file import plain_bytes
from engine.results.audit import AuditReport
from engine.results.backtest import BacktestResult
from engine.results.caveats import (
    BEFORE_FIGURES,
    CROSS_VALIDATED,
    OWN_CODE,
    UNDER_WAY,
    WALKED_FORWARD,
    on_audit,
    on_claims,
    without_claims,
)
from engine.results.cpcv import CpcvResult
from engine.results.studies import TrainResult
from engine.runs.folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

    from engine.results.audit import AuditStatus

R = TypeVar("R")

AUDIT = "audit.json"
STATUSES: dict[str, AuditStatus] = {
    "passed": "passed", "failed": "failed", "not judgeable": "not judgeable",
}  # fmt: skip
EARLIER_KEY = "seal"  # of the status, in the files of version 0.1


def audit_status(run: RunFolder) -> AuditStatus:
    """What audit.json says; an audit of other artifacts than the manifest's counts as not run.

    Signals that came from a file cannot be judged. Nothing is known of a run that is no longer there.
    """
    if not run.about_path.exists():
        return "not run"
    if run.mode == "simulate":
        return "not judgeable"
    try:
        content = json.loads(plain_bytes(run.path / AUDIT))
        status = STATUSES[content["status"] if "status" in content else content[EARLIER_KEY]]
        holds = content["manifest"] == fingerprint(run)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "not run"
    return status if holds else "not run"


def audit_report(run: RunFolder) -> AuditReport | None:
    """The audit of the artifacts that lie there now; None if there is none, or none that can be read."""
    if audit_status(run) == "not run":
        return None
    try:
        return AuditReport.from_json(json.loads(plain_bytes(run.path / AUDIT)), AUDIT)
    except (OSError, ValueError, RepairDataError):
        return None


def caveats_of(run: RunFolder, result: Any) -> list[str]:
    """What must be read before a result's figures, the audit's first; of several runs one of each kind."""
    own, found = made_by_own_code(run, result), dict[str, str]()
    for each in answering(run, result):
        status = audit_status(each)
        if status not in found:
            found[status] = on_audit(status, audit_report(each), remedy(each, result), own=own)
    early = (note.text for note in getattr(result, "notes", ()) if note.code in BEFORE_FIGURES)
    return [*filter(None, found.values()), *early]


def unclaimed_of(run: RunFolder, result: Any) -> str:
    """Why nothing is claimed of a result, as a sentence; empty where its claims may stand."""
    own = made_by_own_code(run, result)
    said = (on_claims(audit_status(each), own=own) for each in answering(run, result))
    return next(filter(None, said), "")


def as_claimed(run: RunFolder, result: R) -> R:
    """A result as it may be shown: without its claims where the audit leaves none."""
    if not answering(run, result):
        return result
    found: R = without_claims(result, unclaimed_of(run, result))  # type: ignore[type-var]
    return found


def answering(run: RunFolder, result: Any) -> list[RunFolder]:
    """The runs whose audits answer for a result: itself, or those that a study trained and traded.

    result: None of one that is under way.
    """
    if result is None or isinstance(result, BacktestResult | CpcvResult | TrainResult):
        return [run]
    return [RunFolder(run.path.parent / name) for name in getattr(result, "answered_by", ())]


def made_by_own_code(run: RunFolder, result: Any) -> bool:
    """Whether features or a model of the user's own made a result; signals of a file were made elsewhere."""
    if isinstance(result, BacktestResult):
        return bool(result.decided_by) and any(result.settings_differ.get(key) for key in OWN_CODE)
    return any(names_own_code(each) for each in (run, *answering(run, result)))


def names_own_code(run: RunFolder) -> bool:
    """Whether a run's settings name files of the user's own; taken to be so where they cannot be read."""
    if not run.about_path.exists():
        return False  # it was deleted: whoever made it has settings of its own
    try:
        return own_code_in(run.settings_path, stamp(str(run.settings_path)))
    except (OSError, ChangeSettingsError, AttributeError):
        return True


@lru_cache(maxsize=256)
def own_code_in(settings: Path, _stamp: object) -> bool:
    """Whether a file of settings names files of the user's own; it is read again once it has changed."""
    from engine.settings import read_toml

    tree = read_toml(settings)
    return any(tree.get(group, {}).get(key) for group, key in (each.split(".") for each in OWN_CODE))


def remedy(run: RunFolder, result: Any) -> str:
    """How the code behind a result is audited."""
    if result is None:
        return UNDER_WAY
    if isinstance(result, CpcvResult):
        return CROSS_VALIDATED
    if isinstance(result, BacktestResult) and result.folds:
        return WALKED_FORWARD
    return f"Ask for it: {run_hint(run.path, 'audit RUN')}"


def fingerprint(run: RunFolder) -> str:
    """SHA-256 of the run's manifest, which holds the hash of every artifact; OSError without one."""
    return hashlib.sha256(run.manifest_path.read_bytes()).hexdigest()
