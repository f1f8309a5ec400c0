"""A filter of runs keeps those that hold every word and term, and says which it cannot read."""

import math
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ChangeSettingsError
from engine.results.metrics import METRICS
from engine.runs.folder import RunFolder
from engine.runs.state import State
from tui.runs.facts import RunFacts
from tui.runs.run_filter import fitting, wrong

SIGNS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
figures = st.one_of(st.just(math.nan), st.floats(-1e6, 1e6), st.integers(-3, 3).map(float))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    from engine.runs.home import Home
    from engine.settings import make

    home = Home(tmp_path_factory.mktemp("home"))
    modes = ("run", "train", "backtest", "walkforward")
    return [home.create(mode, make({}), name=f"{mode}-{at}") for at in range(2) for mode in modes]


def facts(run: RunFolder, metrics, symbol):
    return RunFacts(run, State(), {"training.epochs": 5}, metrics, "", symbol)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_term_keeps_what_a_comparison_keeps(runs, data):
    keys = data.draw(st.lists(st.sampled_from(sorted(METRICS)), min_size=1, max_size=4, unique=True))
    every = [
        facts(
            run,
            {key: data.draw(figures) for key in keys},
            data.draw(st.sampled_from(["BTC/USDT", "ETH/EUR"])),
        )
        for run in runs
    ]
    kept, words = every, []
    for key in keys:
        sign, value = data.draw(st.sampled_from(sorted(SIGNS))), data.draw(st.integers(-3, 3))
        words.append(f"{key}{sign}{value * 100}%" if data.draw(st.booleans()) else f"{key}{sign}{value}")
        kept = [
            each for each in kept
            if not math.isnan(each.metrics[key]) and SIGNS[sign](each.metrics[key], value)
        ]  # fmt: skip
    for word, holds in [
        ("mode=run", lambda each: each.run.mode == "run"),
        ("mode!=train", lambda each: each.run.mode != "train"),
        ("series=btc", lambda each: "BTC" in each.symbol), ("name=-1", lambda each: "-1" in each.run.name),
        ("backtest", lambda each: each.run.mode == "backtest"), ("training.epochs=5", lambda _: True),
    ]:  # fmt: skip
        if data.draw(st.booleans()):
            words.append(word)
            kept = [each for each in kept if holds(each)]
    assert fitting(every, " ".join(words)) == kept


@pytest.mark.parametrize(
    ("text", "said"),
    [("sharp>1", "sharpe"), ("drawdwn<0.2", "max_drawdown"), ("mode<run", "no order"), ("name>a", "no order"),
     ("trades>many", "no number"), ("sharpe>nan", "no number"), ("zzz=1", "sharpe>1 trades>30")],
)  # fmt: skip
def test_a_word_that_cannot_be_read_is_told_with_the_near_keys(runs, text, said):
    every = [facts(run, {"sharpe": 2.0}, "BTC/USDT") for run in runs]
    with pytest.raises(ChangeSettingsError) as refused:
        fitting(every, f"sharpe>1 {text}")
    assert said in str(refused.value)
    assert said in wrong(every, text)
    assert wrong(every, "sharpe>1") == ""


def test_a_time_is_compared_as_exactly_as_it_is_given(runs):
    every = [facts(run, {}, "") for run in runs]
    year = int(runs[0].created[:4])
    assert fitting(every, f"created>={year}") == fitting(every, f"created={year}-") == every
    assert fitting(every, f"created>{year}") == fitting(every, f"created<{year}") == []
