"""`quantdeck demo|run|train|backtest|importance`: make a run, start it, follow it, tell what came out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine import settings
from engine.runs.home import Home, home_path
from engine.runs.launch import launch
from tui.commands.answer import Answer
from tui.commands.settings import from_file, on_top_of, overlay
from tui.commands.which_run import with_model
from tui.settings.demo import DEMO
from tui.terminal.capabilities import usable

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.settings import Settings


def demo(
    home: str | None,
    config: str | None,
    overrides: list[str] | None,
    *,
    name: str = "",
    detach: bool = False,
    json: bool = False,
) -> Answer:
    """Run the whole pipeline on the embedded exchange, in a terminal within the app.

    ./quantdeck.toml is not read: all demos are alike.
    """
    base = settings.read_toml(Path(config)) if config else {}
    overlay(base, DEMO)
    chosen = settings.make(base, overrides or [], config or "demo")
    if detach or json or usable():
        return start(home, "run", chosen, name=name, detach=detach)
    from tui.commands.app import show

    folder = Home(home_path(home))
    return show(folder, start=folder.create("run", chosen, name=name))


def start_from_file(
    mode: str,
    home: str | None,
    config: str | None,
    overrides: list[str] | None,
    *,
    name: str = "",
    detach: bool = False,
) -> Answer:
    """Make a run with the settings of the command line and carry it out."""
    return start(home, mode, from_file(config, overrides), name=name, detach=detach)


def backtest(
    home: str | None,
    text: str,
    config: str | None,
    overrides: list[str] | None,
    *,
    name: str = "",
    detach: bool = False,
) -> Answer:
    """Backtest the model of a run, as a new run with that run's settings."""
    trained = with_model(Home(home_path(home)), text)
    base = settings.read_toml(trained.settings_path)
    chosen = on_top_of(base, config, overrides, str(trained.settings_path))
    return start(home, "backtest", chosen, of=trained.id, name=name, detach=detach)


def importance(home: str | None, text: str, *, name: str = "", detach: bool = False) -> Answer:
    """Measure the importance of the features of a run's model, as a new run with that run's settings."""
    trained = with_model(Home(home_path(home)), text)
    chosen = settings.load(trained.settings_path)
    return start(home, "importance", chosen, of=trained.id, name=name, detach=detach)


def start(
    home: str | None, mode: str, chosen: Settings, *, of: str = "", name: str = "", detach: bool = False
) -> Answer:
    """Make a run and carry it out; with `--detach` only start it."""
    run = Home(home_path(home)).create(mode, chosen, of=of, name=name)
    return execute(run, detach=detach)


def execute(run: RunFolder, *, detach: bool) -> Answer:
    """Start the engine on a run, new or to be resumed, and follow it to its end unless detached."""
    from tui.runs.looks import remember

    remember(run.path.parent.parent)
    if detach:
        launch(run)
        return Answer({"run": run.id, "state": "queued", "folder": str(run.path)}, run.id)
    from tui.commands.follow import Signals, follow, started
    from tui.commands.outcome import outcome

    with Signals() as signals:
        launch(run)
        started(run)
        followed = follow(run, signals)
    return outcome(run, followed)
