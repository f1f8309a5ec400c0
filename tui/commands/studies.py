"""`quantdeck audit|simulate`: can a result be trusted?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from engine.disk import write_whole
from engine.errors import ChangeSettingsError, RepairDataError
from engine.results.audit import AuditReport
from engine.runs.home import Home, home_path
from engine.runs.modes import training
from engine.runs.requests import ask
from engine.settings import with_funding
from tui.commands.answer import Answer
from tui.commands.pipeline import execute
from tui.commands.settings import from_file
from tui.commands.which_run import with_model
from tui.text.audit import audit_lines

if TYPE_CHECKING:
    from collections.abc import Mapping


def audit(path: str | None, text: str) -> Answer:
    """Replay a run on cut and changed histories; exit code 1 when the past moved."""
    home = Home(home_path(path))
    trained = any(run.mode in training() for run in home.all())
    run = with_model(home, "last") if text == "last" and trained else home.find(text)
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
        reason = f"code of your own takes something from outside: {'; '.join(report.outside)}"
        remedy = "No replay shows what was known when: import it as a series (data.extra), or leave it out"
        return RepairDataError(thing, reason, remedy)
    return None


def simulate(
    home: str | None,
    given: dict[str, str],
    hints: Mapping[str, str | bool],
    config: str | None,
    overrides: list[str] | None,
    *,
    name: str = "",
    detach: bool = False,
) -> Answer:
    """Trade the signals of a file over the candles of another; given: files by option, empty for none.

    hints: what is said about the files, see engine.data.importing.hints.
    """
    paths = {option: Path(text).absolute() for option, text in given.items() if text}
    if given["mark"] and not given["funding"]:
        raise ChangeSettingsError("--mark", "is of no use without funding rates", "Give --funding FILE too")
    for option, path in paths.items():
        if not path.is_file():
            raise ChangeSettingsError(f"--{option} {path}", "is no file", "Name a CSV or Parquet file")
    settings = from_file(config, overrides)
    if given["funding"]:  # the rules of a run are read off its settings: it is a perpetual's
        settings = with_funding(settings, "funding")
    run = Home(home_path(home)).create("simulate", settings, name=name)
    inputs: dict[str, object] = {option: str(path) for option, path in paths.items()}
    if hints:
        inputs["hints"] = dict(hints)
    write_whole(run.path / "inputs.json", json.dumps(inputs).encode())
    return execute(run, detach=detach)
