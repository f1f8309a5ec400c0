"""`quantdeck runs replay`: a run that has ended is watched again, in the app or line by line."""

from __future__ import annotations

import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.disk import refuse_output, write_whole
from engine.errors import ChangeSettingsError
from engine.plain_file import expanded
from engine.runs.home import Home
from engine.runs.replay import Replay
from tui.commands.answer import Answer
from tui.commands.outcome import outcome
from tui.commands.runs import chosen
from tui.terminal.capabilities import usable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.runs.folder import RunFolder

FASTEST = 1e6


def replay(
    home: str | None, text: str, speed: float, cast: str = "", *, force: bool = False, json: bool = False
) -> Answer:
    """Watch a run as it went, so many times as fast; what is done there touches neither run nor home.

    cast: the file that gets the app's pictures as an asciicast, in the place of the terminal.
    """
    if not 0 < speed <= FASTEST:
        reason = f"must be above 0 and at most {FASTEST:g}"
        raise ChangeSettingsError(f"--speed {speed:g}", reason, "Give --speed 20 for twenty times as fast")
    run = chosen(home, text)
    if cast:
        return recorded(run, speed, expanded(cast), force=force)
    with playing(run, speed) as again:
        if json or usable():
            from tui.commands.follow import Signals, follow

            with Signals() as signals:
                return outcome(run, follow(again, signals, owner=False))
        from tui.commands.app import show

        return show(Home(again.path.parent.parent), replayed=again)


def recorded(run: RunFolder, speed: float, path: Path, *, force: bool) -> Answer:
    """Write the replay to a file."""
    from tui.commands import cast

    refuse_output(path, run.path.parent.parent, replace=force)
    content = cast.cast(run, speed)
    write_whole(path, content)
    facts = {"run": run.id, "path": str(path.absolute()), "bytes": len(content)}
    return Answer(facts, f"written to {path}; asciinema play {path} shows it")


@contextmanager
def playing(run: RunFolder, speed: float) -> Iterator[RunFolder]:
    """The run's folder in a home for the moment, which a thread fills; both end with the context."""
    over = threading.Event()
    with tempfile.TemporaryDirectory(prefix="quantdeck-replay-") as folder:
        again = Replay(run, Path(folder), speed)
        player = threading.Thread(target=again.play, args=(over.wait,), name="replay")
        player.start()
        try:
            yield again.folder
        finally:
            over.set()
            player.join()
