"""`quantdeck audit|simulate`: can a result be trusted?"""

from __future__ import annotations

import json
from pathlib import Path

from engine.disk import write_whole
from engine.errors import ChangeSettingsError, RepairDataError
from engine.results.audit import AuditReport
from engine.runs.folder import Home, home_path
from engine.runs.requests import ask
from tui.commands.answer import Answer
from tui.commands.pipeline import carry_out
from tui.commands.settings import from_file
from tui.commands.which_run import with_model
from tui.text.audit import audit_lines


def audit(path: str | None, text: str) -> Answer:
    """Replay a run on cut and changed histories; exit code 1 when the past moved."""
    home = Home(home_path(path))
    run = with_model(home, "last") if text == "last" else home.find(text)
    report = ask({"do": "run.audit", "run": str(run.path), "home": str(home.path)}, AuditReport)
    return Answer(report.to_json(), "\n".join(audit_lines(report)), audit_error(report))


def audit_error(report: AuditReport) -> RepairDataError | None:
    """Why the audit does not pass, if it does not."""
    thing = f"run {report.run}"
    if report.findings:
        first = report.findings[0]
        remedy = "Its results know the future: repair that stage, then train again"
        return RepairDataError(f"{thing}, stage {first.stage}", first.text, remedy)
    if report.outside:
        reason = f"its own features take something from outside: {'; '.join(report.outside)}"
        remedy = "No replay shows what was known when: import it as a series (data.extra), or leave it out"
        return RepairDataError(thing, reason, remedy)
    return None


def simulate(
    home: str | None,
    candles: str,
    signals: str,
    config: str | None,
    overrides: list[str] | None,
    *,
    name: str = "",
    detach: bool = False,
) -> Answer:
    """Trade the signals of a file over the candles of another."""
    paths = {"candles": Path(candles).absolute(), "signals": Path(signals).absolute()}
    for option, path in paths.items():
        if not path.is_file():
            raise ChangeSettingsError(f"--{option} {path}", "is no file", "Name a CSV or Parquet file")
    run = Home(home_path(home)).create("simulate", from_file(config, overrides), name=name)
    inputs = {option: str(path) for option, path in paths.items()}
    write_whole(run.path / "inputs.json", json.dumps(inputs).encode())
    return carry_out(run, detach=detach)
