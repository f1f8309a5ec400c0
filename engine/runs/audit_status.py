"""The seal of a run's leak audit: passed, failed, or not run, for the artifacts that lie there now."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

AUDIT = "audit.json"
PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"


def seal_of(run: RunFolder) -> str:
    """One of PASSED, FAILED, NOT_RUN. An audit of other artifacts than the manifest's counts as not run."""
    return str(audit_of(run).get("seal", NOT_RUN))


def audit_of(run: RunFolder) -> dict[str, Any]:
    """What audit.json says, with `seal` and `first`; empty where there is none that holds for this run."""
    try:
        told = json.loads((run.path / AUDIT).read_bytes())
        holds = told["manifest"] == fingerprint(run) and told["seal"] in (PASSED, FAILED)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return dict(told) if holds else {}


def fingerprint(run: RunFolder) -> str:
    """SHA-256 of the run's manifest, which holds the hash of every artifact; OSError without one."""
    return hashlib.sha256(run.manifest_path.read_bytes()).hexdigest()
