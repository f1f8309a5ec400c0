"""Runs from another home, copied in once they are verified, and what is trusted about them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine import settings
from engine.disk import NEEDED_MB, check_room, refusals, sync, write_whole
from engine.errors import ChangeSettingsError, RepairDataError
from engine.hints import hint, run_hint
from engine.runs import events, lock, manifest, manifest_entries, signature
from engine.runs.folder import ID, RunFolder
from engine.runs.repetition import refuse_unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.runs.home import Home

INCOMING, LOCK = ".incoming-", "lock"
LARGEST_LOG_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class ImportedRun:
    """A run that came from elsewhere, and what is trusted about it, in sentences."""

    run: RunFolder
    trusts: tuple[str, ...]


def import_folder(home: Home, folder: Path, examine: Callable[[RunFolder], list[str]]) -> ImportedRun:
    """Copy a finished run from elsewhere into this home, verified.

    Only what its manifest names is copied, each file's hash checked on the very bytes that are written, and
    its event log if it is one. `examine` is shown the copy before it counts as a run: it raises an error for
    a model that must not be loaded, and tells what it found. The copy is signed with this home's key.
    Raises ChangeSettingsError if the run is here already, RepairDataError if it is not whole, MakeRoomError.
    """
    name = named(folder)
    if (home.runs / name).exists():
        raise ChangeSettingsError(
            f"run {name}", "is in this home already", f"Check it: {hint(home.path, f'runs verify {name}')}"
        )
    stored = manifest.parsed(folder)
    signature.refuse_changed(stored, folder / manifest_entries.MANIFEST)
    files = manifest.entries(stored, folder)
    with refusals(home.runs):
        home.runs.mkdir(parents=True, exist_ok=True)
    check_room(home.path, NEEDED_MB + sum(entry.size for entry in files.values()) / 1e6)
    sweep_incoming(home.path)
    with staged(home.path) as staging:
        copy = RunFolder(staging / name)  # as deep as in `runs`
        with refusals(copy.path):
            copy.path.mkdir(mode=0o700)
        for file, entry in files.items():
            write_whole(copy.path / file, manifest.read_named(folder, file, entry))
        copy_events(folder, copy)
        copy_about(folder, copy, stored)
        manifest.store(copy.path, files)
        refuse_unfinished(copy)
        settings.load(copy.settings_path)
        findings = [*what(stored, copy), *examine(copy)]
        with refusals(home.runs):
            copy.path.rename(home.runs / name)
        sync(home.runs)
    return ImportedRun(RunFolder(home.runs / name), tuple(findings))


@contextlib.contextmanager
def staged(home: Path) -> Iterator[Path]:
    """A folder of one's own to copy into, locked while it is in use and removed in the end."""
    staging = home / f"{INCOMING}{secrets.token_hex(4)}"
    with refusals(staging):
        staging.mkdir(mode=0o700)
    handle = lock.take(staging / LOCK)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def sweep_incoming(home: Path) -> None:
    """Remove what an import that was killed left; one that is under way holds its lock."""
    for left in home.glob(f"{INCOMING}*/{LOCK}"):
        if not lock.held(left):
            shutil.rmtree(left.parent, ignore_errors=True)


def named(folder: Path) -> str:
    """The id of the run in a folder, which has to be the folder's name. Raises RepairDataError."""
    name = RunFolder(folder).id
    if not ID.fullmatch(name) or folder.resolve().name != name:
        raise RepairDataError(str(folder), f"holds run {name}", f"Name the folder {name}")
    return name


def copy_about(folder: Path, copy: RunFolder, stored: dict[str, Any]) -> None:
    """Copy run.json if it says what the manifest says of the run. Raises RepairDataError."""
    source = RunFolder(folder)
    write_whole(copy.about_path, json.dumps(source.about, indent=2).encode())
    if manifest.about_of(copy.path) != stored.get("about"):
        raise RepairDataError(
            str(source.about_path), "is not what the manifest says", "Restore it from a copy"
        )


def copy_events(folder: Path, copy: RunFolder) -> None:
    """Copy the event log if it is whole, so that the run can be shown. Raises RepairDataError."""
    source = RunFolder(folder)
    with manifest_entries.opened(folder, source.events_path.name) as file:
        content = file.read(LARGEST_LOG_BYTES + 1)
    if len(content) > LARGEST_LOG_BYTES:
        reason = f"has more than {LARGEST_LOG_BYTES} bytes"
        raise RepairDataError(str(source.events_path), reason, "Leave the run where it is")
    write_whole(copy.events_path, content)
    events.read(copy.events_path)


def what(stored: dict[str, Any], copy: RunFolder) -> list[str]:
    """What the manifest proves of a copied run."""
    size = sum(facts["bytes"] for facts in stored["files"].values()) / 1e6
    findings = [f"{len(stored['files'])} files, {size:.1f} MB, each as its manifest says (SHA-256)"]
    if signature.is_signed(stored, copy.path):
        findings.append("the manifest is signed with this home's key: a holder of the key wrote it")
    else:
        findings.append(
            "the manifest is not signed with this home's key: nothing broke, but who made it is unknown"
        )
    if copy.features_path.exists():
        name = copy.features_path.name
        findings.append(f"it brings a program, {name}: an audit runs it, so read it first")
    findings.append(
        f"its figures are its maker's word until you repeat it: {run_hint(copy.path, 'reproduce RUN')}"
    )
    return findings
