"""whatif, trades, report, compare: the commands say what the engine's answers and the run's files say."""

import csv
import json
import shutil

import pytest

from engine.hints import hint
from engine.queries.opening import what_if
from engine.queries.trades import window
from engine.results.codec import plain
from engine.runs.home import Home
from engine.runs.trial_ledger import WHAT_IF
from engine.runs.trial_store import read
from engine.settings import make
from tests.queries.results import backtested, own_signals
from tui.cli import main

pytestmark = pytest.mark.usefixtures("one_engine")

OVERRIDES = {"signal.entry_threshold": 0.001, "backtest.stop_loss": 0.02}
GIVEN = ("-s", "signal.entry_threshold=0.001", "-s", "stop_loss=0.02")


class Here:
    """The command line in this process, in a folder and a home of its own; the engine's is another."""

    def __init__(self, folder, capsys):
        self.folder, self.home, self._capsys = folder, Home(folder / "home"), capsys

    def __call__(self, *arguments, code=0):
        assert main([*arguments, "--home", str(self.home.path)]) == code
        return self._capsys.readouterr()

    def json(self, *arguments, code=0):
        return json.loads(self(*arguments, "--json", code=code).out)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("kept"))
    return backtested(home, 700, seed=3)


@pytest.fixture
def real(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = Here(tmp_path, capsys)
    here.home.path.mkdir()
    return here


@pytest.fixture
def run(real, kept):
    shutil.copytree(kept.path.parents[1], real.home.path, dirs_exist_ok=True)
    return real.home.find(kept.id)


def test_whatif_is_the_engines_answer_and_a_look_that_counts_once(real, run):
    document = real.json("whatif", run.id, *GIVEN)
    answer = what_if({"run": str(run.path), "overrides": OVERRIDES})
    result = answer.result.to_json()
    metrics = {key: value for key, value in document["result"].items() if key != "benchmark"}
    assert metrics == result["metrics"]
    assert document["result"]["benchmark"] == result["benchmark"]
    assert document["recorded"] == json.loads(run.result_path.read_text())["metrics"]
    assert document["settings"] == OVERRIDES
    assert (document["trials"]["looks"], document["trials"]["what_ifs"]) == (2, 1)
    assert document["trials"] == result["trials"]
    assert real.json("whatif", run.id, *GIVEN)["trials"] == result["trials"]
    assert [look.kind for look in read(real.home.path)[0]] == ["run", WHAT_IF]

    out, _ = real("whatif", *GIVEN)
    assert "backtest.stop_loss 0 → 0.02" in out
    assert out.splitlines()[2].split() == ["recorded", "what", "if", "buy", "&", "hold"]
    assert "SIMULATED" in out.splitlines()[0]
    ledger = real.json("ledger")["spans"]
    assert [(span["looks"], span["kinds"]) for span in ledger] == [(2, {"run": 1, WHAT_IF: 1})]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("backtest.fee_bps=-3", "fee_bps = -3"),
        ("training.epochs=3", "can be tried"),
        ("backtest.span=all", "predictions that exist"),
    ],
)
def test_whatif_refuses_in_words_and_counts_nothing(real, run, given, said):
    assert said in real("whatif", run.id, "-s", given, code=2).err
    assert len(read(real.home.path)[0]) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("an_engine_each")
def test_looks_are_counted_anew_whenever_a_result_is_shown(real, run):
    """A sentence of the day of the run would be false by now."""
    assert "This is the first look at this span" in real("runs", "show", run.id)[0]
    real("whatif", run.id, *GIVEN)
    assert "This is look 2 at this span, 2 of them different" in real("runs", "show", run.id)[0]
    document = real.json("runs", "follow", run.id)
    assert (document["trials"]["looks"], document["trials"]["what_ifs"]) == (2, 1)
    assert document["sentences"]["trials"].startswith("This is look 2 ")
    (run.path / "bars.parquet").write_bytes(b"")  # what the engine would have to ask
    assert (
        "look 2 at this span, 2 of them different; the deflated Sharpe ratio is not defined"
        in (real("runs", "show", run.id)[0])
    )


def test_whatif_reads_no_settings_file(real, run):
    assert real.json("whatif", run.id, "-c", "other.toml", code=2)["error"]["exit_code"] == 2


SWEPT = ("-s", "entry_threshold=0.0005,0.001", "-s", "backtest.fee_bps=2,5,10", "-s", "stop_loss=0,0.02")


