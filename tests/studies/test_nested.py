"""Search after search through time: no span's search sees it, spans lie end to end, one curve of all."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import preparation
from engine.errors import ChangeSettingsError
from engine.market.times import milliseconds
from engine.outcome import EQUITY
from engine.preparation import Job
from engine.results.nested import SearchedSpan
from engine.settings import load, moment
from engine.studies import markets
from engine.studies.search import nested
from engine.studies.search import search as study
from tests.studies.engines import home_with_market
from tests.studies.test_search import in_this_process, job_of, silent, trials_in

THROUGH = (
    "walk_forward.folds=3", "walk_forward.first_test=0.5", "search.trials=2", "model.kind=ridge",
    'search.space=["window.lookback = {low = 2, high = 12, log = true}"]',
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return home_with_market(tmp_path_factory.mktemp("nested"))


def prepared(job):
    return markets.prepare(job, job.settings.walk_forward.first_test)


def job_of_run(home, run):
    now_ms = int(moment(run.now).timestamp() * 1000)
    return Job(load(run.settings_path), run, home, now_ms, silent)


def test_each_span_is_the_test_of_a_search_whose_data_end_with_it(home):
    job = job_of(home, *THROUGH)
    data = prepared(job)
    spans = nested.spans_of(job, data)
    runs = nested.ordered(job, spans)
    assert nested.ordered(job, spans) == runs  # a process that goes on finds them
    samples = data.samples().target_ms
    assert spans[-1].end_ms > samples[-1]
    assert [each.begin_ms for each in spans[1:]] == [each.end_ms for each in spans[:-1]]
    for span in spans:
        own = job_of_run(home, runs[span.number])
        seen = prepared(own)
        assert milliseconds(seen.markets.market.frame.index)[-1] < span.end_ms
        found = seen.samples()
        parts = markets.split(found, own.settings)
        assert found.target_ms[parts.test[0]] == span.begin_ms
        assert own.settings.search == job.settings.search


def test_no_search_knows_its_span_or_what_comes_after(home, monkeypatch):
    """All rows from the second span on are others: its settings and its trials stay, to the byte."""
    job = job_of(home, *THROUGH)
    spans = nested.spans_of(job, prepared(job))
    from_ms, prepare = spans[1].begin_ms, preparation.prepare

    def moved(job, names, training):
        data = prepare(job, names, training)
        later = milliseconds(data.market.frame.index) >= from_ms
        assert later.sum() > 50
        frame, table = data.market.frame.copy(), data.table.copy()
        frame.loc[later, ["open", "high", "low", "close"]] *= np.linspace(0.5, 3.0, later.sum())[:, None]
        table.loc[later] = table.loc[later].to_numpy()[::-1] * 2.0
        return dataclasses.replace(data, market=dataclasses.replace(data.market, frame=frame), table=table)

    in_this_process(monkeypatch)
    found = []
    for prepares in (prepare, moved):
        monkeypatch.setattr(preparation, "prepare", prepares)
        again = job_of(home, *THROUGH)
        other = nested.spans_of(again, prepared(again))
        assert other[1] == spans[1]
        own = job_of_run(home, nested.ordered(again, other)[2])
        study.search(own)
        found.append(trials_in(own.run))
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_a_first_span_that_leaves_nothing_to_learn_from_is_refused(home):
    job = job_of(home, "walk_forward.folds=2", "walk_forward.first_test=0.1")
    with pytest.raises(ChangeSettingsError, match=r"walk_forward\.first_test"):
        nested.spans_of(job, prepared(job))


GROWTH = st.lists(st.floats(0.5, 2.0), min_size=1, max_size=6)


@given(st.lists(st.tuples(GROWTH, GROWTH), min_size=1, max_size=5))
def test_an_account_goes_on_with_what_the_one_before_left(parts):
    tables = [
        pd.DataFrame({name: np.cumprod((own[0], *own[1:])) for name, own in zip("ab", pair, strict=True)})
        for pair in [(own, (own * 7)[: len(own)]) for own, _ in parts]
    ]
    joined = nested.end_to_end(tables)
    assert joined["a"].iloc[-1] == pytest.approx(np.prod([np.prod(own) for own, _ in parts]))
    own = joined["a"].to_numpy()
    growth = own / np.append(1.0, own[:-1])
    assert growth == pytest.approx(np.concatenate([own for own, _ in parts]))


def test_the_figures_are_those_of_the_one_curve(home):
    job = job_of(home)
    rng, parts = np.random.default_rng(2), []
    for number in range(3):
        time = pd.date_range(f"2020-0{number + 1}-01", periods=24 * 28, freq="h", tz="UTC")
        curves = np.exp(np.cumsum(rng.normal(0.0001, 0.004, (len(time), 2)), axis=0))
        ends = [str(time[place]) for place in (0, -1)]
        span = SearchedSpan(number, *ends, "0a", "0b", 1, 2.0 + number, 0.5, 0.1, 0.1, 0.1, 3, {"x": 1})
        parts.append((span, pd.DataFrame(curves, time, ["equity", "buy_and_hold"])))
    result = nested.summed_up(job, parts, prepared(job).markets.calendar, simulated=True)
    grown = np.prod([part.iloc[-1].to_numpy() for _, part in parts], axis=0) - 1
    assert (result.total_return, result.hold_return) == pytest.approx(tuple(grown))
    assert result.inner_sharpe == pytest.approx(3.0)
    assert result.sharpe_low < result.sharpe < result.sharpe_high
    kept = pd.read_parquet(job.run.path / EQUITY)
    assert len(kept) == sum(len(part) for _, part in parts)
    assert kept["equity"].iloc[-1] == pytest.approx(
        job.settings.backtest.initial_capital * (1 + result.total_return)
    )
