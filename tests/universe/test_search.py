"""A search and combinatorial cross-validation of several symbols: what holds for one holds for all."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.__main__ import work
from engine.errors import ChangeSettingsError, SettingsError
from engine.market.times import milliseconds
from engine.results.codec import to_json
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.settings import load, make, moment, space_of
from engine.studies import cpcv, fold_forecasts
from engine.studies.markets import OneMarket, SeveralMarkets
from engine.studies.markets import prepare as prepared
from engine.studies.search import nested, trial
from engine.studies.search import search as study
from engine.studies.search.paths import plan_of
from engine.studies.search.record import file_of
from engine.universe import preparation
from tests.studies.test_search import in_this_process, trials_in
from tests.universe.markets import FIRST_MS, STEP, market, stored
from tests.universe.test_run import SYMBOLS, job_of, quiet

FOLLOW_UP = study.follow_up  # which tests of the search alone leave out
SPACE = (
    'search.space=["window.lookback = {low = 2, high = 8}", "universe.lead = [0, 2]",'
    '"signal.entry_threshold = {low = 0.0, high = 0.002}",'
    '"signal.threshold_from = [\\"settings\\", \\"auto\\", \\"band\\"]",'
    '"portfolio.allocation = [\\"equal\\", \\"rank\\", \\"volatility\\"]", "portfolio.top = [1, 2]"]'
)
SEARCHED = (
    SPACE, "search.trials=2", "search.batch=2", "search.folds=2", "search.rules=4",
    "walk_forward.first_test=0.5", "universe.cross_section=true", "data.universe_top=2",
    "data.universe_days=3",
    'search.objective=["net_sharpe","ic"]',
)  # fmt: skip
SPACE_OF_RULES = (
    'search.space=["backtest.fee_bps = [0.0, 1.0, 2.0]", "signal.exit = [\\"signal\\", \\"horizon\\"]"]'
)
PATHS = ("cpcv.groups=4", "cpcv.tested=2", "label.horizon=3", "cpcv.embargo=2")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    found = Home(tmp_path_factory.mktemp("search"))
    stored(found.data, **SYMBOLS, **{"perp-d": (4, 680, 80)})  # it begins in the test
    return found


@pytest.fixture(scope="module")
def searched(home):
    """A search that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        in_this_process(patch)
        job = job_of(home, "search", *SEARCHED)
        return job, study.search(job), trials_in(job.run)


def test_a_search_goes_on_with_the_trials_that_lack(home, searched, monkeypatch):
    job, result, kept = searched
    assert {each.state for each in result.trials} == {"complete"}
    assert len({each.sharpe for each in result.trials}) == 3
    assert any("portfolio.allocation" in each.drawn for each in result.trials)
    again = job_of(home, "search", *SEARCHED)
    for name in kept:
        shutil.copy(job.run.path / name, again.run.path)
    (again.run.path / file_of(2)).unlink()
    done = in_this_process(monkeypatch)
    repeated = study.search(again)
    assert done == [2]
    assert trials_in(again.run) == kept
    own = {"run": "", "winner_run": ""}
    assert to_json(repeated) | own == to_json(result) | own


def test_no_trial_knows_what_comes_after_the_inner_data(home, searched, monkeypatch):
    _, result, kept = searched
    from_ms, prepare = int(moment(result.tested_from).timestamp() * 1000), preparation.prepare

    def moved(job, names=None, training=1.0):
        data = prepare(job, names, training)
        for each in data.markets.values():
            later = milliseconds(each.frame.index) >= from_ms
            each.frame.loc[later, ["open", "high", "low", "close"]] *= np.linspace(0.5, 3.0, later.sum())[
                :, None
            ]
            each.frame.loc[later, "volume"] *= 1e6
        assert len(data.markets) == 4
        return data

    monkeypatch.setattr(preparation, "prepare", moved)
    in_this_process(monkeypatch)
    job = job_of(home, "search", *SEARCHED)
    assert study.search(job).tested_from == result.tested_from
    assert trials_in(job.run) == kept


@pytest.mark.parametrize("inner", [("signal.threshold_from=auto",), ("search.inner=cpcv", *PATHS)])
def test_a_trial_of_a_universe_of_one_is_the_symbols_to_the_bit(inner):
    settings = make(
        {},
        [
            "model.kind=ridge", "features.names=return_1,rsi_14", "window.lookback=5", "data.symbols=a",
            "signal.entry_threshold=0", "search.objective=net_sharpe", "walk_forward.first_test=0.5",
            *SEARCHED[1:4], "search.rules=3", *inner, SPACE_OF_RULES,
        ],
    )  # fmt: skip
    alone = market(3, 0, 700, (31, 90, 91, 92, 93, 94))
    several = SeveralMarkets({"a": alone}, (np.ones(len(alone.frame), bool),), "a")
    begins = np.linspace(0 if PATHS[0] in inner else 350, 700, 5).astype(int)[:-1]
    task = trial.Task("", 1, {}, {}, settings, space_of(settings), OneMarket(alone), begins, None, 10)
    one, other = (
        trial.execute(dataclasses.replace(task, markets=each)) for each in (OneMarket(alone), several)
    )
    assert one.complete, one.reason
    assert one.rules
    assert one.returns.any()
    assert one.content() == other.content()


