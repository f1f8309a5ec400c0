"""The status of a run's leak audit, for the artifacts that lie there now."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from engine.errors import RepairDataError
from engine.hints import run_hint
from engine.plain_file import plain_bytes
from engine.results.audit import AuditReport
from engine.results.caveats import caveats

if TYPE_CHECKING:
    from engine.results.audit import AuditStatus
    from engine.results.backtest import BacktestResult
    from engine.runs.folder import RunFolder

AUDIT = "audit.json"
STATUSES: dict[str, AuditStatus] = {
    "passed": "passed", "failed": "failed", "not judgeable": "not judgeable",
}  # fmt: skip
EARLIER_KEY = "seal"  # of the status, in the files of version 0.1


def audit_status(run: RunFolder) -> AuditStatus:
    """What audit.json says; an audit of other artifacts than the manifest's counts as not run.

    Signals that came from a file cannot be judged.
    """
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


def caveats_of(run: RunFolder, result: BacktestResult) -> list[str]:
    """What must be read before a result's figures."""
    return caveats(result, audit_status(run), audit_report(run), run_hint(run.path, "audit RUN"))


def fingerprint(run: RunFolder) -> str:
    """SHA-256 of the run's manifest, which holds the hash of every artifact; OSError without one."""
    return hashlib.sha256(run.manifest_path.read_bytes()).hexdigest()
