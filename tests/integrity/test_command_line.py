"""reproduce, runs import and runs sign as a user types them, on a real run."""

import json
import subprocess
import sys

import pytest

from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.runs.signature import KEY_NAME


@pytest.fixture
def deck(home):
    def execute(*arguments, code=0, at=home):
        command = [sys.executable, "-P", "-m", "tui.cli", *arguments, "--home", str(at.path), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout)

    return execute


def test_reproduce_says_that_all_is_equal(deck, home, run):
    document = deck("reproduce", run.id)
    assert document["equal"]
    assert document["repeats"] == run.id
    assert {"model.keras", "trades.csv", "predictions.parquet", "metrics"} <= set(document["compared"])
    assert {each.id for each in home.all()} == {run.id, document["run"]}


def test_reproduce_fails_when_it_came_to_something_else(deck, run):
    result = json.loads(run.result_path.read_bytes())
    result["metrics"]["sharpe"] = 9.0
    run.result_path.write_text(json.dumps(result))
    write_manifest(run.path, ["result.json"])
    error = deck("reproduce", run.id, code=1)["error"]
    assert error["reason"] == "is not reproduced: metrics differ"
    assert "please report" in error["remedy"]


def test_import_tells_what_is_trusted_and_refuses_what_is_broken(deck, run, tmp_path):
    mine = Home(tmp_path / "mine")
    document = deck("runs", "import", str(run.path), at=mine)
    assert document["run"] == run.id
    assert any("who made it is unknown" in line for line in document["trusts"])
    (run.path / "trades.csv").write_text("x")
    error = deck("runs", "import", str(run.path), at=Home(tmp_path / "other"), code=1)["error"]
    assert error["class"] == "RepairDataError"
    assert "trades.csv" in error["thing"] + error["reason"]


def test_sign_wants_a_key_and_then_an_edited_manifest_is_seen(deck, home, run):
    error = deck("runs", "sign", run.id, code=2)["error"]
    assert KEY_NAME in error["remedy"]
    key = home.path / KEY_NAME
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    assert deck("runs", "verify", run.id, code=1)["error"]["class"] == "RepairDataError"
    assert deck("runs", "sign", run.id) == {"run": run.id, "signed": True}
    assert deck("runs", "verify", run.id)["intact"]
    stored = json.loads(run.manifest_path.read_bytes())
    run.manifest_path.write_text(json.dumps(stored | {"schema": stored["schema"], "about": {}}))
    assert deck("runs", "verify", run.id, code=1)["error"]["class"] == "RepairDataError"
