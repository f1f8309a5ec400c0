from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.features import BUILT_IN, Bars, compute, feature
from engine.features.inputs import RESTART

from .markets import EXTRA, HOUR_MS, first, market, replaced, stretches, with_frame

if TYPE_CHECKING:
    from engine.features.definition import OverGaps
    from engine.market.merge import Market

ALL = tuple(BUILT_IN)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Random walks with gaps, flat stretches, stretches without trades and missing values."""
    rows = draw(st.integers(1, 600))
    gaps = draw(st.dictionaries(st.integers(1, 600), st.integers(1, 400) | st.integers(1, 9), max_size=5))
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


def parts_of(made: Market, name: str) -> list[range]:
    """The rows between the gaps that begin a feature anew."""
    return stretches(made.frame.index, made.step_ms, max(BUILT_IN[name].warm_up - 1, 0))


def age(made: Market, name: str) -> np.ndarray:
    """Rows since the feature began anew, (T,)."""
    return np.concatenate([np.arange(len(part)) for part in parts_of(made, name)])


def test_there_are_enough_features_and_each_says_its_formula() -> None:
    assert len(BUILT_IN) >= 40
    assert all(
        feature.doc and "\n" not in feature.doc and "|" not in feature.doc for feature in BUILT_IN.values()
    )


FLAT = dict.fromkeys(("open", "high", "low", "close", "second_close"), 31_000.0)
ORDINARY = market(900, 1, gaps={170: 2, 171: 30, 400: 200})
MARKETS = {
    "ordinary": ORDINARY,
    "longer than rolling sums run on": market(2 * RESTART + 90, 8),
    "tiny prices": market(900, 2, {450: 5}, price=1e-8),
    "no trades for a while": replaced(ORDINARY, slice(200, 700), volume=0.0),
    "no trades at all": replaced(ORDINARY, slice(None), volume=0.0),
    "flat for a while": replaced(ORDINARY, slice(450, 800), **FLAT),
    "flat at all": replaced(ORDINARY, slice(None), **FLAT, volume=0.0, funding=1e-4, open_interest=0.0),
    "one spike": replaced(ORDINARY, slice(500, 501), high=1e9, volume=1e15),
}


@pytest.mark.parametrize("made", MARKETS.values(), ids=MARKETS)
@pytest.mark.parametrize("name", ALL)
def test_exactly_the_warm_up_after_a_gap_as_long_is_missing(name: str, made: Market) -> None:
    values = compute(made, [name])[name].to_numpy()
    np.testing.assert_array_equal(np.isfinite(values), age(made, name) >= BUILT_IN[name].warm_up)
    np.testing.assert_array_equal(np.isnan(values), age(made, name) < BUILT_IN[name].warm_up)


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


@given(markets(), st.sampled_from(ALL))
@settings(max_examples=150, deadline=None)
def test_after_a_gap_as_long_as_its_warm_up_a_feature_knows_nothing_of_before(
    made: Market, name: str
) -> None:
    alone = [
        compute(with_frame(made.frame.iloc[part.start : part.stop]), [name]) for part in parts_of(made, name)
    ]
    pd.testing.assert_frame_equal(compute(made, [name]), pd.concat(alone), check_exact=True, check_freq=False)


def closed_up(made: Market) -> Market:
    """The same rows as if no bar had been missing."""
    frame = made.frame.set_axis(market(len(made.frame)).frame.index)
    return with_frame(frame)


@given(markets(), st.data())
@settings(max_examples=100, deadline=None)
def test_shorter_gaps_are_passed_over_as_the_feature_says(made: Market, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in ALL if BUILT_IN[name].warm_up > 1]))
    feature = BUILT_IN[name]
    values = compute(made, [name])[name].to_numpy()
    for part in parts_of(made, name):
        rows = with_frame(made.frame.iloc[part.start : part.stop])
        number = (rows.frame.index.asi8 // HOUR_MS).tolist()
        if feature.over_gaps in {"counted", "goes on"}:
            want = compute(closed_up(rows), [name])[name].to_numpy()
        elif name.startswith(("return", "open_interest")):
            column = np.log(rows.frame["close" if name.startswith("return") else "open_interest"].to_numpy())
            span, want = feature.warm_up, np.full(len(part), np.nan)
            for row in range(span, len(part)):
                want[row] = column[row] - column[bisect.bisect(number, number[row] - span) - 1]
        elif name.startswith("volatility_") and name.count("_") == 1:
            moved = np.log(rows.frame["close"]).diff().to_numpy() / np.sqrt(np.diff(number, prepend=np.nan))
            want = pd.Series(moved).rolling(feature.warm_up).std().to_numpy()
        elif name.startswith("normalised_return"):
            span, close = int(name.rpartition("_")[2]), np.log(rows.frame["close"].to_numpy())
            moved = np.diff(close, prepend=np.nan) / np.sqrt(np.diff(number, prepend=np.nan))
            deviation = pd.Series(moved).rolling(feature.warm_up).std().to_numpy()
            want = np.full(len(part), np.nan)
            for row in range(feature.warm_up, len(part)):
                before = bisect.bisect(number, number[row] - span) - 1
                scale = deviation[row] * np.sqrt(number[row] - number[before])
                want[row] = (close[row] - close[before]) / scale if scale > 1e-12 else values[part][row]
        else:
            continue  # ratios and deviations of those
        np.testing.assert_allclose(values[part], want, rtol=1e-6, atol=1e-9)


def test_every_feature_with_bars_to_look_back_on_carries_them_over_a_shorter_gap() -> None:
    assert {feature.over_gaps for feature in BUILT_IN.values()} == {"counted", "as of", "scaled", "goes on"}
    made = market(800, 3, gaps={400: 5})
    values = compute(made, ALL)
    lost = values.iloc[400:].isna().sum()
    assert lost[lost > 0].to_dict() == {
        name: BUILT_IN[name].warm_up for name in ALL if 0 < BUILT_IN[name].warm_up <= 5
    }


@pytest.mark.parametrize(("over_gaps", "longest"), [("anew", 0), ("counted", 4)])
@given(missing=st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_an_own_feature_begins_anew_after_each_gap_unless_it_says_otherwise(
    over_gaps: OverGaps, longest: int, missing: int
) -> None:
    @feature(warm_up=5, over_gaps=over_gaps)
    def bars_before(bars: Bars) -> np.ndarray:
        return np.arange(len(bars))

    found = compute(market(50, gaps={20: missing}), ["bars_before"], [bars_before])["bars_before"]
    begins = 0 if missing <= longest else 20
    assert found.iloc[20:].tolist() == pytest.approx(
        [row - begins if row - begins >= 5 else np.nan for row in range(20, 50)], nan_ok=True
    )


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


def test_daily_candles_have_weekdays_but_no_hours() -> None:
    values = compute(market(300, 7, step_ms=24 * HOUR_MS), ("all",))
    assert "hour_sin" not in values
    assert "weekday_sin" in values
    assert len(values["weekday_sin"].round(9).unique()) == 7
