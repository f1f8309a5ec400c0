"""The home in which all runs and data lie: where it is, and its runs made, found and deleted."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from engine.disk import check_room, refusals, write_whole
from engine.errors import ChangeSettingsError, RepairDataError, TryAgainError, no_such_series
from engine.hints import hint, run_hint
from engine.runs import lock, order
from engine.runs.events import clock, stamp
from engine.runs.modes import MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.settings import Settings
from engine.runs.folder import ID, RunFolder

PREFIX = re.compile(r"[0-9a-f]{1,8}")
DELETED = ".deleted-"
LONGEST_NAME = 80
MAY_ALLOW = "Its owner can allow reading its folder, run.json, events.jsonl and lock"


class Home:
    """Where runs and data lie: `runs/<id>/` and `data/`, made when something is first written there."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.runs = self.path / "runs"
        self.data = self.path / "data"

    def create(
        self, mode: str, settings: Settings, of: str = "", name: str = "", repeats: RunFolder | None = None
    ) -> RunFolder:
        """Make the folder of a new run, readable by its owner only. Raises ChangeSettingsError,
        MakeRoomError.

        A run that repeats another has that one's present. run.json is written last: a folder without one is
        no run.
        """
        if mode not in MODES:
            raise ChangeSettingsError(f"mode {mode!r}", "does not exist", f"Use one of {', '.join(MODES)}")
        from engine.settings import for_own_signals, pinned, to_toml

        settings = self.of_universe(mode, settings)
        if "collect" in MODES[mode].stages:
            self.refuse_absent(settings.data.stored)
        about = {"mode": mode, "of": of, "name": checked_name(name)}
        check_room(self.path)  # before there is a folder: a refusal leaves no run behind
        if repeats is not None:
            about |= {"repeats": repeats.id, "now": repeats.now}
        run = RunFolder(self._new_folder())
        about |= {"id": run.path.name, "created": stamp(clock()), "quantdeck": release()}
        settings = for_own_signals(settings) if mode == "simulate" else settings
        write_whole(run.settings_path, to_toml(pinned(settings)).encode())
        order.note(self.path, run.path.name)
        write_whole(run.about_path, json.dumps(about, indent=2).encode())
        return run

    def of_universe(self, mode: str, settings: Settings) -> Settings:
        """The settings with the names of data.symbols written out.

        Raises ChangeSettingsError for a name that means nothing, and where the mode knows one symbol only.
        """
        if not settings.data.symbols:
            return settings
        from engine.settings import resolved

        data = resolved(settings.data, self.stored())
        if data.symbols and not MODES[mode].universe:
            known = ", ".join(each.name for each in MODES.values() if each.universe)
            reason = f"{mode} knows one symbol; of several it would judge none"
            remedy = f"Set data.symbols to one, or take what knows several: {known}"
            raise ChangeSettingsError("data.symbols", reason, remedy)
        return settings.model_copy(update={"data": data})

    def stored(self) -> list[str]:
        """The names of all stored series."""
        return sorted(path.stem for path in self.data.glob("*.parquet"))

    def refuse_absent(self, names: Sequence[str]) -> None:
        """Raise ChangeSettingsError for the first series that is not stored."""
        stored = self.stored()
        for name in names:
            if name not in stored:
                raise no_such_series(name, stored, self.path)

    def _new_folder(self) -> Path:
        with refusals(self.runs):
            self.runs.mkdir(parents=True, exist_ok=True)
            while True:
                with contextlib.suppress(FileExistsError):
                    path = self.runs / os.urandom(4).hex()
                    path.mkdir(mode=0o700)
                    return path

    def all(self) -> list[RunFolder]:
        """Every run, newest last. Folders that hold no valid run.json of their own are left out."""
        return order.in_order(self.path, (run for run in map(RunFolder, self.candidates()) if run.is_genuine))

    def candidates(self) -> list[Path]:
        """Whatever lies where the folders of runs do; links are left out."""
        try:
            with os.scandir(self.runs) as entries:
                return [self.runs / entry.name for entry in entries if not entry.is_symlink()]
        except (FileNotFoundError, NotADirectoryError, PermissionError):  # see engine.runs.unreadable
            return []

    def closed(self) -> list[Path]:
        """The folders of runs that may not be read."""
        named = [path for path in self.candidates() if ID.fullmatch(path.name)]
        return [path for path in named if not RunFolder(path).may_be_read]

    def find(self, text: str, modes: Sequence[str] = ()) -> RunFolder:
        """The run that an id, a name, a unique beginning, or `last` means. Raises ChangeSettingsError."""
        everything, modes, closed = self.all(), modes or tuple(MODES), len(self.closed())
        runs = [run for run in everything if run.mode in modes]
        if text == "last" and runs:
            return runs[-1]
        if ID.fullmatch(text) and not any(run.id == text for run in everything):
            self._explain(text)
        found = matching(runs, text)
        if len(found) == 1:
            return found[0]
        thing, kind = f"run {text!r}", " or ".join(modes) if set(modes) != set(MODES) else "run"
        if found:
            listing = ", ".join(described(run) for run in found[-8:])
            raise ChangeSettingsError(thing, f"fits {len(found)} runs", f"Give the id, or more: {listing}")
        if not runs:
            if closed:
                reason = f"you may read none of the {closed} runs of others in {self.path}"
                raise ChangeSettingsError(thing, reason, "Ask their owners, or name another home with --home")
            raise ChangeSettingsError(
                thing,
                f"there is no {kind} yet in {self.path}",
                f"Start one: {hint(self.path, command(modes))}",
            )
        if len(others := matching(everything, text)) == 1:
            reason = f"is of mode {others[0].mode}, and this takes {kind}"
            raise ChangeSettingsError(f"run {others[0].id}", reason, self._near(text, runs, runs))
        beside = f" among those that you may read, all but {closed}" if closed else ""
        reason = f"there is no such {kind}{beside}"
        raise ChangeSettingsError(thing, reason, self._near(text, runs, everything))

    def _explain(self, text: str) -> None:  # why a folder of that id counts as no run
        path = self.runs / text
        if path.is_dir() and not path.is_symlink():
            if not RunFolder(path).may_be_read:
                raise ChangeSettingsError(f"run {text}", "is there, but you may not read it", MAY_ALLOW)
            made = RunFolder(path).id
            raise RepairDataError(str(path), f"holds a copy of run {made}", "Move it out of the runs folder")

    @staticmethod
    def _near(text: str, runs: list[RunFolder], everything: list[RunFolder]) -> str:
        called = [each for run in runs for each in (run.id, run.name)]
        close = difflib.get_close_matches(text, called, 3, 0.5)
        near = matching(everything, text) or [run for run in runs if {run.id, run.name} & set(close)]
        near = near[-3:] or runs[-1:]
        listed = ", ".join(described(run) for run in near)
        return f"Near it: {listed}. All: {hint(runs[0].path.parent.parent, 'runs list')}"

    def delete(self, run: RunFolder) -> None:
        """Remove a run for good. TryAgainError while it runs; ChangeSettingsError if the path is no run of
        this home.

        The folder first leaves the list in one step; links inside are removed, never followed.
        """
        path = self.runs / run.path.name
        genuine = ID.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
        if not genuine or run.path.parent.resolve() != self.runs.resolve():
            raise ChangeSettingsError(
                str(run.path), "is no run of this home", f"See: {hint(self.path, 'runs list')}"
            )
        handle = lock.take(path / "lock")
        if handle is None:
            remedy = f"Stop it first: {run_hint(path, 'runs stop RUN')}"
            raise TryAgainError(f"run {path.name}", "is still running", remedy)
        try:
            with refusals(path):
                shutil.rmtree(path.rename(self.runs / f"{DELETED}{path.name}-{os.urandom(4).hex()}"))
            for left in self.runs.glob(f"{DELETED}*"):
                shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(handle)


