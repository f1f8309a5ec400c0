"""Every hint that names a command does what it says when it is pasted, in any folder.

Hints are found by the syntax tree. One that does not come from engine/hints.py fails a test, and so does one
of which nothing below says what it has to do.
"""

import ast
import json
import os
import re
import shlex
from pathlib import Path

import pytest
import typer

from engine import settings
from engine.errors import QuantdeckError
from engine.hints import file_hint, hint, home_option
from engine.runs.folder import RunFolder
from engine.runs.home import Home, command
from engine.runs.manifest import write_manifest
from engine.runs.modes import MODES, startable, training, with_backtest
from engine.runs.remedies import anew, start_anew
from engine.runs.state import state_of
from engine.variables import OWN
from tests.tui.app.recorded import STATES, hold, home_of_all, record
from tests.tui.conftest import STAND_IN
from tui.cli import main
from tui.commands import pipeline
from tui.commands import runs as run_commands
from tui.grammar import app

ROOT = Path(__file__).parents[2]
MAKERS = ("hint", "run_hint", "file_hint")
# Lists of commands as such, which no one pastes: the overview, and what keys and help say does the same.
LISTS = ("tui/commands/status.py", "tui/terminal/keys.py", "tui/screens/help.py")
PASSED_ON = ("engine/hints.py", "tui/screens/base.py")  # who hands on the words of others
NAMES = sorted(typer.main.get_command(app).commands)
# In backticks it is spoken of, not offered.
COMMAND = re.compile(rf"(?<!`)quantdeck (--\S+ \S+ )*({'|'.join(NAMES)}|{{}})(?![\w-])")


