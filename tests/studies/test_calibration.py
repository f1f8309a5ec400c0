"""Calibration on tiny simulated markets; the figures of full size are measured, not tested."""

import math

import pytest

from engine.results.studies import CalibrationTrial
from engine.studies.calibration import summary
from tests.studies.engines import TINY, followed, home_with_market, result_of
from tests.studies.markets import settings_of


def trial(edge, seed, low):
    return CalibrationTrial(edge, seed, low + 0.1, low, low + 0.2, 0.5, 0.1, 100, 3, 1, 0.0)


def test_the_summary_counts_alarms_against_chance():
    found = summary(0.0, [trial(0.0, seed, 0.01 if seed == 3 else -0.05) for seed in range(20)])
    assert (found.above_zero, found.share_above_zero, found.most_by_chance) == (1, 0.05, 2)


@pytest.mark.long
def test_calibration_goes_on_where_it_was_and_names_the_truth(tmp_path):
    home = home_with_market(tmp_path)
    chosen = settings_of(
        *TINY, "features.names=return_1,return_6", "calibration.edges=0,0.3", "calibration.seeds=1",
        "calibration.bars=600", "parallel.workers=1",
    )  # fmt: skip
    run = followed(home.create("calibrate", chosen))
    document = result_of(run)
    assert [each["edge"] for each in document["edges"]] == [0.0, 0.3]
    assert document["edges"][0]["recovered"] is None
    assert -1 <= document["edges"][1]["recovered"] <= 1
    assert document["edges"][1]["reachable_ic"] > 0.1
    again = home.create("calibrate", chosen)
    kept = (run.path / "trial-0-0.json").read_bytes()
    (again.path / "trial-0-0.json").write_bytes(kept)
    assert result_of(followed(again))["edges"] == document["edges"]
    assert [each.text[:6] for each in state_notes(again)] == ["2 of 2"]


def state_notes(run):
    from engine.runs.state import state_of

    return state_of(run).notes


def test_a_forecast_that_never_changes_is_counted_and_spoils_no_mean():
    still = CalibrationTrial(0.0, 5, math.nan, math.nan, math.nan, math.nan, 0.0, 100, 3, 1, 0.0)
    found = summary(0.0, [trial(0.0, 0, -0.2), still])
    assert (found.constant, found.above_zero) == (1, 0)
    assert found.ic == pytest.approx(-0.1)
