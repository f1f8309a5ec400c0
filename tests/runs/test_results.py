"""result.json of every kind of run, read as what its mode leaves."""

import json
import math
import shutil
from dataclasses import fields

import pytest

from engine.errors import RepairDataError
from engine.results.backtest import BacktestResult
from engine.results.codec import to_json
from engine.results.explanations import explained
from engine.results.search import Luck
from engine.results.studies import SeedsResult
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.runs.modes import MODES
from engine.runs.results import result_of
from engine.settings import make
from tests.queries.results import backtested

TRAINING = {"epochs": 3, "best_epoch": 2, "loss": 0.4, "val_loss": None, "stopped_early": False}
LEFT = {
    "TrainResult": {"training": TRAINING, "simulated": True, "notes": ["a note of version 0.1"]},
    "UpdateResult": {"simulated": False, "notes": []},
    "SeedsResult": {
        "run": "a", "simulated": False, "seeds": [{"seed": 1, "run": "b", "sharpe": 1.0}],
        "spread": {"sharpe": {"mean": 1.0, "deviation": None, "least": 1.0, "greatest": 1.0}},
        "ensemble": {"sharpe": 1.1},
    },
    "CalibrationResult": {"run": "a", "edges": [], "trials": [], "simulated": True},
    "ImportanceResult": {
        "run": "a", "of": "b", "simulated": False, "forecasts": 90, "ic": None, "permutations": 4,
        "block": 10, "groups": [], "features": [],
    },
    "CpcvResult": {
        "run": "a", "simulated": False, "groups": 4, "tested": 2, "splits": 6, "start": "", "end": "",
        "sharpe_low": None, "sharpe_median": 1.0, "sharpe_high": 2.0, "share_below_zero": 0.1, "paths": [],
    },
    "NestedResult": {
        "run": "a", "simulated": False, "start": "", "end": "", "days": 40, "sharpe": 1.0, "sharpe_low": None,
        "sharpe_high": 2.0, "total_return": 0.1, "max_drawdown": 0.1, "hold_sharpe": None, "hold_return": 0.1,
        "hold_drawdown": 0.1, "inner_sharpe": None, "spans": [],
    },
    "SearchResult": {
        "run": "a", "simulated": False, "sampler": "tpe", "objective": ["ic"], "trials_complete": 1,
        "trials_pruned": 0, "trials_failed": 0, "winner": 0, "winner_run": "b", "tested_from": "",
        "winner_settings": {"model.kind": "mlp"}, "importance": {}, "front": [], "trials": [],
        "luck": {each.name: 1 if each.type == "int" else None for each in fields(Luck)},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return backtested(Home(tmp_path_factory.mktemp("kept")), 300)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_has_its_kind_of_result(tmp_path, kept, mode):
    run = Home(tmp_path).create(mode, make({}), of="0c1d0001" if mode == "backtest" else "")
    if MODES[mode].has_backtest:
        run.result_path.write_bytes(kept.result_path.read_bytes())
        assert isinstance(result_of(run), BacktestResult)
        return
    kind = MODES[mode].result_type
    run.result_path.write_text(json.dumps(LEFT[kind.__name__]))
    found = result_of(run)
    assert type(found) is kind
    assert kind is not SeedsResult or found.seeds[0].figures == {"sharpe": 1.0}
    run.result_path.write_text(json.dumps(to_json(found)))
    assert to_json(result_of(run)) == to_json(found)


def test_a_backtest_of_version_0_1_is_the_same_once_it_is_written_anew(kept):
    document = json.loads(kept.result_path.read_text())
    found = result_of(kept)
    assert found.metrics["total_return"] == document["metrics"]["total_return"]
    unknown = document | {"metrics": document["metrics"] | {"sharpe": None}}
    assert math.isnan(BacktestResult.from_json(unknown).metrics["sharpe"])
    assert to_json(BacktestResult.from_json(found.to_json())) == found.to_json()
    judged = {"fills", "stress", "intervals", "calibration", "permutation"}
    parts = judged | {"baselines", "trials", "funding"}
    assert set(explained(found)) == parts


def edited(run, change):
    """The run's result with something changed, and the manifest that vouched for it gone."""
    document = json.loads(run.result_path.read_text())
    change(document)
    run.result_path.write_text(json.dumps(document))
    return run


def test_an_edited_result_is_not_what_the_manifest_vouches_for(kept, tmp_path):
    home = Home(tmp_path)
    home.runs.mkdir(parents=True, exist_ok=True)
    copy = home.runs / kept.path.name
    shutil.copytree(kept.path, copy)
    run = home.find(kept.id)
    assert result_of(run) == result_of(kept)
    write_manifest(run.path, [run.result_path.name])
    edited(run, lambda document: document["metrics"].update(total_return=9.0))
    with pytest.raises(RepairDataError, match=r"hash|changed|bytes"):
        result_of(run)


@pytest.mark.parametrize("metric", ["total_return"])
def test_a_result_without_what_every_one_has_is_refused(kept, tmp_path, metric):
    document = json.loads(kept.result_path.read_text())
    del document["metrics"][metric]
    with pytest.raises(RepairDataError, match=metric):
        BacktestResult.from_json(document)


def test_numbers_beyond_every_float_are_refused(kept):
    document = json.loads(kept.result_path.read_text())
    document["metrics"]["volatility"] = 10**400
    with pytest.raises(RepairDataError, match="too large"):
        BacktestResult.from_json(document)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"metrics": null}',
        '{"metrics": {"sharpe": "high"}}',
        "[" * 200_000,
        '{"notes": 5}',
        '{"forecast": [1]}',
        '{"fills": {"ways": 3}}',
        '{"schema": 99}',
        '{"schema": "x"}',
        '{"schema": 2}',
    ],
)
def test_what_is_no_result_is_refused_by_its_path(tmp_path, content):
    run = Home(tmp_path).create("run", make({}))
    with pytest.raises(RepairDataError, match="is missing"):
        result_of(run)
    run.result_path.write_text(content)
    with pytest.raises(RepairDataError) as error:
        result_of(run)
    assert error.value.thing == str(run.result_path)
