"""The command line itself: light, one JSON document, errors in words, exit codes."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer

from engine.settings import Settings, load
from engine.settings.tree import defaults
from tui.cli import app_options, main
from tui.grammar import app

HEAVY = {
    "numpy", "pandas", "keras", "jax", "sklearn", "ccxt", "pyarrow", "numba", "scipy", "joblib", "aiohttp",
    "pydantic", "rich", "textual", "plotext",
}  # fmt: skip


def loaded_by(deck, code):
    """The packages loaded once `code` has run."""
    program = f"{code}\nimport sys; print('|', *{{name.partition('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", program]
    out = subprocess.run(command, capture_output=True, text=True, env=deck.env, check=True).stdout
    return set(out.rpartition("|")[2].split())


@pytest.mark.parametrize("code", ["import tui.cli", "import tui.cli; tui.cli.main(['--help'])"])
def test_help_loads_nothing_heavy(deck, code):
    assert not HEAVY & loaded_by(deck, code)


@pytest.mark.parametrize("arguments", [["run"], ["run", "--help"], ["runs", "list"], ["data", "status"], []])
def test_commands_load_no_library_of_the_engine(deck, arguments):
    loaded = loaded_by(deck, f"import tui.cli; tui.cli.main({arguments})")
    assert not (HEAVY - {"pydantic", "rich"}) & loaded


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ([], {}),
        (["--ascii"], {}),
        (["--home", "there"], {"home": "there"}),
        (["--ascii", "--home", "there"], {"home": "there"}),
        (["--home", "there", "--no-ascii"], {"home": "there"}),
        (["--no-mouse", "--home", "there"], {"home": "there", "mouse": False}),
        (["--home"], None),
        (["--home", "--ascii"], None),
        (["--json"], None),
        (["--home", "there", "runs"], None),
    ],
)
def test_the_app_opens_without_the_grammar(given, options):
    assert app_options(given) == options


def test_help_names_every_command_and_the_exit_codes(deck):
    out, err = deck("--help")
    for word in ("init", "demo", "run", "train", "backtest", "data", "runs", "130 interrupted"):
        assert word in out
    assert not err


def test_alone_it_tells_how_things_stand(deck):
    out, err = deck()
    assert "no runs yet" in out
    assert "quantdeck demo" in out
    assert not err
    assert deck.json() == {
        "home": str(deck.home.path),
        "runs": 0,
        "live": [],
        "queued": [],
        "last": None,
        "unreadable": {},
        "ended_badly": [],
    }


def test_home_is_given_before_or_after_the_command(deck, tmp_path):
    there = str(tmp_path / "there")
    assert deck.json("--home", there)["home"] == there
    assert there in deck("--home", there, "runs", "list")[0]
    assert there in deck("runs", "list", "--home", there)[0]


def test_every_wrong_setting_is_told_at_once(deck):
    (deck.folder / "quantdeck.toml").write_text(
        "[training]\nepochs = 0\nepoch = 3\n[data]\nsymbol = '../x'\n"
    )
    out, err = deck("run", "-s", "window.lookback=many", "-s", "nonsense", code=2)
    assert not out
    lines = err.splitlines()
    assert lines[0] == "error: quantdeck.toml: 5 settings are wrong"
    assert lines[1].startswith("  remedy: ")
    for key in ("training.epochs = 0: ", "training.epoch: ", "data.symbol", "window.lookback", "nonsense: "):
        assert sum(line.startswith(f"  {key}") for line in lines) == 1, (key, err)
    assert deck.home.all() == []

    error = deck.json("run", "-s", "nonsense", code=2)["error"]
    assert error["class"] == "SettingsError"
    assert error["exit_code"] == 2
    assert len(error["problems"]) == 4
    assert set(error["problems"][0]) == {"key", "value", "reason"}


def test_settings_are_checked_even_where_none_are_needed(deck):
    assert "training.epoch" in deck("runs", "list", "-s", "training.epoch=1", code=2)[1]
    deck("runs", "list", "-s", "training.epochs=1")


@pytest.mark.parametrize(
    "arguments", [["rnu"], ["runs"], ["run", "--nonsense"], ["data", "import"], ["runs", "show"]]
)
def test_wrong_usage(deck, arguments):
    out, err = deck(*arguments, code=2)
    assert not out
    assert err.startswith("error: command line: ")
    assert "--help" in err
    assert deck.json(*arguments, code=2)["error"]["exit_code"] == 2


def test_settings_file_that_cannot_be_read(deck):
    assert "quantdeck init" in deck("run", "-c", "absent.toml", code=2)[1]
    (deck.folder / "broken.toml").write_text("[training\n")
    assert "broken.toml: is not TOML" in deck("run", "-c", "broken.toml", code=2)[1]


def test_control_characters_are_never_sent_raw(deck):
    out, err = deck("runs", "show", "\x1b[31mlast", code=2)
    assert "\x1b" not in out + err
    assert "\\x1b[31mlast" in err


def test_init_writes_a_commented_file_that_loads(deck):
    out, _ = deck("init", "-s", "training.epochs=5", "-s", "data.symbol=ETH/USDT")
    path = deck.folder / "quantdeck.toml"
    assert "quantdeck.toml" in out
    assert path.read_text().count("# ") > 50
    assert set(tomllib.loads(path.read_text())) == set(Settings.model_fields)
    assert load(path).training.epochs == 5

    assert "--force" in deck("init", code=2)[1]
    assert load(path).training.epochs == 5
    assert deck.json("init", "--force")["file"] == str(path)
    assert load(path) == Settings()
    assert deck("init", "-s", "training.epochs=0", "--force", code=2)
    assert load(path) == Settings()


def test_init_says_where_it_cannot_write(deck):
    refusal = deck("init", "-c", "absent/quantdeck.toml", code=2)[1]
    assert "absent, which is no folder" in refusal
    assert "Make that folder" in refusal


def test_a_pipe_that_closes_early_is_no_error(deck):
    read, write = os.pipe()
    os.close(read)
    for arguments in (["--help"], [], ["--json"]):
        process = deck.start(*arguments, stdout=write)
        assert process.communicate(timeout=250)[1] == ""
        assert process.returncode == 0
    os.close(write)


def test_full_and_closed_outputs(deck):
    with Path("/dev/full").open("w") as full:
        process = deck.start(stdout=full)
        assert "standard output: No space left" in process.communicate(timeout=250)[1]
        assert process.returncode == 1
        process = deck.start("nonsense", stderr=full)
        process.communicate(timeout=250)
        assert process.returncode == 2
    for redirection in (">&-", "2>&-", ">&- 2>&- <&-"):
        command = f"{sys.executable} -m tui.cli runs show last --json {redirection}"
        done = subprocess.run(
            ["sh", "-c", command], env=deck.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stderr == ""
        assert not done.stdout or json.loads(done.stdout)["error"]["exit_code"] == 2


@pytest.mark.parametrize("words", [[], ["runs", "list"], ["init"]])
def test_a_folder_that_has_been_removed_is_told_with_the_way_out(tmp_path, monkeypatch, capsys, words):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.delenv("QUANTDECK_HOME", raising=False)
    monkeypatch.chdir(here)
    here.rmdir()
    code, said = main(words), capsys.readouterr().err
    assert (code, "own fault" in said) == (2 if words != ["init"] else code, False)
    assert "removed" in said


def test_an_output_that_knows_ascii_only_loses_no_line(deck):
    out, _ = deck(env={"PYTHONIOENCODING": "ascii"})
    assert "data \\u2026" in out


def test_it_is_installed_under_its_name():
    (script,) = entry_points(group="console_scripts", name="quantdeck")
    assert script.load() is main


def test_version(deck):
    assert deck("--version")[0].startswith("quantdeck ")


@pytest.mark.parametrize("name", ["whatif", "sweep", "report", "trades"])
def test_what_takes_rules_offers_no_file_and_an_example_that_it_takes(deck, name):
    """The one `-s` of the help is of the groups that a what-if moves."""
    shown, _ = deck(name, "--help")
    assert "--config" not in shown
    example = re.search(r"such as (\w+)=", " ".join(shown.partition("--set")[2].split()))
    assert example
    assert any(f"{group}.{example[1]}" in defaults() for group in ("signal", "backtest"))


@pytest.mark.parametrize("name", ["data", "runs"])
def test_an_unknown_sub_command_is_told_those_that_there_are(deck, name):
    error = deck.json(name, "nonsense", code=2)["error"]
    known = typer.main.get_command(app).commands[name].commands
    assert f"quantdeck {name} knows {', '.join(known)}. " in error["remedy"]
    assert f"quantdeck {name} --help" in error["remedy"]
