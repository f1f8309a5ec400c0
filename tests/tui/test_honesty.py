"""simulate and calibrate, from the command line on the real engine: documents and exit codes."""

import json

import pytest

from engine.runs.state import state_of
from tests.queries.results import own_signals
from tests.studies.engines import TINY

SETTINGS = (
    "data.exchange=demo", "data.start=2019-03-02", "data.funding=true", "data.second_exchange=demo",
    "features.names=return_1,return_6", "window.lookback=6", "split.test=0.25",
    "evidence.permutations=0", "evidence.resamples=100", *TINY,
)  # fmt: skip


def given(*settings):
    return [word for each in (*SETTINGS, *settings) for word in ("-s", each)]


def test_simulate_judges_signals_of_ones_own(real):
    own_signals(real.home.path)
    files = {name: real.home.path / f"{name}.csv" for name in ("candles", "signals")}
    paths = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    chosen = ("-s", "evidence.permutations=0", "-s", "evidence.resamples=100")
    document = real.json("simulate", *paths, *chosen, "--name", "mine")
    (_, run) = real.home.all()
    assert (document["run"], document["state"], run.name) == (run.id, "done", "mine")
    assert document["result"]["trades"] > 5
    assert document["sentences"]["baselines"].startswith("The signals beat ")
    assert "LSTM" not in json.dumps(document)
    assert (document["audit"], "signals came from a file" in document["caveats"][0]) == (
        "not judgeable",
        True,
    )
    assert real.json("runs", "show", run.id)["symbol"] == document["symbol"]
    assert "signals came from a file" in real.json("audit", code=2)["error"]["reason"]
    spans = real.json("ledger")["spans"]
    assert sum(span["kinds"].get("simulate", 0) for span in spans) == 2
    wrong = real.json("simulate", "--candles", str(files["candles"]), "--signals", "none.csv", code=2)
    assert "is no file" in wrong["error"]["reason"]
    swapped = ["--candles", str(files["signals"]), "--signals", str(files["candles"])]
    assert real.json("simulate", *swapped, code=2)["error"]["class"] == "ChangeSettingsError"


@pytest.mark.long
def test_calibrate_tells_alarms_and_what_was_recovered(real):
    chosen = given("calibration.edges=0", "calibration.seeds=1", "calibration.bars=500", "parallel.workers=1")
    document = real.json("calibrate", *chosen, "-s", "training.epochs=1")
    (edge,) = document["result"]["edges"]
    assert (edge["edge"], edge["markets"]) == (0, 1)
    assert edge["recovered"] is None
    assert edge["above_zero"] in (0, 1)
    assert state_of(real.home.find(document["run"])).status == "done"
    assert "SIMULATED markets" in real("runs", "show", "last")[0] or document["state"] == "done"