def trees():
    """(path, syntax tree) of each file of the product."""
    for package in ("engine", "tui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def template(node):
    """A text as it stands in the source, with {} for what is put in; None for what is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts)
    return None


def docstrings(tree):
    """The nodes of a tree's docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value


def made(tree):
    """The words of each hint that is made in a file, {} in them as THAT."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = node.args[1:2] if isinstance(node.func, ast.Name) else node.args[:1]
            if name in MAKERS:
                words = given[0] if given else ast.Constant("")
                text = template(words)
                yield ast.unparse(words) if text is None else text.replace("{}", "THAT")


@pytest.mark.parametrize("text", ["See: quantdeck data status", "try quantdeck --home x run", "quantdeck {}"])
def test_a_command_in_a_sentence_is_seen(text):
    assert COMMAND.search(text)


def test_no_sentence_names_a_command_by_itself():
    for path, tree in trees():
        known = {id(node) for node in docstrings(tree)}
        for node in ast.walk(tree):
            text = None if id(node) in known else template(node)
            if text and path not in LISTS and not path.startswith("tui/grammar/"):
                assert not COMMAND.search(text), (path, node.lineno, text)


class Pasted:
    """Hints about a home whose path a shell would take apart, pasted in another folder."""

    def __init__(self, folder, capsys):
        self.folder, self.capsys = folder, capsys
        self.home = home_of_all(folder / "my home; $HOME")
        self.done, self.stopped = self.home.find("0c1d0001"), self.home.find("0c1d0005")
        self.launched = []
        self.settings = folder / "my settings.toml"

    def answer(self, words, run=None, code=0):
        """The document that the command prints; a file in it is one in a folder of blanks."""
        run = run or self.done
        words = words.replace("RUN", run.id).replace("THAT", run.id)
        text = (
            file_hint(self.home.path, words, *[self.settings] * words.count("FILE"))
            if "FILE" in words
            else hint(self.home.path, words)
        )
        arguments = shlex.split(text)
        assert arguments[:3] == ["quantdeck", "--home", str(self.home.path)]
        assert main([*arguments[1:], "--json"]) == code, self.capsys.readouterr()
        return json.loads(self.capsys.readouterr().out)

    def recorded(self, mode, state):
        """A run of a mode, over several symbols where it can be, that has something to search."""
        values = {"data": {"exchange": "demo"}, "search": {"space": ["training.epochs = [2, 3]"]}}
        values["data"] |= {"symbols": ["BTC/USDT", "ETH/USDT"]} if MODES[mode].universe else {}
        name = f"0c1e{len(self.home.all()):04x}"
        run = record(self.home, name, STATES[state][0], mode=mode, settings=values)
        run.about_path.write_text(json.dumps(run.about | {"of": "0c1d0001"}))
        if state == "done":
            write_manifest(run.path, ["settings.toml"])
        return RunFolder(run.path)

    def paste(self, sentence):
        """The run that the command in a sentence starts; None if there is no command in it."""
        line = sentence.partition("quantdeck ")[2]
        if not line:
            return None
        assert main([*shlex.split(line), "--detach", "--json"]) == 0, self.capsys.readouterr()
        started = self.home.find(json.loads(self.capsys.readouterr().out)["run"])
        assert self.launched[-1] == started
        return started

    def starts(self, words, mode, run=None, of=""):
        """The run that the command starts."""
        document = self.answer(f"{words} --detach", run)
        started = self.home.find(document["run"])
        assert self.launched[-1] == started
        assert (started.mode, started.of) == (mode, of)
        return started


@pytest.fixture
def pasted(tmp_path, monkeypatch, capsys):
    for name in ("QUANTDECK_HOME", OWN):
        monkeypatch.setenv(name, "")  # set by commands, and undone in the end
    monkeypatch.setenv("PYTHONPATH", str(STAND_IN))
    found = Pasted(tmp_path, capsys)
    monkeypatch.setattr(pipeline, "launch", found.launched.append)
    monkeypatch.chdir("/")
    return found


def sign(pasted):
    key = pasted.home.path / "key"
    key.write_bytes(os.urandom(32))
    key.chmod(0o600)
    write_manifest(pasted.done.path, ["settings.toml"])
    assert pasted.answer("runs sign RUN")["signed"]


def verify(pasted):
    write_manifest(pasted.done.path, ["settings.toml"])
    assert pasted.answer("runs verify THAT")["intact"]


def reproduce(pasted):
    pasted.done.origin_path.write_text('{"devices": 1}')
    names = [
        path.name for path in (pasted.done.settings_path, pasted.done.result_path, pasted.done.origin_path)
    ]
    write_manifest(pasted.done.path, names)
    assert pasted.starts("reproduce RUN", "run").repeats == pasted.done.id


def stop(pasted, words, monkeypatch):
    """A live run; what would end its process lets go of its lock instead."""
    run = record(pasted.home, "0c1d0009", STATES["training"][0])
    handle = hold(run)
    monkeypatch.setattr(run_commands, "kill", lambda *_: os.close(handle))
    monkeypatch.setattr(
        run_commands, "wait", lambda *_: None if "--kill" in words else os.close(handle) or True
    )
    document = pasted.answer(words, run)
    assert document["run"] == run.id
    assert state_of(run).ended
    assert run.stop_path.exists() == ("--kill" not in words)


def init(pasted):
    assert pasted.answer("init -c FILE")["file"] == str(pasted.settings)
    assert "training" in pasted.settings.read_text()


def init_search(pasted):
    assert pasted.answer("init --search -c FILE")["file"] == str(pasted.settings)
    assert "[search]" in pasted.settings.read_text()


def run_file(pasted):
    pasted.settings.write_text("[training]\nepochs = 7\n")
    made = pasted.starts("run -c FILE", "run")
    assert "epochs = 7" in made.settings_path.read_text()


def search_file(pasted):
    init_search(pasted)
    pasted.starts("search FILE", "search")


def search_on_top(pasted, monkeypatch):
    """What `init --search` offers beside a quantdeck.toml, pasted where there is none."""
    (pasted.folder / "quantdeck.toml").write_text("[training]\nepochs = 7\n")
    monkeypatch.chdir(pasted.folder)
    assert main(["init", "--search", "--home", str(pasted.home.path)]) == 0
    monkeypatch.chdir("/")
    made = pasted.paste(pasted.capsys.readouterr().out.partition("Next: ")[2])
    assert made.mode == "search"
    chosen = settings.load(made.settings_path)
    assert chosen.training.epochs == 7
    assert chosen.search.space


def started_anew(pasted):
    """Each kind of run that settings alone start, from the settings of a run."""
    for mode in startable():
        made = pasted.paste(start_anew(pasted.recorded(mode, "done")))
        assert made.mode == mode


def alone(pasted):
    document = pasted.answer("")
    assert (document["home"], document["runs"]) == (str(pasted.home.path), len(pasted.home.all()))


def stored(pasted):
    assert pasted.answer("data status")["series"]


def imported(pasted):
    pasted.settings.write_text("time,close\n")
    assert pasted.answer("data import FILE")["series"] == pasted.settings.stem


def undone(pasted):
    assert pasted.answer("data repair THAT --undo")["undone"]


def audited(pasted):
    write_manifest(pasted.done.path, ["settings.toml"])
    assert pasted.answer("audit RUN")["run"] == pasted.done.id


def first_of_modes(pasted):
    """What is offered where there is no run of the modes that a command takes."""
    for modes in (with_backtest(), training(), (*training(), "backtest"), tuple(MODES)):
        with pytest.raises(QuantdeckError) as refused:
            Home(pasted.folder / "empty").find("last", modes)
        assert refused.value.remedy.endswith(f" {command(modes)}")
        pasted.starts(command(modes), command(modes))


def followed(pasted):
    assert pasted.answer("runs follow RUN")["run"] == pasted.done.id


DOES = {
    "": alone,
    "audit RUN": audited,
    "THAT -c FILE": started_anew,
    "backtest RUN": lambda pasted: pasted.starts("backtest RUN", "backtest", of=pasted.done.id),
    "command(modes)": first_of_modes,
    "data import FILE": imported,
    "data repair THAT --undo": undone,
    "data status": stored,
    "data update": lambda pasted: pasted.starts("data update", "update"),
    "demo": lambda pasted: pasted.starts("demo", "run"),
    "importance THAT": lambda pasted: pasted.starts("importance THAT", "importance", of=pasted.done.id),
    "init -c FILE": init,
    "init --search -c FILE": init_search,
    "reproduce RUN": reproduce,
    "run -c FILE": run_file,
    "runs follow RUN": followed,
    "runs list": lambda pasted: len(pasted.answer("runs list")["runs"]) == len(pasted.home.all()),
    "runs resume RUN": lambda pasted: pasted.starts("runs resume RUN", "train", pasted.stopped),
    "runs show RUN": lambda pasted: pasted.answer("runs show RUN")["run"] == pasted.done.id,
    "runs sign RUN": sign,
    "runs stop RUN": stop,
    "runs stop RUN --kill": stop,
    "runs verify THAT": verify,
    "search -c FILE FILE": search_on_top,
    "search FILE": search_file,
}


def test_every_hint_of_the_product_is_known_here():
    found = {words for path, tree in trees() if path not in PASSED_ON for words in made(tree)}
    assert found == set(DOES)


@pytest.mark.parametrize("words", DOES)
def test_a_hint_does_what_it_says_from_the_root_folder(pasted, words, monkeypatch):
    does = DOES[words]
    if does is stop:
        stop(pasted, words, monkeypatch)
    elif does is search_on_top:
        search_on_top(pasted, monkeypatch)
    else:
        assert does(pasted) is not False


@pytest.mark.parametrize("mode", MODES)
def test_what_is_said_of_a_run_without_its_result_leads_to_one(pasted, mode):
    """A run that was stopped goes on; one whose result is lacking is traded, or carried out, once more."""
    write_manifest(pasted.done.path, ["settings.toml"])
    stopped = pasted.recorded(mode, "stopped")
    assert pasted.paste(anew(stopped.path)) == stopped
    done = pasted.recorded(mode, "done")
    made = pasted.paste(anew(done.path))
    traded = MODES[mode].trains or mode == "backtest"
    if traded or MODES[mode].about:
        assert (made.mode, bool(made.of)) == ("backtest" if traded else mode, traded)
        assert made != done
    else:
        assert made is None
    live = pasted.recorded(mode, "training")
    handle = hold(live)
    assert "runs follow" in anew(live.path)
    os.close(handle)


def test_a_home_that_the_shell_names_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTDECK_HOME", str(tmp_path))
    assert hint(tmp_path, "runs list") == "quantdeck runs list"
    monkeypatch.setenv("QUANTDECK_HOME", "artifacts")
    assert home_option(tmp_path / "artifacts").startswith("--home ")