def test_sweep_tries_every_combination_and_each_is_a_look(real, run):
    document = real.json("sweep", run.id, *SWEPT)
    assert document["choices"] == {
        "signal.entry_threshold": [0.0005, 0.001],
        "backtest.fee_bps": [2.0, 5.0, 10.0],
        "backtest.stop_loss": [0.0, 0.02],
    }
    assert len(document["variants"]) == 12
    assert document["trials"]["looks"] == len(read(real.home.path)[0]) == 1 + 12 - 1  # one is the run's own
    out, _ = real("sweep", *SWEPT, "--limit", "5")
    lines = out.splitlines()
    sharpes = [float(line.split()[5]) for line in lines[3:8]]
    wanted = sorted({row["sharpe"] for row in document["variants"]}, reverse=True)
    assert sharpes == [round(each, 2) for each in wanted[:5]]
    assert "SIMULATED" in lines[0]
    assert "12 variants: 2 entry_threshold × 3 fee_bps × 2 stop_loss" in lines[1]
    assert "5 of 12 variants shown" in out
    best = document["variants"][document["best"]]["settings"]
    headline = next(line for line in lines if line.startswith("best"))
    assert f"backtest.fee_bps={best['backtest.fee_bps']}" in headline
    assert "without any skill" in out
    assert document["sentence"] in out


def test_sweep_writes_every_variant_to_a_file(real, run):
    swept = real.json("sweep", run.id, *SWEPT, "--csv", "swept.csv")
    with (real.folder / "swept.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert float(rows[0]["sharpe"]) == max(row["sharpe"] for row in swept["variants"])
    assert {"signal.entry_threshold", "backtest.fee_bps", "backtest.stop_loss", "trades"} < set(rows[0])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "nothing to try"),
        (("-s", "fee_bps=1,-3"), "fee_bps = -3"),
        (("-s", "epochs=1,3"), "can be tried"),
        (("-s", "fee_bps=" + ",".join(map(str, range(1001)))), "1,001 variants"),
        (("-s", "fee_bps=1", "-c", "other.toml"), "not read here"),
    ],
    ids=["nothing", "value", "key", "many", "file"],
)
def test_sweep_refuses_in_words_and_counts_nothing(real, run, given, said):
    assert said in real("sweep", run.id, *given, code=2).err
    assert len(read(real.home.path)[0]) == 1


def test_sweep_without_a_best(real, run):
    out, _ = real("sweep", "-s", "entry_threshold=0.5,0.9")
    assert out.splitlines()[-1].startswith("No variant trades ten times")
    assert real.json("sweep", "-s", "entry_threshold=0.5")["best"] is None


def test_whatif_on_signals_of_ones_own(real):
    run, _, _ = own_signals(real.home.path)
    fee = real.json("whatif", run.id, "-s", "fee_bps=1")
    assert fee["result"]["final_value"] > fee["recorded"]["final_value"]
    error = real.json("whatif", "last", "-s", "entry_threshold=0.01", code=2)["error"]
    assert "not forecasts" in error["reason"]


def test_trades_are_filtered_sorted_and_written_as_the_app_does(real, run):
    asked = {"filter": "pnl<0 side=short", "sort": "pnl", "reverse": True}
    given = ("--filter", "pnl<0 side=short", "--sort", "pnl", "--reverse")
    answer = plain(window({"run": str(run.path), "count": 5, **asked}))
    document = real.json("trades", run.id, *given, "--limit", "5")
    assert [list(trade.values()) for trade in document["trades"]] == answer["rows"]
    assert {key: document[key] for key in ("total", "all", "pnl")} == {
        key: answer[key] for key in ("total", "all", "pnl")
    }
    every = real.json("trades", run.id, *given, "--limit", "0")["trades"]
    assert len(every) == answer["total"]

    path = real.folder / "losers.csv"
    assert real.json("trades", run.id, *given, "--csv", str(path))["rows"] == answer["total"]
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [int(row["trade"]) for row in rows] == [trade["trade"] for trade in every]

    out, _ = real("trades", run.id, "--limit", "3")
    assert len(out.splitlines()) == 5
    assert "--limit 0 shows all" in out
    assert "long, short" in real("trades", run.id, "--filter", "side=shirt", code=2)[1]


def test_one_trade_with_its_candles(real, run):
    document = real.json("trades", run.id, "--trade", "2")
    assert document["trade"]["trade"] == 2
    assert len(document["candles"]["open"]) > 10
    real("trades", run.id, "--trade", "99999", code=2)


def test_trades_under_other_rules_are_a_look(real, run):
    document = real.json("trades", run.id, *GIVEN, "--limit", "1")
    assert document["all"] == what_if({"run": str(run.path), "overrides": OVERRIDES}).trades
    assert [look.kind for look in read(real.home.path)[0]] == ["run", WHAT_IF]


