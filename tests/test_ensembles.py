"""An ensemble is its members: trained, stopped and gone on with, saved, traded and audited as one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import pipeline
from engine.errors import StopRequestedError
from engine.lineage.comparison import examine
from engine.models.training import backend
from engine.models.training.fitted import Fitted, after
from engine.outcome import PREDICTIONS
from engine.preparation import Job
from engine.runs.fold import State, fold
from engine.runs.log_entries import entry_of
from engine.runs.manifest import manifest_of, verify
from engine.settings import load
from engine.studies.leak_audit.audited_run import audit_run
from tests.studies.engines import TINY, home_with_market
from tests.studies.markets import END_MS, settings_of

FEW = ("evidence.resamples=100", "evidence.permutations=0", "training.learning_rate=0.01")
NAMES = ["model-1.keras", "model-2.keras", "model-3.keras"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    backend.start(1)
    return home_with_market(tmp_path_factory.mktemp("home"))


def carried_out(home, *overrides, emit=lambda _: None):
    run = home.create("run", settings_of(*TINY, *FEW, *overrides))
    return Job(load(run.settings_path), run, home, END_MS, emit=emit)


def forecasts(job):
    return pd.read_parquet(job.run.path / PREDICTIONS)["prediction"].to_numpy()


@pytest.fixture(scope="module")
def ensemble(home):
    job = carried_out(home, "model.members=3", "training.seed=5")
    return job, pipeline.train_and_backtest(job)


def test_its_forecasts_are_the_mean_of_its_members_trained_alone_bit_for_bit(home, ensemble):
    alone = [carried_out(home, f"training.seed={seed}") for seed in (5, 6, 7)]
    for each in alone:
        pipeline.train_and_backtest(each)
    mean = np.mean([forecasts(each) for each in alone], axis=0)
    job, _ = ensemble
    assert np.array_equal(forecasts(job), mean, equal_nan=True)
    for each, name in zip(alone, NAMES, strict=True):
        assert (each.run.path / "model.keras").read_bytes() == (job.run.path / name).read_bytes()


def test_its_files_are_vouched_for_examined_and_audited(home, ensemble):
    job, _ = ensemble
    assert [name for name in manifest_of(job.run.path) if name.startswith("model")] == NAMES
    assert verify(job.run.path) == []
    assert [line.partition(":")[0] for line in examine(job.run)][:3] == NAMES
    assert audit_run(job.run, home, lambda _: None).status == "passed"


@pytest.mark.parametrize("epoch", [1, 2, 3, 5])
def test_one_that_was_stopped_goes_on_to_the_same_bits(home, ensemble, epoch):
    job = carried_out(home, "model.members=3", "training.seed=5")
    events = []

    def stop(event):
        if event["kind"] == "epoch":
            events.append(event["epoch"])
            if event["epoch"] == epoch:
                raise StopRequestedError("run", "was asked to stop")

    with pytest.raises(StopRequestedError):
        pipeline.train_and_backtest(Job(job.settings, job.run, home, END_MS, emit=stop))
    result = pipeline.train_and_backtest(Job(job.settings, job.run, home, END_MS, emit=lambda _: None))
    whole, _ = ensemble
    for name in (*NAMES, "scaler.joblib", "trades.csv"):
        assert (job.run.path / name).read_bytes() == (whole.run.path / name).read_bytes()
    assert result.training == ensemble[1].training
    assert events[-1] == epoch


def test_members_are_told_one_after_the_other_and_as_one(home):
    events, state = [], State()
    job = carried_out(home, "model.members=2", "training.patience=1", emit=events.append)
    result = pipeline.train_and_backtest(job)
    epochs = [event["epoch"] for event in events if event["kind"] == "epoch"]
    assert epochs == list(range(1, result.training.epochs + 1))
    assert [event["member"] for event in events if "member" in event] == [1, 2]
    seen = set()
    for event in events:
        state = fold(state, entry_of({"seq": 1, "at": "", **event}, "events"))
        if state.stage == "fit" and event["kind"] == "batch":
            seen.add((state.model.member, state.model.members, state.early_stopped))
    assert seen == {(1, 2, False), (2, 2, False)}


@given(st.integers(2, 9), st.integers(1, 30), st.data())
def test_time_left_is_that_of_all_members_where_all_are_alike(members, epochs, data):
    number = data.draw(st.integers(1, members - 1))
    most, epoch = data.draw(st.integers(epochs, 60)), data.draw(st.integers(1, epochs))
    batch = data.draw(st.integers(1, 7))
    fit = Fitted(epochs=epochs, best_epoch=1, loss=0.0, val_loss=0.0, stopped_early=True, history=[])
    events = []
    emit = after([fit] * number, members, events.append)
    passed = epoch - 1 + batch / 8
    progress = {"epoch": epoch, "epochs": most, "batch": batch, "batches": 8}
    emit({"kind": "batch", **progress, "left_s": 2.5 * (most - passed)})
    assert events[0]["left_s"] == pytest.approx(2.5 * (epochs * (members - number) - passed))
    assert events[0]["epoch"] == number * epochs + epoch


@pytest.mark.parametrize("kind", ["boosting", "ridge"])
def test_regressions_are_trained_traded_and_audited_as_networks_are(home, kind):
    job = carried_out(home, f"model.kind={kind}", "model.members=2", "model.trees=20")
    again = carried_out(home, f"model.kind={kind}", "model.members=2", "model.trees=20")
    results = [pipeline.train_and_backtest(each) for each in (job, again)]
    assert results[0].metrics == results[1].metrics
    files = [name for name in manifest_of(job.run.path) if name.startswith("model")]
    assert files == (["model-1.npz", "model-2.npz"] if kind == "boosting" else ["model.npz"])
    assert all((job.run.path / name).read_bytes() == (again.run.path / name).read_bytes() for name in files)
    assert audit_run(job.run, home, lambda _: None).status == "passed"
    for name in files:
        (job.run.path / name).write_bytes(b"PK")
    assert {problem.key for problem in verify(job.run.path)} == set(files)
