"""Walk-forward as a user runs it, killed in the middle too."""

import itertools

import numpy as np
import pandas as pd
import pytest

from engine.runs.manifest import verify
from tests.studies.engines import TINY, followed, home_with_market, killed, result_of
from tests.studies.markets import settings_of

CHOSEN = settings_of(*TINY, "walk_forward.folds=3", "parallel.workers=1", "signal.threshold_from=validation")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return home_with_market(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def whole(home):
    return followed(home.create("walkforward", CHOSEN))


def test_the_stitched_curve_covers_every_test_span_once(whole):
    document = result_of(whole)
    folds = document["folds"]
    assert [fold["fold"] for fold in folds] == [1, 2, 3]
    assert document["simulated"] is True
    assert sum(fold["test"] for fold in folds) == document["bars"]
    equity = pd.read_parquet(whole.path / "equity.parquet")["equity"]
    gains = np.prod([1 + fold["total_return"] for fold in folds])
    assert gains == pytest.approx(equity.iloc[-1] / 10_000)
    assert sum(fold["trades"] for fold in folds) == document["metrics"]["trades"]
    table = pd.read_parquet(whole.path / "predictions.parquet").dropna()  # bars with a band and a return
    held = table["realised"].between(table["low"], table["high"])
    assert document["band"]["forecasts"] == len(table)
    assert document["band"]["held"]["value"] == pytest.approx(held.mean())
    for fold in folds:
        span = held[pd.Timestamp(fold["test_start"]) : pd.Timestamp(fold["test_end"])]
        assert fold["band_held"] == pytest.approx(span.mean())
    assert all(a["test_end"] < b["test_start"] for a, b in itertools.pairwise(folds))
    assert verify(whole.path) == []


def test_killed_in_the_middle_it_resumes_to_the_same_result(home, whole):
    run = home.create("walkforward", CHOSEN)
    killed(run, {"kind": "note", "code": "fold trained"})
    assert [path.name for path in run.path.glob("fold-*.npz")] == ["fold-001.npz"]
    followed(run)
    assert result_of(run)["folds"] == result_of(whole)["folds"]
    assert result_of(run)["metrics"] == result_of(whole)["metrics"]
    assert (run.path / "trades.csv").read_bytes() == (whole.path / "trades.csv").read_bytes()
    assert pd.read_parquet(run.path / "equity.parquet").equals(pd.read_parquet(whole.path / "equity.parquet"))


def test_a_damaged_fold_is_trained_again(home, whole):
    run = home.create("walkforward", CHOSEN)
    for name in ("fold-001.npz", "fold-002.npz", "fold-003.npz"):
        content = (whole.path / name).read_bytes()
        (run.path / name).write_bytes(content if "2" not in name else content[:-1])
    followed(run)
    assert result_of(run)["metrics"] == result_of(whole)["metrics"]
    assert (run.path / "fold-002.npz").read_bytes() == (whole.path / "fold-002.npz").read_bytes()
