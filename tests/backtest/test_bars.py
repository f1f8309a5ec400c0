from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.backtest.bars import Bars, forecast_volatility
from engine.errors import RepairDataError
from engine.market.funding import FundingDue
from tests.backtest.markets import HOUR_MS, candles, random_bars


def frame_of(count, seed=1):
    values = candles(count, np.random.default_rng(seed))
    index = pd.DatetimeIndex((np.arange(count) * HOUR_MS).astype("datetime64[ms]"), tz="UTC", name="time")
    frame = pd.DataFrame(dict(zip(("open", "high", "low", "close"), values, strict=True)), index=index)
    return frame.assign(volume=1.0)


def test_bars_of_a_candles_frame():
    frame = frame_of(100)
    due = replace(FundingDue.none(100), carried=np.arange(100.0))
    bars = Bars.of(frame, 10, due)
    assert bars.time.dtype == "datetime64[ms]"
    assert bars.time[1].astype(np.int64) == HOUR_MS
    np.testing.assert_array_equal(bars.previous_close[1:], frame["close"][:-1])
    assert np.isnan(bars.previous_close[0])
    assert bars.funding[7] == 7
    assert not Bars.of(frame, 10).funded
    part = bars.rows(slice(50, 60))
    assert len(part) == 10
    assert part.previous_close[0] == bars.close[49]


def test_forecast_volatility_uses_the_span_of_returns_that_end_before_the_row():
    close = candles(60, np.random.default_rng(2))[3]
    forecast = forecast_volatility(close, 10)
    assert np.isnan(forecast[:11]).all()
    for row in range(11, 60):
        returns = close[row - 10 : row] / close[row - 11 : row - 1] - 1
        assert forecast[row] == pytest.approx(returns.std(ddof=1), rel=1e-9)


def test_forecast_volatility_does_not_know_its_row_or_the_future():
    close = candles(60, np.random.default_rng(3))[3]
    moved = close.copy()
    moved[30:] *= 1.5
    assert (forecast_volatility(close, 5)[6:31] == forecast_volatility(moved, 5)[6:31]).all()
    assert (forecast_volatility(close[:31], 5)[6:] == forecast_volatility(close, 5)[6:31]).all()


@pytest.mark.parametrize(
    "fault",
    [
        {"close": np.full(5, np.nan)},
        {"open": np.zeros(5)},
        {"high": np.full(5, np.inf)},
        {"low": np.ones(4)},
        {"time": np.zeros(5)},
        {"funding": np.full(5, np.nan)},
    ],
)
def test_what_is_no_market_is_refused(fault):
    with pytest.raises(RepairDataError):
        replace(random_bars(5, np.random.default_rng(4)), **fault)


def test_no_bars_are_refused_and_unknown_volume_is_none():
    bars = random_bars(5, np.random.default_rng(4))
    with pytest.raises(RepairDataError):
        bars.rows(slice(0))
    assert replace(bars, volume=np.full(5, np.nan)).volume.tolist() == [0] * 5
