"""What a gap costs, and that nobody trades bars that were not there: against a walk from hour to hour."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import experiment, features, preparation
from engine.backtest import trading
from engine.data.importing.files import import_file
from engine.data.series import calendar_of
from engine.data.store import Store
from engine.features import BUILT_IN
from engine.market.calendar import Calendar
from engine.market.candles import OHLCV
from engine.market.merge import merge
from engine.market.times import milliseconds, time_index
from engine.results.notes import Note
from engine.settings import make

HOUR = 3_600_000
START = 1_600_000_000_000 // HOUR * HOUR
NAMES = ("return_1", "return_3", "volatility_12", "sma_distance_12", "rsi_14", "bar_range")
CHOSEN = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)


@st.composite
def hours(draw):
    """Hours of candles, with gaps of all lengths anywhere."""
    gaps = draw(st.lists(st.tuples(st.integers(1, 160), st.integers(1, 16)), max_size=6))
    missing = {first + more for first, length in gaps for more in range(length)}
    return [hour for hour in range(180) if hour not in missing]


def candles(there, seed):
    """A random walk's candles at these hours."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 180)))
    opened = np.concatenate([[100], close[:-1]]) * np.exp(rng.normal(0, 0.001, 180))
    columns = (opened, np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998, close)
    frame = pd.DataFrame(dict(zip(OHLCV, (*columns, rng.uniform(1, 9, 180)), strict=True)))
    return frame.set_index(time_index(START + HOUR * np.arange(180))).assign(flag=np.uint8(0)).iloc[there]


def filled_hours(there, longest):
    """The hours between that are filled: those of gaps that are no longer than that."""
    return {
        hour
        for before, after in itertools.pairwise(there)
        if after - before - 1 <= longest
        for hour in range(before + 1, after)
    }


def ready_hours(rows, names):
    """The hours, of those with a row, at which every feature is warm."""
    ready = set(rows)
    for name in names:
        warm_up, seen = BUILT_IN[name].warm_up, 0
        for number, hour in enumerate(rows):
            missing = hour - rows[number - 1] - 1 if number else 0
            seen = 0 if missing and missing >= warm_up else seen
            if seen < warm_up:
                ready.discard(hour)
            seen += 1
    return ready


def hours_of(index):
    return ((milliseconds(index) - START) // HOUR).tolist()


SETTINGS = st.fixed_dictionaries(
    {
        "data.fill_gaps": st.integers(0, 6),
        "window.lookback": st.integers(1, 9),
        "label.horizon": st.integers(1, 4),
        "label.kind": st.sampled_from(["open", "close"]),
        "signal.neutral": st.sampled_from(["hold", "flat"]),
        "signal.without_forecast": st.sampled_from(["hold", "flat"]),
    }
)


@settings(max_examples=150, deadline=None)
@given(hours(), CHOSEN, SETTINGS, st.integers(0, 1000))
def test_rows_windows_labels_and_trades_are_those_of_a_walk_from_hour_to_hour(there, names, keys, seed):
    chosen = make(
        {},
        [
            "backtest.fee_bps=0",
            "backtest.slippage_bps=0",
            "signal.entry_threshold=0.5",
            "signal.exit=signal",
            *(f"{key}={value}" for key, value in keys.items()),
        ],
    )
    frame = candles(there, seed)
    market = merge(frame, Calendar(HOUR), [], chosen.data.fill_gaps, simulated=True)
    table = features.compute(market, names)
    found = experiment.find_windows(market, table, chosen.window.lookback)
    label = experiment.forward_return(market, chosen.label)

    filled = filled_hours(there, chosen.data.fill_gaps)
    rows = sorted({*there, *filled})
    assert hours_of(market.frame.index) == rows
    expected = [Note("bars filled", {"bars": len(filled)})] if filled else []
    assert preparation.filled(market) == expected
    ready = ready_hours(rows, names)
    assert np.isfinite(table).all(axis=1).tolist() == [hour in ready for hour in rows]

    lookback, horizon = chosen.window.lookback, chosen.label.horizon
    targets = [
        hour for hour in there if hour >= lookback and set(range(hour - lookback, hour)) <= ready & set(rows)
    ]
    assert [rows[target] for target in found.target] == targets
    price = frame[chosen.label.kind].to_numpy()
    for hour, value in zip(rows, label, strict=True):
        first = hour if chosen.label.kind == "open" else hour - 1
        between = set(range(first, first + horizon + 1))
        if {first, first + horizon} <= set(there) and between <= set(rows):
            assert value == price[there.index(first + horizon)] / price[there.index(first)] - 1
        else:
            assert math.isnan(value)

    if targets:
        forecast = dict(zip(targets, np.random.default_rng(seed).uniform(-1, 1, len(targets)), strict=True))
        decisions = trading.decide(market, found.target, np.array(list(forecast.values())), label, chosen)
        assert hours_of(pd.DatetimeIndex(decisions.bars.time)) == [
            hour for hour in there if targets[0] <= hour <= targets[-1]
        ]
        strategy, _ = trading.trade(decisions, chosen)
        held = walked(there, forecast, chosen)
        assert np.sign(strategy.position[:-1]).tolist() == held[:-1]  # the last bar's close ends it all
        opened = frame["open"].to_numpy()[there.index(targets[0]) :]
        for trade in strategy.trades:
            assert trade["entry_price"] == pytest.approx(opened[trade["entry_bar"]], rel=1e-9)
            if trade["exit_bar"] < len(held) - 1:
                assert trade["exit_price"] == pytest.approx(opened[trade["exit_bar"]], rel=1e-9)
        assert np.isnan(decisions.forecast).sum() == len(decisions.bars) - len(targets)


def walked(there, forecast, chosen):
    """The side held at the end of every hour that had a candle, from the first forecast to the last."""
    held = []
    for hour in there:
        if not min(forecast) <= hour <= max(forecast):
            continue
        side = held[-1] if held else 0
        if hour not in forecast:
            side = side if chosen.signal.without_forecast == "hold" else 0
        elif abs(forecast[hour]) > 0.5:
            side = 1 if forecast[hour] > 0 else -1
        elif chosen.signal.neutral == "flat":
            side = 0
        held.append(side)
    return held


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 40), CHOSEN)
def test_a_gap_costs_one_window_and_at_most_as_many_bars_more_as_it_lacks(missing, fill, lookback, names):
    there = [hour for hour in range(180) if not 80 <= hour < 80 + missing]
    market = merge(candles(there, 1), Calendar(HOUR), [], fill, simulated=True)
    found = experiment.find_windows(market, features.compute(market, names), lookback)
    decided = set(np.array(hours_of(market.frame.index))[found.target].tolist())
    lost = [hour for hour in there if hour >= 80 and hour not in decided]
    if missing <= fill:
        assert not lost
    else:
        longest = max(
            [BUILT_IN[name].warm_up for name in names if BUILT_IN[name].warm_up <= missing], default=0
        )
        assert lost == list(range(80 + missing, min(80 + missing + lookback + longest, 180)))
        assert longest <= missing


