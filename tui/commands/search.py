"""`quantdeck search`: start a search, go on with one, write the settings of its winner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine import settings
from engine.disk import refuse_output, write_whole
from engine.errors import ChangeSettingsError
from engine.hints import file_hint, run_hint
from engine.results.codec import to_json
from engine.results.search import verdict
from engine.runs.audit_status import as_claimed, caveats_of, unclaimed_of
from engine.runs.home import Home, home_path
from engine.runs.results import result_of
from engine.runs.state import state_of
from tui.commands.answer import Answer
from tui.commands.pipeline import execute, start
from tui.commands.settings import overlay
from tui.number_format import table
from tui.runs.nested import spans_of
from tui.runs.search import MODES, trials_of
from tui.settings.files import DEFAULT_FILE, SPACE_FILE
from tui.settings.trial import written
from tui.text.csv_file import write_csv
from tui.text.search import rows_of, trials_summary
from tui.text.studies import study_summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.search import SearchTrial
    from engine.runs.folder import RunFolder
    from engine.runs.state import State
    from engine.settings import Settings


OUTER = {"walkforward": "nested"}
EITHER = (*MODES, *OUTER.values())


def search(
    home: str | None,
    space: str,
    config: str | None,
    overrides: list[str] | None,
    mode: str = "search",
    *,
    name: str = "",
    detach: bool = False,
) -> Answer:
    """Search the space of a settings file, on top of the settings of the command line."""
    return start(home, mode, settings_of(space, config, overrides), name=name, detach=detach)


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


def mode_of(outer: str) -> str:
    """The kind of run: one search, or one for each span of walk_forward. Raises ChangeSettingsError."""
    if outer and outer not in OUTER:
        raise ChangeSettingsError(f"--outer {outer}", "is unknown", f"Use {', '.join(OUTER)}")
    return OUTER.get(outer, "search")


def given(options: Mapping[str, object]) -> list[str]:
    """Options that were given, as overrides of settings of a search."""
    return [f"search.{name}={value}" for name, value in options.items() if value]


def refuse_settings(given: Mapping[str, object]) -> None:
    """Raise ChangeSettingsError for settings that are given to a search which has begun: it keeps its own."""
    for name, value in given.items():
        if value:
            raise ChangeSettingsError(
                "--resume",
                f"goes on by the settings that the search began with, and {name} is given",
                "Leave that out, or begin another search",
            )


def resume(home: str | None, text: str, *, detach: bool) -> Answer:
    """Go on with a search that was stopped or killed."""
    return execute(a_search(home, text, EITHER), detach=detach)


def show(home: str | None, text: str, csv: str) -> Answer:
    """The trials of a search as far as it is, and what they come to."""
    run = a_search(home, text, ("search",) if csv or text == "last" else EITHER)
    state = state_of(run)
    if run.mode not in MODES:
        return show_spans(run, state)
    found = trials_of(run, state)
    document = {"run": run.id, "state": state.status, "folder": str(run.path)}
    if csv:
        path = write_csv(csv, rows_of(found.trials), Home(home_path(home)))
        return Answer(document | {"file": str(path), "trials": len(found.trials)}, f"written to {path}")
    first, unclaimed = caveats_of(run, found.result), unclaimed_of(run, found.result)
    said = [note.text for note in verdict(found.luck, unclaimed)] if found.luck else []
    figures = {
        "caveats": first, "trials": [to_json(each) for each in found.trials], "winner": found.winner,
        "luck": to_json(found.luck) if found.luck else None, "importance": dict(found.importance or {}),
        "verdict": said, "front": list(found.front),
        "winner_run": found.result.winner_run if found.result else None,
    }  # fmt: skip
    if found.result:
        return Answer(document | figures, study_summary(run, found.result))
    return Answer(document | figures, "\n".join([*first, *said, trials_summary(found.trials)]))


def show_spans(run: RunFolder, state: State) -> Answer:
    """The search of each span of a search through time, and what all came to once they are traded."""
    found = spans_of(run, state)
    document: dict[str, object] = {"run": run.id, "state": state.status, "folder": str(run.path)}
    document |= {"searches": {str(number): name for number, name in found.searches.items()}}
    if found.result:
        document |= {"caveats": caveats_of(run, found.result)}
        shown = to_json(as_claimed(run, found.result))
        return Answer(document | {"result": shown}, study_summary(run, found.result))
    text = table(("span", "search"), [(str(number), name) for number, name in found.searches.items()])
    return Answer(document | {"result": None}, text if found.searches else "No span is searched yet.")


def best(home: str | None, text: str, path: str, trial: int | None = None, *, force: bool) -> Answer:
    """Write the settings of a search's winner, or of another trial, to a file."""
    run = a_search(home, text)
    target = Path(path)
    refuse_output(target, home_path(home), replace=force)
    document = {"file": str(target.absolute()), "run": run.id}
    if trial is None:
        refuse_unfinished(run)
        found = result_of(run)
        winner = Home(home_path(home)).find(found.winner_run)
        content = settings.to_toml(settings.load(winner.settings_path), comments=True).encode()
        trial, document["winner_run"] = found.winner, found.winner_run
    else:
        content = written(run, the_trial(run, trial))
    write_whole(target, content)
    goes_on = file_hint(home_path(home), "run -c FILE", target)
    return Answer(
        document | {"trial": trial}, f"Settings of trial {trial} written to {path}. Next: {goes_on}"
    )


def refuse_unfinished(run: RunFolder) -> None:
    """Raise ChangeSettingsError for a search that has no winner yet."""
    if (status := state_of(run).status) != "done":
        remedy = f"Go on with it: {run_hint(run.path, 'runs resume RUN')}; or name a --trial"
        raise ChangeSettingsError(f"search {run.id}", f"has no winner, it is {status}", remedy)


def the_trial(run: RunFolder, number: int) -> SearchTrial:
    """A trial of a search. Raises ChangeSettingsError where there is none of that number."""
    trials = trials_of(run, state_of(run)).trials
    for each in trials:
        if each.number == number:
            return each
    known = f"it has {trials[0].number} to {trials[-1].number}" if trials else "none is done yet"
    raise ChangeSettingsError(f"trial {number}", f"is none of search {run.id}: {known}", "Name another one")


def a_search(home: str | None, text: str, modes: Sequence[str] = ("search",)) -> RunFolder:
    """The search that a text names, or the last. Raises ChangeSettingsError."""
    folder = Home(home_path(home))
    if text == "last":
        known = [run for run in folder.all() if run.mode in modes]
        if not known:
            remedy = f"Write a space for one: {file_hint(None, 'init --search -c FILE', Path(SPACE_FILE))}"
            raise ChangeSettingsError("search", "there is none in this home", remedy)
        return known[-1]
    run = folder.find(text)
    if run.mode not in modes:
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
