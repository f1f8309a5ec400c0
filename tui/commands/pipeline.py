"""`quantdeck demo|run|train|backtest`: make a run, start it, follow it, tell what came out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine import settings
from engine.runs.folder import Home, home_path
from engine.runs.launch import launch
from tui.commands.answer import Answer
from tui.commands.settings import from_file, on_top_of, overlay
from tui.terminal import usable

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.settings import Settings
    from tui.arguments import Arguments

TRAINED = ("run", "train")
# Fourteen months of hourly candles with fixed dates and a small model: less than a minute on two cores.
# No open interest: like Binance, the simulator keeps the last 30 days of it only.
DEMO = {
    "data": {
        "exchange": "demo",
        "start": "2024-11-01",
        "end": "2026-01-01",
        "funding": True,
        "second_exchange": "demo",
    },
    "model": {"units": [32, 16]},
    "training": {"epochs": 8},
    "signal": {"threshold_from": "validation"},
}


def demo(arguments: Arguments) -> Answer:
    """Run the whole pipeline on the embedded exchange, in a terminal within the app.

    ./quantdeck.toml is not read: all demos are alike.
    """
    base = settings.read_toml(Path(arguments.config)) if arguments.config else {}
    overlay(base, DEMO)
    chosen = settings.make(base, arguments.overrides, arguments.config or "demo")
    if arguments.detach or arguments.json or usable():
        return start(arguments, "run", chosen)
    from tui.commands.app import show

    home = Home(home_path(arguments.home))
    return show(home, start=home.create("run", chosen, name=arguments.name))


def run(arguments: Arguments) -> Answer:
    """Collect, train and backtest."""
    return start(arguments, "run", from_file(arguments))


def train(arguments: Arguments) -> Answer:
    """Collect and train; with `--seeds` several times over."""
    if arguments.seeds:
        from tui.commands.studies import seeds

        return seeds(arguments)
    return start(arguments, "train", from_file(arguments))


def backtest(arguments: Arguments) -> Answer:
    """Backtest the model of a run, as a new run with that run's settings."""
    trained = with_model(Home(home_path(arguments.home)), arguments.run)
    base = settings.read_toml(trained.settings_path)
    chosen = on_top_of(base, arguments, str(trained.settings_path))
    return start(arguments, "backtest", chosen, of=trained.id)


def with_model(home: Home, text: str) -> RunFolder:
    """The run whose model `text` means: `last` is the last with artifacts; a backtest means its `of`."""
    if text == "last":
        committed = [run for run in home.all() if run.mode in TRAINED and run.manifest_path.exists()]
        return committed[-1] if committed else home.find("last", TRAINED)
    run = home.find(text, (*TRAINED, "backtest"))
    return home.find(run.of, TRAINED) if run.mode == "backtest" else run


def start(arguments: Arguments, mode: str, chosen: Settings, of: str = "") -> Answer:
    """Make a run and carry it out; with `--detach` only start it."""
    run = Home(home_path(arguments.home)).create(mode, chosen, of=of, name=arguments.name)
    return carry_out(run, detach=arguments.detach)


def carry_out(run: RunFolder, *, detach: bool) -> Answer:
    """Start the engine on a run, new or to be resumed, and follow it to its end unless detached."""
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
