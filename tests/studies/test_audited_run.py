"""The audit of real runs, their models included, and the status that it leaves."""

import json
import random

import pytest

from engine.errors import ChangeSettingsError
from engine.results.audit import AuditReport
from engine.results.backtest import TrainingSummary
from engine.results.studies import TrainResult
from engine.runs.audit_status import AUDIT, audit_status, caveats_of
from engine.runs.manifest import verify
from engine.runs.requests import EngineClient
from engine.runs.results import backtest_of
from engine.runs.state import state_of
from tests.studies.engines import TINY, followed, home_with_market, killed, result_of
from tests.studies.markets import NAMES, settings_of
from tui.commands.outcome import shown
from tui.text.backtest import backtest_document, backtest_summary
from tui.text.studies import study_summary

pytestmark = pytest.mark.slow

SMOOTH = """
import numpy as np
from engine.features import feature
@feature(warm_up=2)
def smooth(bars):
    padded = np.pad(bars.close, 3, mode="edge")
    return np.convolve(padded, np.ones(7) / 7, mode="valid") / bars.close
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return home_with_market(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def client():
    with EngineClient() as asked:
        yield asked


def audited(client, home, run):
    return client.ask({"do": "run.audit", "run": str(run.path), "home": str(home.path)}, AuditReport)


def test_a_clean_run_passes_until_its_artifacts_change(home, client):
    run = followed(home.create("run", settings_of(*TINY)))
    assert audit_status(run) == "not run"
    first = audited(client, home, run)
    assert (first.status, first.findings) == ("passed", ())
    assert len(first.stages) == 12
    assert audit_status(run) == "passed"
    result_of(run)
    run.manifest_path.write_bytes(run.manifest_path.read_bytes() + b" ")
    assert audit_status(run) == "not run"


def test_a_run_with_a_leak_in_its_own_features_is_found_out(home, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(SMOOTH)
    names = f"features.names={','.join((*NAMES, 'smooth'))}"
    run = home.create("run", settings_of(*TINY, names, f"features.file={file}"))
    event = {"kind": "stage", "stage": "audit", "state": "begin"}
    killed(run, event, random.randrange(10))  # anywhere in its audit
    assert audit_status(run) in ("not run", "failed")  # failed once its report is written
    assert verify(run.path) == []
    followed(run)
    assert audit_status(run) == "failed"  # by the run itself, before it counted as done
    assert state_of(run).stages["audit"] > 0
    assert caveats_of(run, backtest_of(run))[0].startswith("LEAK AUDIT FAILED: features: smooth of 2019")
    report = AuditReport.from_json(json.loads((run.path / AUDIT).read_bytes()))
    assert report.status == "failed"
    assert (report.findings[0].stage, report.findings[0].column) == ("features", "smooth")
    assert report.findings[0].row_ms < report.findings[0].cut_ms


def test_a_training_alone_says_so_too(home, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(SMOOTH)
    trained = TrainResult(TrainingSummary(3, 2, 0.9, 0.8, stopped_early=False), simulated=True)
    names = (f"features.names={','.join((*NAMES, 'smooth'))}", f"features.file={file}")
    own, plain = (home.create("train", settings_of(*TINY, *more)) for more in (names, ()))
    assert study_summary(own, trained).startswith("NOT AUDITED")
    assert shown(own, trained)[0]["caveats"][0].startswith("NOT AUDITED")
    assert caveats_of(plain, trained) == []


@pytest.mark.long
def test_a_run_that_was_not_audited_says_so_and_what_it_was_trained_with_is_audited_later(
    home, client, tmp_path
):
    file = tmp_path / "mine.py"
    file.write_text(SMOOTH)
    keys = (f"features.names={','.join((*NAMES, 'smooth'))}", f"features.file={file}", "evidence.audit=false")
    run = followed(home.create("run", settings_of(*TINY, *keys)))
    assert audit_status(run) == "not run"
    assert caveats_of(run, backtest_of(run))[0].startswith("NOT AUDITED")
    assert backtest_summary(run, backtest_of(run)).startswith("NOT AUDITED")
    assert backtest_document(run, backtest_of(run))["caveats"][0].startswith("NOT AUDITED")
    assert run.features_path.read_text() == SMOOTH
    file.write_text(SMOOTH.partition("    padded")[0] + "    return bars.open / bars.close\n")
    report = audited(client, home, run)
    assert report.edited
    assert (report.status, report.findings[0].column) == ("failed", "smooth")


def test_what_has_no_model_cannot_be_audited(home, client):
    run = home.create("update", settings_of())
    with pytest.raises(ChangeSettingsError, match="without a model"):
        audited(client, home, run)