def test_report(real, run):
    path = real.folder / f"quantdeck-{run.id}.html"
    assert real.json("report")["path"] == str(path)
    assert "<svg" in path.read_text()
    real("report", run.id, "tried.html", "-s", "fee_bps=1")
    assert "WHAT-IF" in (real.folder / "tried.html").read_text()
    assert ".html" in real("report", run.id, "report.pdf", code=2)[1]


def test_compare(real, run):
    other = backtested(real.home, 700, seed=3, overrides=["backtest.fee_bps=3"])
    document = real.json("compare", run.id, other.id)
    assert [each["run"] for each in document["runs"]] == [run.id, other.id]
    assert document["settings"] == {"backtest.fee_bps": ["(default)", 3.0]}
    first, second = (each["metrics"]["total_return"] * 100 for each in document["runs"])
    line = next(
        line for line in real("compare", run.id, other.id)[0].splitlines() if line.startswith("total return")
    )
    assert line.split()[3:] == [f"{first:,.2f}", f"{second:,.2f}", f"{second - first:+,.2f}"]
    short = backtested(real.home, 600, seed=4)
    every = real.json("runs", "compare", run.id, other.id, short.id)["runs"]
    ratios = [each["metrics"]["sharpe"] for each in every[:2]]
    found, none = (each["against_first"] for each in every[1:])
    assert found["days"] == 30
    assert found["sharpe"]["value"] == pytest.approx(ratios[1] - ratios[0])
    assert found["sharpe"]["interval"][0] < found["sharpe"]["value"] < found["sharpe"]["interval"][1]
    assert none["days"] < 30
    assert none["sharpe"] == {"value": None, "interval": [None, None]}
    assert every[0]["against_first"] is None
    text = real("runs", "compare", run.id, other.id, short.id)[0]
    assert f"{short.id} against {run.id}: n/a, " in text
    assert "in common; it takes 30" in text
    assert "two runs" in real("compare", run.id, code=2)[1]
    trained = real.home.create("train", make({}))
    trained.result_path.write_text(json.dumps({"simulated": True, "training": {}}))
    assert real.json("compare", run.id, trained.id)["runs"][1]["metrics"] is None


def test_lists_are_written_as_csv(real, run):
    backtested(real.home, 700, seed=4, name="second")
    assert real.json("runs", "list", "--csv", "runs.csv") == {
        "path": str(real.folder / "runs.csv"),
        "rows": 2,
    }
    rows = list(csv.DictReader((real.folder / "runs.csv").read_text().splitlines()))
    assert [row["run"] for row in rows] == [each.id for each in real.home.all()]
    assert [each["name"] for each in real.json("runs", "list", "--filter", "SECOND done")["runs"]] == [
        "second"
    ]
    assert "none of 2 runs" in real("runs", "list", "--filter", "nothing such")[0]


def test_a_home_without_results_says_so(real):
    assert f"Start one: {hint(real.home.path, 'run')}" in real("whatif", code=2).err


def test_show_tells_how_returns_are_spread(real, run):
    document = real.json("runs", "show", run.id)
    spread = {key: value for key, value in real.json("returns", run.id).items() if key != "settings"}
    assert document["returns"] == spread
    assert real("returns", run.id)[0].strip() in real("runs", "show", run.id)[0]
    run.manifest_path.unlink()
    assert real.json("runs", "show", run.id)["returns"] is None
    assert "how returns are spread: n/a" in real("runs", "show", run.id)[0]


def test_runs_are_listed_in_any_order_and_as_a_tree(real, run):
    child = backtested(real.home, 700, seed=4, name="second")
    child.about_path.write_text(json.dumps(child.about | {"of": run.id}))
    backtested(real.home, 700, seed=5, name="another")
    real("runs", "note", child.id, "a #keeper")
    listed = real.json("runs", "list", "--sort", "return", "--reverse")["runs"]
    returns = [each["result"]["total_return"] for each in listed]
    assert returns == sorted(returns, reverse=True)
    assert [each["tags"] for each in listed if each["tags"]] == [["keeper"]]
    tree = real.json("runs", "list", "--tree", "--sort", "name")["runs"]
    ids = [each["run"] for each in tree]
    assert ids.index(child.id) == ids.index(run.id) + 1
    assert "└ second" in real("runs", "list", "--tree")[0]
    assert "no 'colour'" in real("runs", "list", "--sort", "colour", code=2).err


def test_charts_are_written_to_a_folder(real, run):
    paths = real.json("charts", run.id, "--out", "new")["paths"]
    assert all(path.startswith(str(real.folder / "new")) for path in paths)
    assert "exists already" in real("charts", run.id, "--out", "new", code=2).err
    assert real.json("charts", run.id, "--out", "new", "--force", "-s", "fee_bps=3")["paths"] == paths
    assert "lies in the home" in real("charts", run.id, "--out", str(real.home.path), code=2).err
