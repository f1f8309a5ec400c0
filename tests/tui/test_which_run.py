"""`last` means the same in every command that takes a run: the newest that the command can use."""

from pathlib import Path

import pytest
import typer

from engine.errors import ChangeSettingsError
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.runs.modes import MODES, training, with_backtest
from engine.settings import make
from tui.commands import charts, pipeline, results, studies, sweep
from tui.commands.which_run import with_files, with_model, with_result
from tui.grammar import app

ENDED = {with_result: with_backtest(), with_model: training(), with_files: tuple(MODES)}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def run_of(home, mode, *, ended=True, of=""):
    run = home.create(mode, make({}), of=of)
    if ended:
        run.result_path.write_text("{}")
        run.manifest_path.write_text("{}")
    return run


@pytest.mark.parametrize("which", ENDED)
@pytest.mark.parametrize("mode", MODES)
def test_last_is_the_newest_that_can_be_used(home, which, mode):
    before = run_of(home, ENDED[which][0])
    newest = run_of(home, mode)
    run_of(home, mode, ended=False)  # nothing can be done with it yet
    assert which(home, "last") == (newest if mode in ENDED[which] else before)


@pytest.mark.parametrize("which", ENDED)
def test_without_any_that_has_ended_the_newest_of_a_fitting_mode_is_meant(home, which):
    with pytest.raises(ChangeSettingsError, match="yet in"):
        which(home, "last")
    run = run_of(home, ENDED[which][0], ended=False)
    assert which(home, "last") == run


def test_a_backtest_means_the_run_whose_model_it_used(home):
    trained = run_of(home, "train")
    backtest = run_of(home, "backtest", of=trained.id)
    assert with_model(home, backtest.id) == trained
    assert with_result(home, backtest.id) == backtest
    with pytest.raises(ChangeSettingsError, match="is of mode train"):
        with_result(home, trained.id)


class Asked(Exception):  # noqa: N818  it only carries a request out of a command
    """What the engine was asked, or which model a run would have used."""


class Client:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def ask(self, request, _kind):
        raise Asked(Path(request["run"]).name)


def asked(request, kind):
    return Client().ask(request, kind)


def started(*_, of, **__):
    raise Asked(of)


COMMANDS = {
    "whatif": ("walkforward", lambda home: results.whatif(home, "last", None, [])),
    "report": ("walkforward", lambda home: results.report(home, "last", "", None, [], force=False)),
    "trades": ("walkforward", lambda home: results.trades(home, "last", None, [], view={})),
    "returns": ("walkforward", lambda home: results.returns(home, "last", None, [], window=0)),
    "charts": (
        "walkforward",
        lambda home: charts.charts(home, "last", "out", None, [], png=False, force=False),
    ),
    "sweep": ("walkforward", lambda home: sweep.sweep(home, "last", None, ["fee_bps=1,2"])),
    "audit": ("train", lambda home: studies.audit(home, "last")),
    "backtest": ("train", lambda home: pipeline.backtest(home, "last", None, [])),
    "importance": ("train", lambda home: pipeline.importance(home, "last")),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_last_that_it_can_use(home, command, monkeypatch):
    monkeypatch.setattr(results, "EngineClient", Client)
    monkeypatch.setattr(charts, "EngineClient", Client)
    monkeypatch.setattr(sweep, "EngineClient", Client)
    monkeypatch.setattr(studies, "ask", asked)
    monkeypatch.setattr(pipeline, "start", started)
    mode, act = COMMANDS[command]
    runs = {mode: run_of(home, mode) for mode in ("simulate", "train", "walkforward", "update", "calibrate")}
    with pytest.raises(Asked, match=runs[mode].id):
        act(str(home.path))


@pytest.mark.parametrize("words", [("runs", "verify"), ("runs", "verify", "last"), ("runs", "show", "last")])
@pytest.mark.parametrize("mode", ["simulate", "walkforward", "seeds"])
def test_the_last_run_is_seen_whatever_its_mode(deck, words, mode):
    run = deck.home.create(mode, make({}))
    write_manifest(run.path, [run.settings_path.name])
    assert deck.json(*words)["run"] == run.id


def test_these_are_all_commands_that_take_the_last_run_by_themselves():
    """Whoever adds one adds it above."""
    root = typer.main.get_command(app)
    takers = {
        name
        for group in (root, root.commands["runs"])
        for name, command in group.commands.items()
        if any(each.name == "run" and each.default == "last" for each in command.params)
    }
    assert takers == {*COMMANDS, "verify"}
