"""An epoch's time is estimated exactly for the same settings, in proportion for others, or not at all."""

from hypothesis import given
from hypothesis import strategies as st

from engine.runs.fold import State
from engine.runs.log_entries import Epoch, ModelFacts
from engine.settings import make
from tui.settings.run_time import estimate

counts = st.integers(1, 64)


def settings(units=(32,), lookback=8, **model):
    data = {"exchange": "demo", "start": "2024-01-01", "end": "2025-01-01", "timeframe": "1h"}
    tables = {"data": data, "window": {"lookback": lookback}, "model": {"units": list(units), **model}}
    return make({**tables, "training": {"epochs": 10}})


def state(*seconds):
    history = tuple(Epoch(epoch=n, seconds=each) for n, each in enumerate(seconds, 1))
    return State(history=history, model=ModelFacts(features=50))


@given(st.floats(0.01, 100), st.lists(counts, min_size=1, max_size=3), counts, st.integers(1, 9))
def test_the_same_settings_take_as_long_and_others_in_proportion(seconds, units, lookback, times):
    known = settings(units, lookback, members=times)
    same = estimate(known, known, state(99.0, seconds, seconds))
    assert abs(same.epoch_s - seconds) < 1e-9 * seconds  # the first one compiled as well
    assert abs(same.most_s - seconds * 10 * times) < 1e-9 * same.most_s
    longer = estimate(settings(units, lookback * times), known, state(99.0, seconds))
    assert abs(longer.epoch_s - seconds * times) < 1e-9 * longer.epoch_s
    wider = estimate(settings([*units[:-1], units[-1] + 1], lookback), known, state(seconds))
    assert wider.epoch_s > seconds


def test_an_hour_of_bars_in_quarters_and_half_a_year_of_them():
    known, run = settings(), state(9.0, 4.0)
    quarters = make(known.model_dump() | {"data": known.data.model_dump() | {"timeframe": "15m"}})
    half = make(known.model_dump() | {"data": known.data.model_dump() | {"end": "2024-07-02"}})
    assert estimate(quarters, known, run).epoch_s == 16.0
    assert estimate(half, known, run).epoch_s == 2.0


def test_nothing_is_said_of_what_cannot_be_compared():
    known, run = settings(), state(9.0, 4.0)
    other = make(known.model_dump() | {"data": known.data.model_dump() | {"symbol": "ETH/USDT"}})
    open_end = make(known.model_dump() | {"data": known.data.model_dump() | {"end": ""}})
    for new in (other, open_end, settings(kind="gru"), settings(kind="ridge")):
        assert estimate(new, known, run) is None
    assert estimate(known, known, state()) is None
    assert estimate(settings([8], kind="tcn"), settings([16], kind="tcn"), run) is None
