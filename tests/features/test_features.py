from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.features import BUILT_IN, Bars, compute, realised_volatility
from engine.features.inputs import RESTART
from engine.market.merge import Market, segments

from .markets import EXTRA, HOUR_MS, first, market, replaced, with_frame

ALL = tuple(BUILT_IN)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Random walks with gaps, flat stretches, stretches without trades and missing values."""
    rows = draw(st.integers(1, 600))
    gaps = tuple(draw(st.lists(st.integers(1, 600), max_size=4)))
    made = market(rows, draw(st.integers(0, 10_000)), gaps, price=10.0 ** draw(st.integers(-8, 5)))
    spans = st.tuples(st.integers(0, rows), st.integers(1, 250)).map(lambda span: slice(span[0], sum(span)))
    flat = made.frame["close"].iloc[0]
    for span in draw(st.lists(spans, max_size=2)):
        made = replaced(made, span, open=flat, high=flat, low=flat, close=flat)
    for span in draw(st.lists(spans, max_size=2)):
        made = replaced(made, span, volume=0.0)
    for span in draw(st.lists(spans, max_size=3)):
        made = replaced(made, span, **dict.fromkeys(EXTRA, np.nan))
    return made


def age(made: Market) -> np.ndarray:
    """Bars of the same segment before each row, (T,)."""
    parts = segments(made.numbers)
    return np.concatenate([np.arange(part.stop - part.start) for part in parts])


def test_there_are_enough_features_and_each_says_its_formula() -> None:
    assert len(BUILT_IN) >= 40
    assert all(
        feature.doc and "\n" not in feature.doc and "|" not in feature.doc for feature in BUILT_IN.values()
    )


FLAT = dict.fromkeys(("open", "high", "low", "close", "second_close"), 31_000.0)
ORDINARY = market(900, 1, gaps=(170, 171, 400))
MARKETS = {
    "ordinary": ORDINARY,
    "longer than rolling sums run on": market(2 * RESTART + 90, 8),
    "tiny prices": market(900, 2, (450,), price=1e-8),
    "no trades for a while": replaced(ORDINARY, slice(200, 700), volume=0.0),
    "no trades at all": replaced(ORDINARY, slice(None), volume=0.0),
    "flat for a while": replaced(ORDINARY, slice(450, 800), **FLAT),
    "flat at all": replaced(ORDINARY, slice(None), **FLAT, volume=0.0, funding=1e-4, open_interest=0.0),
    "one spike": replaced(ORDINARY, slice(500, 501), high=1e9, volume=1e15),
}


@pytest.mark.parametrize("made", MARKETS.values(), ids=MARKETS)
@pytest.mark.parametrize("name", ALL)
def test_exactly_the_warm_up_of_each_segment_is_missing(name: str, made: Market) -> None:
    values = compute(made, [name])[name].to_numpy()
    np.testing.assert_array_equal(np.isfinite(values), age(made) >= BUILT_IN[name].warm_up)
    np.testing.assert_array_equal(np.isnan(values), age(made) < BUILT_IN[name].warm_up)


def test_a_market_that_never_moves_has_zeros_everywhere_but_in_its_calendar() -> None:
    names = [name for name in ALL if not name.startswith(("hour", "weekday", "funding_rate"))]
    values = compute(MARKETS["flat at all"], names).fillna(0.0)
    assert not values.abs().max().any()


@given(markets(), st.data())
@settings(max_examples=60, deadline=None)
def test_cutting_the_future_moves_nothing(made: Market, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(made.frame)))
    pd.testing.assert_frame_equal(
        compute(first(made, cut), ALL), compute(made, ALL).iloc[:cut], check_exact=True
    )


@given(markets(), st.data())
@settings(max_examples=60, deadline=None)
def test_changing_the_future_moves_nothing(made: Market, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(made.frame)))
    scale = 10.0 ** data.draw(st.integers(-6, 6))
    frame = made.frame.copy()
    others = frame.columns != "flag"
    frame.iloc[cut:, others] = market(len(frame), 99, price=scale).frame.iloc[cut:, others].to_numpy()
    frame.iloc[-1:, frame.columns.get_indexer(EXTRA)] = np.nan
    cut = min(cut, len(frame) - 1)
    changed = compute(with_frame(frame), ALL)
    pd.testing.assert_frame_equal(changed.iloc[:cut], compute(made, ALL).iloc[:cut], check_exact=True)


@given(markets())
@settings(max_examples=30, deadline=None)
def test_each_segment_is_computed_as_if_it_were_alone(made: Market) -> None:
    parts = segments(made.numbers)
    alone = [compute(with_frame(made.frame.iloc[part]), ALL) for part in parts]
    pd.testing.assert_frame_equal(compute(made, ALL), pd.concat(alone), check_exact=True, check_freq=False)


@pytest.mark.parametrize("cut", [RESTART - 1, RESTART, RESTART + 100, 2 * RESTART + 30])
def test_long_segments_do_not_see_the_future_either(cut: int) -> None:
    made = market(2 * RESTART + 500, 3)
    pd.testing.assert_frame_equal(
        compute(first(made, cut), ALL), compute(made, ALL).iloc[:cut], check_exact=True
    )


@pytest.mark.parametrize("name", [name for name in ALL if BUILT_IN[name].needs])
def test_a_missing_input_is_missed_only_as_long_as_the_formula_looks_at_it(name: str) -> None:
    (column,) = BUILT_IN[name].needs
    made = market(900, 4)
    whole = compute(made, [name])[name].to_numpy()
    holed = compute(replaced(made, slice(400, 403), **{column: np.nan}), [name])[name].to_numpy()
    changed = ~((whole == holed) | (np.isnan(whole) & np.isnan(holed)))
    warm_up = BUILT_IN[name].warm_up
    assert np.isnan(holed[400:403]).all()
    assert np.isfinite(holed[403 + warm_up :]).all()
    assert np.isfinite(holed[warm_up:400]).all()
    np.testing.assert_allclose(holed[403 + warm_up :], whole[403 + warm_up :], rtol=1e-9)
    assert not changed[:400].any()


def test_missing_volume_leaves_the_price_features_alone() -> None:
    values = compute(replaced(market(500), slice(None), volume=np.nan), ALL)
    volumes = [name for name in ALL if name.startswith(("volume", "obv"))]
    assert values[volumes].isna().all().all()
    assert values.drop(columns=volumes).iloc[168:].notna().all().all()


def test_the_matrix_is_in_the_order_asked_for() -> None:
    made = market(400)
    values = compute(made, ("rsi_14", "return_1", "hour_sin"))
    assert list(values.columns) == ["rsi_14", "return_1", "hour_sin"]
    assert set(values.dtypes) == {np.dtype(np.float64)}
    pd.testing.assert_index_equal(values.index, made.frame.index)
    pd.testing.assert_frame_equal(values, compute(made, ALL)[values.columns], check_exact=True)


def test_prices_in_another_unit_give_the_same_features() -> None:
    made, scale = market(600, 5), 1e-6
    prices = dict.fromkeys(("open", "high", "low", "close", "second_close"))
    scaled = replaced(made, slice(None), **{name: made.frame[name].to_numpy() * scale for name in prices},
                      volume=made.frame["volume"].to_numpy() / scale)  # fmt: skip
    pd.testing.assert_frame_equal(compute(scaled, ALL), compute(made, ALL), rtol=1e-6, atol=1e-9)


def test_rows_before_the_first_are_an_empty_matrix() -> None:
    assert compute(first(market(10), 0), ALL).shape == (0, len(ALL))


def test_the_market_is_left_as_it_was() -> None:
    made = market(300)
    before = made.frame.copy()
    compute(made, ALL)
    pd.testing.assert_frame_equal(made.frame, before, check_exact=True)
    bars = Bars.of(made)
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 1.0


def test_realised_volatility_is_that_of_pandas_in_each_segment() -> None:
    made = market(500, 6, gaps=(200,))
    volatility = realised_volatility(made, 48)
    returns = np.log(made.frame["close"]).diff()
    returns.iloc[200] = np.nan
    expected = returns.rolling(48).std()
    np.testing.assert_allclose(volatility, expected, rtol=1e-9)
    np.testing.assert_array_equal(np.isnan(volatility), age(made) < 48)


def test_daily_candles_have_weekdays_but_no_hours() -> None:
    values = compute(market(300, 7, step_ms=24 * HOUR_MS), ("all",))
    assert "hour_sin" not in values
    assert "weekday_sin" in values
    assert len(values["weekday_sin"].round(9).unique()) == 7
