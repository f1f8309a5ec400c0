"""`quantdeck reproduce`, `quantdeck runs import|sign`: runs repeated, brought from elsewhere, signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ChangeSettingsError, RepairDataError
from engine.results.answers import Comparison, ExaminedModel
from engine.results.codec import to_json
from engine.runs import manifest, signature
from engine.runs.home import Home, home_path
from engine.runs.import_run import import_folder
from engine.runs.repetition import repeat
from engine.runs.requests import ask
from tui.commands.answer import Answer
from tui.commands.pipeline import execute
from tui.commands.runs import chosen

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder


def reproduce(home: str | None, text: str, *, detach: bool) -> Answer:
    """Carry a finished run out once more, from its settings, and compare the two bit for bit."""
    run = chosen(home, text)
    again = repeat(Home(home_path(home)), run)
    answer = execute(again, detach=detach)
    if answer.error or detach:
        return answer
    found = ask({"do": "runs.compare", "original": str(run.path), "again": str(again.path)}, Comparison)
    document = {"run": again.id, "repeats": run.id, "folder": str(again.path), **to_json(found)}
    return Answer(document, comparison(run, again, found), None if found.equal else error_of(run, found))


def comparison(run: RunFolder, again: RunFolder, found: Comparison) -> str:
    """What was compared, a line for each, and why there may be a difference."""
    lines = [f"{name:20} {found.differ.get(name, 'equal, bit for bit')}" for name in found.compared]
    verdict = "equals" if found.equal else "differs from"
    return "\n".join([*lines, *found.because, f"run {again.id} {verdict} run {run.id}"])


def error_of(run: RunFolder, found: Comparison) -> RepairDataError:
    """The error of a repetition that came to something else."""
    known = " ".join(found.because) or "Data, versions, devices and machine are the same: please report it"
    reason = f"is not reproduced: {', '.join(found.differ)} differ"
    return RepairDataError(f"run {run.id}", reason, known)


def import_run(home: str | None, folder: str) -> Answer:
    """Verify a run's folder from elsewhere, copy it into this home, and say what is trusted about it."""
    imported = import_folder(Home(home_path(home)), Path(folder), examined)
    run, trusts = imported.run, list(imported.trusts)
    text = "\n".join([f"run {run.id} imported into {run.path}", *(f"  {line}" for line in trusts)])
    return Answer({"run": run.id, "folder": str(run.path), "trusts": trusts}, text)


def examined(run: RunFolder) -> list[str]:
    """What the engine finds in a run's model; it loads it through its guards."""
    return list(ask({"do": "runs.examine", "path": str(run.path)}, ExaminedModel).found)


def sign(home: str | None, text: str) -> Answer:
    """Sign a run's manifest with the home's key, on the user's word that its files are to be trusted."""
    run = chosen(home, text)
    if not signature.key_of(run.path):
        path = run.path.parent.parent / signature.KEY_NAME
        remedy = f"umask 077; head -c 32 /dev/urandom > {path}"
        raise ChangeSettingsError(f"run {run.id}", "there is no key to sign it with", f"Make one: {remedy}")
    manifest.sign_anew(run.path)
    return Answer({"run": run.id, "signed": True}, f"run {run.id}: signed with this home's key")