def home_path(given: str | None) -> Path:
    """The home folder: what was given (`--home`), else QUANTDECK_HOME, else the nearest `artifacts`."""
    text = given or os.environ.get("QUANTDECK_HOME") or ""
    if not text.isprintable():
        raise ChangeSettingsError(f"home {text!r}", "holds control characters", "Give a plain path")
    return Path(text).absolute() if text else nearest_home(Path.cwd())


def is_named(given: str | None) -> bool:
    """Whether somebody has said which home, so that it was not looked for."""
    return bool(given or os.environ.get("QUANTDECK_HOME"))


def nearest_home(folder: Path) -> Path:
    """The folder `artifacts` there, or else in the nearest folder above where one holds runs, as git looks.

    Above, only the user's own counts: another's may have been laid there to be found.
    """
    here = folder / "artifacts"
    for home in () if here.exists() else (above / "artifacts" for above in folder.parents):
        with contextlib.suppress(OSError):
            if (home / "runs").is_dir() and home.stat().st_uid == os.getuid():
                return home
    return here


def checked_name(name: str) -> str:
    """The name without blanks around it.

    Raises ChangeSettingsError for what could mislead a screen or a path.
    """
    name = name.strip()
    if not name.isprintable() or "/" in name or ".." in name or len(name) > LONGEST_NAME:
        reason = f"must be at most {LONGEST_NAME} printable characters without / and .."
        raise ChangeSettingsError(f"run name {name!r}", reason, "Choose another name")
    return name


def command(modes: Sequence[str]) -> str:
    """The words of the command that makes a run of one of the modes."""
    return "data update" if set(modes) == {"update"} else modes[0]


def matching(runs: list[RunFolder], text: str) -> list[RunFolder]:
    """The runs that a text can mean: of that id; else of that name or an id that begins so; else of a name
    that begins so.
    """
    called: list[Callable[[RunFolder], bool]] = [
        lambda run: run.id == text,
        lambda run: run.name == text or (bool(PREFIX.fullmatch(text)) and run.id.startswith(text)),
        lambda run: run.name.startswith(text),
    ]
    fitting = ([run for run in runs if fits(run)] for fits in called) if text else iter(())
    return next(filter(None, fitting), [])


def described(run: RunFolder) -> str:
    return f"{run.id} ({run.mode}{f', {run.name}' if run.name else ''})"


def release() -> str:
    """The version of quantdeck, or `unknown` when it runs from a checkout that is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # slow

    try:
        return version("quantdeck")
    except PackageNotFoundError:
        return "unknown"
