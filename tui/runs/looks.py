"""When the user last looked at which home: a small file that tells where runs are, and what ended unseen."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine import user_folders
from engine.disk import write_whole
from engine.errors import QuantdeckError
from engine.plain_file import plain_bytes
from engine.runs.events import clock, stamp
from engine.runs.home import Home, described
from engine.runs.launch import alive
from tui.runs.status import ROLE, progress, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.runs.folder import RunFolder
    from engine.runs.state import State

FILE = "homes.json"
KEPT = 16  # homes


@dataclass(frozen=True)
class Look:
    """The last look at a home: when, UTC as in run.json, which runs were live, which was the newest."""

    at: str
    live: tuple[str, ...] = ()
    newest: str = ""


def file() -> Path:
    """Where it is kept: XDG_STATE_HOME, or ~/.local/state."""
    return user_folders.states() / "quantdeck" / FILE


def looks() -> dict[Path, Look]:
    """The last look at each home, the latest last; none where the file is lacking or broken."""
    try:
        kept = json.loads(plain_bytes(file()))
        return {
            Path(home): Look(str(each["at"]), (*map(str, each["live"]),), str(each.get("newest", "")))
            for home, each in kept.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def note_look(home: Path, live: Sequence[str], newest: str = "") -> None:
    """Keep that the user looks now, which runs live, and which was made last, if it can be written."""
    kept = looks()
    kept.pop(home, None)
    kept[home] = Look(stamp(clock()), (*live,), newest)
    written = {str(path): asdict(look) for path, look in [*kept.items()][-KEPT:]}
    with contextlib.suppress(OSError, QuantdeckError):
        file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(file(), json.dumps(written, indent=2).encode())


def remember(home: Path) -> None:
    """Keep that there is such a home; what was seen of it stays."""
    if home not in looks():
        note_look(home, [])


def missed(runs: Sequence[RunFolder], since: Look | None) -> list[tuple[RunFolder, State]]:
    """Of all runs, the newest last, those that crashed, failed or were killed since that look.

    Who never looked has missed none.
    """
    if since is None:
        return []
    from engine.runs.state import state_or_fault

    seen = next((at for at, run in enumerate(runs) if run.id == since.newest), None)
    new = [run.created > since.at if seen is None else at > seen for at, run in enumerate(runs)]
    unseen = [run for run, later in zip(runs, new, strict=True) if later or run.id in since.live]
    found = [(run, state_or_fault(run)) for run in unseen]
    return [(run, state) for run, state in found if state.ended and ended_badly(state)]


def ended_badly(state: State) -> bool:
    """Whether it crashed, failed, or was ended by a signal from outside."""
    return ROLE.get(state.status) == "bad" or (state.status == "stopped" and state.error is not None)


def ending(run: RunFolder, state: State) -> str:
    """That a run ended badly, and how far it had come."""
    return f"{described(run)} {status(state)[0]}, {progress(state) or 'before its first epoch'}"


def elsewhere(home: Path) -> list[tuple[Home, str]]:
    """Other homes with runs, the one looked at last first, and what there is in each."""
    others = [Home(path) for path in reversed(looks()) if path != home]
    return [(other, contents(other)) for other in others if other.all()]


def contents(home: Home) -> str:
    """How many runs there are in a home, and how many of them live."""
    runs = home.all()
    live = sum(alive(run) for run in runs)
    return f"{len(runs)} run{'s' * (len(runs) != 1)} in {short(home.path)}{f', {live} live' if live else ''}"


def short(path: Path) -> str:
    """A path with ~ for the user's own folder."""
    with contextlib.suppress(ValueError):
        return f"~/{path.relative_to(user_folders.own_folder())}"
    return str(path)
