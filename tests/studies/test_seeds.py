"""Several seeds: each a run of its own, killed in the middle too."""

import math
from dataclasses import astuple

import pytest

from engine.studies.seeds import spread
from tests.studies.engines import TINY, followed, home_with_market, killed, result_of
from tests.studies.markets import settings_of

pytestmark = pytest.mark.slow

CHOSEN = settings_of(
    *TINY, "training.seeds=2", "parallel.workers=1", "signal.threshold_from=band", "signal.band=0.05",
    "signal.cost_multiple=0",
)  # fmt: skip


def test_seeds_killed_in_the_middle_resume_to_the_result_of_undisturbed_ones(tmp_path):
    home = home_with_market(tmp_path)
    whole = result_of(followed(home.create("seeds", CHOSEN)))
    run = home.create("seeds", CHOSEN)
    killed(run, {"kind": "note", "code": "seed trained"})
    again = result_of(followed(run))
    assert again["spread"] == whole["spread"]
    assert again["ensemble"] == whole["ensemble"]
    assert [each["seed"] for each in again["seeds"]] == [1, 2]
    assert len({each["run"] for each in (*whole["seeds"], *again["seeds"])}) == 4
    assert len(home.all()) == 6
    assert whole["spread"]["ic"]["least"] < whole["spread"]["ic"]["greatest"]


def test_the_spread_leaves_out_what_is_undefined():
    found = spread([1.0, 3.0, math.nan])
    assert (found.mean, found.least, found.greatest) == (2, 1, 3)
    assert found.deviation == pytest.approx(2**0.5)
    assert all(math.isnan(value) for value in astuple(spread([math.nan])))
