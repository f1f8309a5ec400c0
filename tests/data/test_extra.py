"""Series of the user's own: known their delay after their stamp, never before, and not when stale."""

import asyncio
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as chosen_settings
from hypothesis import strategies as st

from engine import features
from engine.data.collect import collect
from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.errors import ChangeSettingsError, SettingsError
from engine.market.calendar import Calendar
from engine.market.candles import milliseconds, time_index
from engine.market.merge import merge
from engine.settings import TIMEFRAME_MS, make
from tests.market.test_imputation import HOUR, START, market, without

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
LATER = 10**13


def quiet(event):
    """Progress that nobody looks at."""


def imported(store, path, text, name):
    path.write_text(text)
    import_file(path, store, name, now_ms=LATER)


def collected(store, *keys):
    data = make({}, ["data.series=mine", *keys]).data
    return asyncio.run(collect(data, store, LATER, quiet))


def merged(got):
    return merge(
        got.primary.frame, Calendar(TIMEFRAME_MS[got.primary.timeframe]), got.others, 0, simulated=False
    )


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "data")
    without(market(400), [40, 41, 200]).to_csv(
        tmp_path / "mine.csv", date_format="%Y-%m-%dT%H:%M:%SZ", index_label="time"
    )
    import_file(tmp_path / "mine.csv", store, now_ms=LATER)
    days = [f"{np.datetime64(START, 'ms').astype('datetime64[D]') + day},{50 + day}" for day in range(17)]
    imported(store, tmp_path / "fng.csv", "\n".join(["date,value", *days]), "fear_greed")
    return store


def test_a_daily_index_joins_a_day_after_its_stamp(store):
    got = collected(store, "data.extra=fear_greed:24:72")
    frame = merged(got).frame
    assert [other.name for other in got.others] == ["fear_greed"]
    first_day = START // (24 * HOUR) * 24 * HOUR
    known = milliseconds(frame.index) + HOUR - 24 * HOUR  # stamps up to here are known when a bar closes
    want = np.where(known >= first_day, 50 + (known - first_day) // (24 * HOUR), np.nan)
    assert np.array_equal(frame["fear_greed"].to_numpy(), np.minimum(want, 66), equal_nan=True)


ROWS = st.dictionaries(st.integers(-5000, 25_000), st.floats(-9, 9), min_size=1, max_size=40)


@chosen_settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(0, 6000), st.integers(1, 9000))
def test_no_value_is_seen_before_it_was_published_or_when_it_is_stale(
    tmp_path_factory, rows, delay_minutes, staleness_minutes
):
    folder = tmp_path_factory.mktemp("extra")
    store = Store(folder / "data")
    market(300).to_csv(folder / "mine.csv", date_format="%Y-%m-%dT%H:%M:%SZ", index_label="time")
    import_file(folder / "mine.csv", store, now_ms=LATER)
    lines = [f"{START + minute * 60_000},{value!r}" for minute, value in rows.items()]
    imported(store, folder / "x.csv", "\n".join(["time,value", *lines]), "mood")
    got = collected(store, f"data.extra=mood:{delay_minutes / 60!r}:{staleness_minutes / 60!r}")
    frame = merged(got).frame
    published = sorted((START + (minute + delay_minutes) * 60_000, value) for minute, value in rows.items())
    for time, seen in zip(milliseconds(frame.index) + HOUR, frame["mood"], strict=True):
        known = [(at, value) for at, value in published if at <= time]
        fresh = known and time - known[-1][0] <= staleness_minutes * 60_000
        assert seen == known[-1][1] if fresh else np.isnan(seen)


def test_it_is_a_feature_by_its_name_and_a_score(store):
    there = merged(collected(store, "data.extra=fear_greed:24:72"))
    columns = tuple(there.frame.columns)
    assert {"fear_greed", "fear_greed_z_168"} <= set(features.resolve(("all",), columns, (), step_ms=HOUR))
    assert "fear_greed" not in features.resolve(("all",), columns[:-1], (), step_ms=HOUR)
    table = features.compute(there, ("fear_greed", "fear_greed_z_168", "rsi_14"))
    assert np.array_equal(table["fear_greed"], there.frame["fear_greed"], equal_nan=True)
    assert np.isfinite(table["fear_greed_z_168"]).sum() > 5
    with pytest.raises(ChangeSettingsError, match="no feature fear_gread"):
        features.compute(there, ("fear_gread",))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("open:1:2", "one of the run's own"),
        ("a:b", "NAME:DELAY:STALENESS"),
        ("a:-1", "NAME:DELAY:STALENESS"),
        ("a:1:0", "NAME:DELAY:STALENESS"),
        ("a:nan", "NAME:DELAY:STALENESS"),
        ("a:1:2:3", "NAME:DELAY:STALENESS"),
        ("../a", "NAME:DELAY:STALENESS"),
        ("a:1,a:2", "names a twice"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(text, reason):
    with pytest.raises(SettingsError, match=reason) as refused:
        make({}, [f"data.extra={text}"])
    assert refused.value.problems[0].key.startswith("data.extra")


def test_a_series_that_is_not_there_or_of_candles_is_refused(store):
    with pytest.raises(ChangeSettingsError, match=r"not in the store.*fear_greed"):
        collected(store, "data.extra=fear_gred")
    with pytest.raises(ChangeSettingsError, match="holds candles"):
        collected(store, "data.extra=mine")
    import_file(store.folder.parent / "fng.csv", store, "rsi_14", now_ms=LATER)
    with pytest.raises(ChangeSettingsError, match="rsi_14 is the name of a feature"):
        features.compute(merged(collected(store, "data.extra=rsi_14")), ("return_1",))


def test_real_funding_stamps_that_are_milliseconds_late(tmp_path):
    path = SHARED / "XRP_USDT_USDT-8h-funding_rate.feather"
    if not path.is_file():
        pytest.skip("needs the real funding file in shared/data")
    raw = pd.read_feather(path).sort_values("date")
    stamps, rates = milliseconds(pd.DatetimeIndex(raw["date"])), raw["open"].to_numpy()
    assert (stamps % HOUR).max() > 0
    store = Store(tmp_path / "data")
    lines = [f"{stamp},{rate!r}" for stamp, rate in zip(stamps.tolist(), rates.tolist(), strict=True)]
    imported(store, tmp_path / "x.csv", "\n".join(["time,value", *lines]), "rate")
    hours = np.arange(stamps[0] // HOUR, stamps[-1] // HOUR + 1) * HOUR
    bars = market(len(hours)).set_index(time_index(hours))
    bars.to_csv(tmp_path / "mine.csv", date_format="%Y-%m-%dT%H:%M:%SZ", index_label="time")
    import_file(tmp_path / "mine.csv", store, now_ms=LATER)
    frame = merged(collected(store, "data.extra=rate:0:12")).frame
    for time, seen in zip(milliseconds(frame.index) + HOUR, frame["rate"], strict=True):
        assert seen == rates[np.searchsorted(stamps, time, side="right") - 1]
    late = stamps[stamps % HOUR > 0]
    at = np.searchsorted(
        milliseconds(frame.index) + HOUR, late // HOUR * HOUR
    )  # the bar that closes on the hour
    row = frame["rate"].to_numpy()[at[at < len(frame)]]
    assert np.array_equal(row[1:], rates[np.flatnonzero(stamps % HOUR > 0) - 1][at < len(frame)][1:])
