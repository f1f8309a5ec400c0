"""`quantdeck audit|simulate`: can a result be trusted?"""

from __future__ import annotations

import json
from pathlib import Path

from engine.disk import write_whole
from engine.errors import ChangeSettingsError, RepairDataError
from engine.results.audit import AuditReport, iso
from engine.runs.folder import Home, home_path
from engine.runs.requests import ask
from tui.commands.answer import Answer
from tui.commands.pipeline import carry_out
from tui.commands.settings import from_file
from tui.commands.which_run import with_model


def audit(path: str | None, text: str) -> Answer:
    """Replay a run on cut and changed histories; exit code 1 when the past moved."""
    home = Home(home_path(path))
    run = with_model(home, "last") if text == "last" else home.find(text)
    report = ask({"do": "run.audit", "run": str(run.path), "home": str(home.path)}, AuditReport)
    summary = (
        f"run {run.id}: leak audit {report.status}: {report.histories} histories, cut or changed after "
        f"{', '.join(map(iso, report.cuts_ms))}"
    )
    if not report.findings:
        text = f"{summary}\nNothing known before a cut moved in any of {len(report.stages)} stages."
        return Answer(report.to_json(), text)
    first, *others = report.findings
    error = RepairDataError(
        f"run {run.id}, stage {first.stage}",
        first.text,
        "Its results know the future: repair that stage, then train again",
    )
    lines = [summary, *(f"  also {finding.text}" for finding in others)]
    return Answer(report.to_json(), "\n".join(lines), error)


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
