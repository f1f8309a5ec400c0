"""`quantdeck search`: start a search, go on with one, write the settings of its winner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine import settings
from engine.disk import refuse_output, write_whole
from engine.errors import ChangeSettingsError
from engine.hints import file_hint
from engine.results.search import SearchResult
from engine.runs.folder import Home, RunFolder, home_path
from engine.runs.results import result_of
from tui.commands.answer import Answer
from tui.commands.pipeline import carry_out, start
from tui.commands.settings import DEFAULT_FILE, overlay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.settings import Settings


SPACE_FILE = "space.toml"


def search(
    home: str | None,
    space: str,
    config: str | None,
    overrides: list[str] | None,
    *,
    name: str = "",
    detach: bool = False,
) -> Answer:
    """Search the space of a settings file, on top of the settings of the command line."""
    return start(home, "search", settings_of(space, config, overrides), name=name, detach=detach)


def settings_of(space: str, config: str | None, overrides: list[str] | None) -> Settings:
    """The settings, their space looked through: what is wrong with it is told before anything begins."""
    path = Path(config or DEFAULT_FILE)
    tree = settings.lifted(settings.read_toml(path)) if config or path.exists() else {}
    if space:
        if not Path(space).exists():
            remedy = f"Write one: {file_hint(None, 'init --search -c FILE', Path(space))}"
            raise ChangeSettingsError(space, "there is no such file", remedy)
        overlay(tree, settings.lifted(settings.read_toml(Path(space))))
    chosen = settings.make(tree, overrides or [], space or config or "settings")
    if not chosen.search.space:
        remedy = f"Write one: {file_hint(None, 'init --search -c FILE', Path(SPACE_FILE))}"
        raise ChangeSettingsError("search", "no SPACE.toml says which settings to try", remedy)
    settings.space_of(chosen)
    return chosen


def given(options: Mapping[str, object]) -> list[str]:
    """Options that were given, as overrides of settings of a search."""
    return [f"search.{name}={value}" for name, value in options.items() if value]


def resume(home: str | None, text: str, *, detach: bool) -> Answer:
    """Go on with a search that was stopped or killed."""
    return carry_out(a_search(home, text), detach=detach)


def best(home: str | None, text: str, path: str, *, force: bool) -> Answer:
    """Write the settings of a search's winner to a file."""
    run = a_search(home, text)
    found = result_of(run)
    if not isinstance(found, SearchResult):
        raise ChangeSettingsError(f"run {run.id}", "is no search", "Name a search")
    target = Path(path)
    refuse_output(target, home_path(home), replace=force)
    winner = Home(home_path(home)).find(found.winner_run)
    write_whole(target, settings.to_toml(settings.load(winner.settings_path), comments=True).encode())
    document = {"file": str(target.absolute()), "run": run.id, "winner_run": found.winner_run}
    goes_on = file_hint(home_path(home), "run -c FILE", target)
    return Answer(document, f"Settings of trial {found.winner} written to {path}. Next: {goes_on}")


def a_search(home: str | None, text: str) -> RunFolder:
    """The search that a text names, or the last. Raises ChangeSettingsError."""
    folder = Home(home_path(home))
    if text == "last":
        known = [run for run in folder.all() if run.mode == "search"]
        if not known:
            remedy = f"Write a space for one: {file_hint(None, 'init --search -c FILE', Path(SPACE_FILE))}"
            raise ChangeSettingsError("search", "there is none in this home", remedy)
        return known[-1]
    run = folder.find(text)
    if run.mode != "search":
        raise ChangeSettingsError(f"run {run.id}", f"is a {run.mode}, no search", "Name a search")
    return run


EXAMPLE = """\
# What a search tries: a settings file in which a range or a list of values stands in a setting's place.
#
#     {command}
#
# All trials end before the test begins; the winner is trained and traded on the test once, as a run of its
# own. Any setting of features, window, label, scaling, model, training, signal and backtest can be searched;
# those of signal and backtest are rules, tried on the forecasts of every trial, as they need no training.

[search]
trials = 50                # most trials, besides the settings as they are
minutes = 0                # begin no further batch after so many; 0 = no limit
sampler = "tpe"            # tpe, random, grid (lists and steps), cmaes (numbers alone), nsga2
objective = ["ic"]         # ic, net_sharpe, total_return, max_drawdown; several have a Pareto front
folds = 3                  # inner folds, of which a trial's objective is the mean

[window]
lookback = {{low = 4, high = 48, log = true}}    # whole numbers, on the logarithm

[label]
horizon = [1, 2, 4, 8]                         # one of these

[features]
names = [["all"], ["price", "volatility"]]     # a setting that is a list: a list of lists

[model]
kind = ["mlp", "lstm"]
# There only where the condition holds; a range for model.units is one layer of so many.
units = {{low = 8, high = 64, log = true, when = {{"model.kind" = ["mlp", "lstm"]}}}}
dropout = {{low = 0.0, high = 0.5, step = 0.1}}

[training]
learning_rate = {{low = 0.001, high = 0.03, log = true}}

[signal]
entry_threshold = {{low = 0.0001, high = 0.01, log = true}}

[backtest]
stop_loss = [0.0, 0.02, 0.05]
"""


def example(command: str) -> str:
    """A space to start from; the command is the one that searches it."""
    return EXAMPLE.format(command=command)