SHARED = Path(__file__).parents[2] / "shared"


def imported(file, home):
    """What makes decisions on the test bars of a file, at random, by the settings that it is given."""
    store = Store(home)
    import_file(SHARED / file, store, "series", now_ms=10**13)
    series = store.read("series")

    def with_settings(*keys):
        chosen = make({}, list(keys))
        market = merge(series.frame, calendar_of(series), [], chosen.data.fill_gaps, simulated=False)
        names = features.resolve(chosen.features.chosen, market.frame.columns, step_ms=HOUR)
        table = features.compute(market, names)
        samples = experiment.samples_of(market, table, chosen)
        parts = experiment.split_samples(market, samples.target_ms, samples.label, chosen)
        target = samples.windows.target[parts.test]
        forecast = np.random.default_rng(1).normal(0, 1, len(target))
        return trading.decide(market, target, forecast, samples.forward_return, chosen), chosen

    return with_settings


@pytest.mark.skipif(not (SHARED / "cases").is_dir(), reason="needs ../shared")
def test_a_gap_of_six_hours_costs_a_window_and_a_bar_and_filled_bars_are_not_traded(tmp_path):
    case = imported("cases/candles/gap_of_six_hours.csv", tmp_path)
    keys = ("features.names=return_1,volatility_24", "window.lookback=12", "signal.entry_threshold=0")
    decisions, _ = case(*keys)
    assert decisions.without_forecast.sum() == 13
    decisions, _ = case(*keys, "data.fill_gaps=6")
    assert not decisions.without_forecast.any()
    time = pd.DatetimeIndex(decisions.bars.time, tz="UTC")
    gap = (time >= "2024-09-27T15:00Z") & (time < "2024-09-27T22:00Z")
    assert time[gap].hour.tolist() == [15]
    assert np.isnan(decisions.forward_return[gap]).all()


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="needs ../shared")
def test_of_the_test_bars_of_bitcoin_fewer_than_two_in_a_hundred_have_no_forecast(tmp_path):
    decisions, chosen = imported("data/Binance_BTCUSDT_1h.csv.gz", tmp_path)("window.lookback=60")
    assert chosen.window.lookback == 60
    assert len(decisions.bars) > 4_900
    assert decisions.without_forecast.mean() < 0.02
