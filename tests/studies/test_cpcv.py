"""Combinatorial purged cross-validation of a small market, in a real engine process."""

import numpy as np
import pytest

from engine.experiment import samples_of
from engine.preparation import Job, prepare
from engine.results.cpcv import CpcvResult
from engine.runs.results import result_of as told_of
from engine.runs.state import state_of
from engine.settings import load, moment
from engine.studies.cpcv import before_test
from tests.studies.engines import TINY, followed, home_with_market
from tests.studies.markets import settings_of

SMALL = (*TINY, "model.kind=ridge", "cpcv.groups=4", "cpcv.tested=2", "parallel.workers=1")


def test_every_path_is_told_and_none_of_it_is_in_the_test(tmp_path):
    home = home_with_market(tmp_path)
    run = followed(home.create("cpcv", settings_of(*SMALL)))
    assert state_of(run).status == "done", state_of(run).error
    result = told_of(run)
    assert isinstance(result, CpcvResult)
    assert (result.splits, len(result.paths)) == (6, 3)
    assert len({each.ic for each in result.paths}) == 3
    assert all(np.isfinite(each.ic) and np.isfinite(each.total_return) for each in result.paths)
    job = Job(load(run.settings_path), run, home, int(moment(run.now).timestamp() * 1000), print)
    data = prepare(job, job.settings.features.chosen, 0.75)
    samples = samples_of(data.market, data.table, job.settings)
    inner = before_test(samples, job.settings)
    assert len(inner) == pytest.approx(0.75 * len(samples.windows), rel=0.02)
    assert int(moment(result.end).timestamp() * 1000) == samples.target_ms[inner[-1]]
