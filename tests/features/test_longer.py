"""Features of longer candles: what a bar sees of them, and when."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import features
from engine.errors import ChangeSettingsError
from engine.features import BUILT_IN
from engine.market.calendar import Calendar
from engine.market.candles import OHLCV
from engine.market.merge import merge
from engine.market.resample import resample
from engine.market.times import time_index
from engine.settings import make

from .markets import stretches

HOUR = 3_600_000
START = 1_600_000_000_000 // (24 * HOUR) * 24 * HOUR


def market(hours, seed=1):
    """A market with candles at these hours only."""
    rng = np.random.default_rng(seed)
    count = max(hours) + 1
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    opened = np.concatenate([[100], close[:-1]])
    columns = (opened, np.maximum(opened, close) * 1.01, np.minimum(opened, close) * 0.99, close)
    frame = pd.DataFrame(dict(zip(OHLCV, (*columns, rng.uniform(1, 9, count)), strict=True)))
    frame = frame.set_index(time_index(START + HOUR * np.arange(count))).assign(flag=np.uint8(0))
    return merge(frame.iloc[sorted(hours)], Calendar(HOUR), [], 0, simulated=True)


def naive(market, row, name, longer_ms):
    """The feature as somebody would find it who stood at the end of the row's bar."""
    base = BUILT_IN[name]
    reach = 0 if base.over_gaps == "anew" else (base.warm_up + 2) * (longer_ms // HOUR) - 3
    run = next(each for each in stretches(market.frame.index, HOUR, reach) if row in each)
    past = resample(market.frame.iloc[run.start : row + 1], Calendar(HOUR), longer_ms)
    if past.empty:
        return np.nan
    alone = merge(past, Calendar(longer_ms), [], 0, simulated=True)
    return features.compute(alone, (name,))[name].iloc[-1]


HOURS = st.sets(st.integers(0, 150), min_size=1).map(lambda gone: sorted(set(range(160)) - gone))
SPARSE = st.lists(st.integers(0, 159), max_size=4).map(lambda gone: sorted(set(range(160)) - set(gone)))


@settings(max_examples=8, deadline=None)
@given(
    SPARSE | HOURS, st.sampled_from(["return_1", "bar_range", "sma_distance_12", "rsi_14", "obv_change_24"])
)
@pytest.mark.parametrize(("timeframe", "longer_ms"), [("4h", 4 * HOUR), ("1d", 24 * HOUR)])
def test_a_bar_sees_the_last_longer_candle_that_has_closed_in_the_features_reach(
    timeframe, longer_ms, hours, name
):
    there = market(hours)
    column = features.compute(there, (f"{name}_{timeframe}",)).iloc[:, 0].to_numpy()
    for row in range(0, len(hours), 3):
        want = naive(there, row, name, longer_ms)
        assert column[row] == want or (np.isnan(column[row]) and np.isnan(want))


def test_a_candle_of_four_hours_counts_from_the_bar_that_closes_it():
    there = market(range(16))
    column = features.compute(there, ("return_1_4h",))["return_1_4h"]
    close = there.frame["close"]
    assert column.iloc[:7].isna().all()
    assert column.iloc[7:11].to_numpy() == pytest.approx(np.log(close.iloc[7] / close.iloc[3]))
    assert column.iloc[11] == pytest.approx(np.log(close.iloc[11] / close.iloc[7]))


@pytest.mark.parametrize(
    "name", [each for each in BUILT_IN if not BUILT_IN[each].needs and "168" not in each]
)
def test_every_feature_of_candles_works_on_longer_ones_and_keeps_its_warm_up(name):
    there = market(range(1, 1400))
    column = features.compute(there, (f"{name}_4h",)).iloc[:, 0].to_numpy()
    begins = np.flatnonzero(np.isfinite(column))[0]
    assert begins == 3 + (BUILT_IN[name].warm_up + 1) * 4 - 1  # three bars before the first whole candle
    assert np.isfinite(column[begins:]).all()


def test_what_the_settings_add():
    keys = ["timeframes=4h,1d", "longer=return_1,rsi_14", "names=rsi_14_4h,rsi_14"]
    chosen = make({}, [f"features.{key}" for key in keys])
    assert chosen.features.chosen == ("rsi_14_4h", "rsi_14", "return_1_4h", "return_1_1d", "rsi_14_1d")
    assert make({}).features.chosen == ("all",)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rsi_14_30m", "cannot be made of the run's, of 60 min"),
        ("rsi_14_1h", "cannot be made"),
        ("rsi_15_4h", "no feature rsi_15_4h"),
        ("funding_rate_4h", "candles alone"),
    ],
)
def test_what_cannot_be_had_is_refused(name, reason):
    with pytest.raises(ChangeSettingsError, match=reason):
        features.compute(market(range(50)), (name,))


def test_too_short_a_history_has_no_value():
    assert features.compute(market(range(2)), ("return_1_1d",)).isna().all(axis=None)