def test_groups_are_the_same_instants_for_all_and_no_label_reaches_over(home, monkeypatch):
    monkeypatch.setattr(fold_forecasts, "results", lambda work, tasks, *_: (work(*task) for task in tasks))
    job = job_of(home, "cpcv", *PATHS)
    found = cpcv.cross_validate(job)
    assert (found.splits, len(found.paths)) == (6, 3)
    assert len({each.total_return for each in found.paths}) == 3
    assert all(np.isfinite(each.ic) and each.trades for each in found.paths)
    data = prepared(job, 0.85)
    samples = data.samples()
    inner = cpcv.before_test(samples, job.settings)
    bar = samples.target_bar
    for fold, split in zip(cpcv.combined(job.settings, samples, inner).folds, range(6), strict=True):
        trained = np.union1d(bar[fold.train], bar[fold.validation])
        apart = np.abs(np.subtract.outer(np.unique(bar[fold.test]), trained)).min()
        assert apart >= job.settings.label.horizon, split
        assert bar[fold.train].max() + 3 <= bar[fold.validation].min()
        others = np.setdiff1d(inner, fold.test)
        assert not np.intersect1d(bar[fold.test], bar[others]).size  # of every symbol that is there
    (job.run.path / "fold-002.npz").unlink()
    assert to_json(cpcv.cross_validate(job)) == to_json(found)


def test_a_search_before_each_span_knows_the_symbols_that_are_there(home):
    job = job_of(home, "nested", *SEARCHED, "walk_forward.folds=3")
    spans = nested.spans_of(job, prepared(job, 0.5))
    assert [len(span.settings.data.symbols) for span in spans] == [3, 3, 4]
    assert [span.begin_ms for span in spans[1:]] == [span.end_ms for span in spans[:-1]]
    assert {span.settings.data.universe_top for span in spans} == {2}


@pytest.mark.long  # two searches and two trainings
def test_a_search_through_time_trades_each_span_by_what_came_before_it_end_to_end(home, monkeypatch):
    in_this_process(monkeypatch)
    monkeypatch.setattr(study, "follow_up", FOLLOW_UP)

    def carried_out(path, number, emit=None):
        run = RunFolder(Path(path))
        run.result_path.write_text(json.dumps(to_json(work(run, quiet))))
        return number, None

    monkeypatch.setattr(nested, "follow", carried_out)
    monkeypatch.setattr(study, "follow", carried_out)
    job = job_of(home, "nested", *SEARCHED, "search.objective=net_sharpe", "search.rules=2")
    found = nested.search_through_time(job)
    assert len(found.spans) == 2
    assert found.start == found.spans[0].start < found.spans[0].end < found.spans[1].start < found.end
    gained = np.prod([1 + span.total_return for span in found.spans]) - 1
    assert found.total_return == pytest.approx(gained)
    for span in found.spans:
        winner, searching = (load(home.find(each).settings_path).data for each in (span.run, span.search))
        assert len(winner.symbols) > 1
        assert winner.symbols == searching.symbols


def test_returns_of_a_leader_that_begins_later_are_refused_and_of_no_other(home):
    job = job_of(home, "search", "data.symbols=perp-d,perp-a,perp-b")
    inner = prepared(job, 0.5).markets.before(FIRST_MS + 600 * STEP)
    assert list(inner.markets) == ["perp-a", "perp-b"]
    assert not inner.features(job.settings, 0.5).empty
    with pytest.raises(ChangeSettingsError, match="returns of perp-d, which has no bar so early"):
        inner.features(make(job.settings.model_dump(), ["universe.lead=1"]), 0.5)


@pytest.mark.parametrize("key", ["portfolio.top = [1, 2]", "universe.lead = [0, 1]"])
def test_what_is_of_several_symbols_is_not_searched_on_one(key):
    with pytest.raises(SettingsError, match="is of several symbols"):
        space_of(make({"search": {"space": [key]}}))


def test_inner_tests_begin_at_one_instant_for_all(home):
    job = job_of(home, "search", *SEARCHED)
    data = prepared(job, 0.5)
    begins = np.array([300, 450])
    plan = plan_of(job.settings, data.markets, begins)
    bar = plan.samples.target_bar
    assert [bar[fold.test].min() for fold in plan.folds] == begins.tolist()
    assert set(plan.samples.symbol[plan.folds[1].test]) == {0, 1, 2}  # the fourth has no window yet
