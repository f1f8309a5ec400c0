"""Files of markets with sessions and of candles that keep a local clock: nothing lost, nothing over a gap."""

from __future__ import annotations

import asyncio

import numpy as np
import pandas as pd
import pytest

from engine import experiment, preparation
from engine.data.collect import collect
from engine.data.importing.files import import_file
from engine.data.series import calendar_of
from engine.data.store import Store
from engine.errors import ChangeSettingsError
from engine.features import resolve
from engine.market.calendar import Calendar
from engine.market.spacing import DAY_MS, HOUR_MS, MINUTE_MS
from engine.market.times import milliseconds
from engine.settings import make
from engine.studies.leak_audit import probe
from engine.studies.leak_audit.audit import audit
from engine.studies.leak_audit.history import recorded
from engine.studies.leak_audit.stages import ordinary
from tests.market.test_calendar import opened
from tests.market.test_candles import NEVER
from tests.studies.markets import linear

YEARS = 3 * 365
HOLIDAYS = frozenset({18_645, 18_686, 18_778, 18_813, 18_956, 19_009, 19_142, 19_177})
MOVING = (  # the calendar, bars of how many minutes, days of file
    ("24/7 America/New_York", 1440, YEARS),
    ("24/7 Europe/Berlin", 1440, YEARS),
    ("24/7 America/New_York", 240, YEARS),
    ("mon-fri America/New_York", 1440, YEARS),
    ("mon-fri 09:30-16:30 America/New_York", 60, YEARS),
    ("mon-fri 10:00-16:00 Australia/Sydney", 60, YEARS),
    ("mon-fri 17:00-17:00 America/New_York", 60, 400),
)
NAMES = ("return_1", "return_6", "volatility_12", "sma_distance_12")
LOOKBACK = 8


def write(path, text, minutes, days, seed=0):
    """A CSV of a market's bars in UTC, and their times and prices as they are."""
    times, session = opened(
        text, minutes * MINUTE_MS, days, HOLIDAYS if text.startswith("mon") else frozenset()
    )
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, len(times))))
    first = close * np.exp(random.normal(0, 0.001, len(times)))
    frame = pd.DataFrame({
        "open": first, "high": np.maximum(first, close) * 1.001, "low": np.minimum(first, close) * 0.999,
        "close": close, "volume": random.integers(1, 99, len(times)),
    }, index=pd.DatetimeIndex(times.astype("datetime64[ms]"), name="time"))  # fmt: skip
    frame.to_csv(path, date_format="%Y-%m-%dT%H:%M:%SZ")
    return frame.set_index(frame.index.tz_localize("UTC")), session


def settings_of(minutes, *more):
    timeframe = {1440: "1d", 240: "4h", 60: "1h"}[minutes]
    return make({}, [
        "data.series=mine", f"data.timeframe={timeframe}", f"features.names={','.join(NAMES)}",
        f"window.lookback={LOOKBACK}", "label.horizon=3", *more,
    ])  # fmt: skip


def prepared(store, settings):
    """The market of the stored series, and its features."""
    got = asyncio.run(collect(settings.data, store, NEVER, lambda _: None))
    market = preparation.merge_all(got, settings.data.fill_gaps)
    return market, preparation.compute_features(market, resolve(NAMES, (), ()), ())


@pytest.mark.parametrize(("text", "minutes", "days"), MOVING)
def test_every_bar_is_kept_and_features_and_labels_go_from_bar_to_bar(tmp_path, text, minutes, days):
    frame, session = write(tmp_path / "mine.csv", text, minutes, days)
    store = Store(tmp_path / "data")
    report = import_file(tmp_path / "mine.csv", store, now_ms=NEVER)
    assert (report.rows_stored, report.rejected, report.missing) == (len(frame), 0, 0)
    assert report.calendar == text
    series = store.read("mine")
    times = milliseconds(series.frame.index)
    assert times.tolist() == milliseconds(frame.index).tolist()
    assert calendar_of(series).sessions(times).tolist() == session.tolist()
    settings = settings_of(minutes)
    market, table = prepared(store, settings)
    close = frame["close"].to_numpy()
    count = len(frame)
    assert table["return_1"].to_numpy()[1:] == pytest.approx(np.diff(np.log(close)), abs=1e-12)
    assert table["return_6"].to_numpy()[6:] == pytest.approx(np.log(close[6:] / close[:-6]), abs=1e-12)
    assert np.isfinite(table.to_numpy()[13:]).all()
    samples = experiment.samples_of(market, table, settings)
    assert len(samples.windows) == count - 12 - LOOKBACK
    opens = frame["open"].to_numpy()
    assert samples.forward_return[:-3] == pytest.approx(opens[3:] / opens[:-3] - 1, rel=1e-12)
    parts = experiment.split_samples(market, samples.target_ms, samples.label, settings)
    target = samples.windows.target
    assert target[parts.train[-1]] + 3 == target[parts.validation[0]]
    assert target[parts.validation[-1]] + 3 == target[parts.test[0]]


def test_a_gap_within_a_session_is_one_and_a_weekend_is_none(tmp_path):
    text = "mon-fri 09:30-16:30 America/New_York"
    frame, _ = write(tmp_path / "whole.csv", text, 60, 300)
    lacking = frame.drop(frame.index[[500, 501]])  # two hours of one day
    lacking.to_csv(tmp_path / "mine.csv", date_format="%Y-%m-%dT%H:%M:%SZ")
    store = Store(tmp_path / "data")
    report = import_file(tmp_path / "mine.csv", store, now_ms=NEVER)
    assert (report.missing, len(report.gap_list), report.calendar) == (2, 1, text)
    market, _ = prepared(store, settings_of(60, "data.fill_gaps=2"))
    assert milliseconds(market.frame.index).tolist() == milliseconds(frame.index).tolist()
    assert (~market.observed).nonzero()[0].tolist() == [500, 501]


@pytest.mark.parametrize("text", ["mon-fri 09:30-16:30 America/New_York"])
def test_the_leak_audit_passes_where_bars_keep_a_local_clock(tmp_path, text, monkeypatch):
    monkeypatch.setattr(probe, "CUTS", 168)  # every hour of the week
    minutes = 60 if "mon" in text else 240
    write(tmp_path / "mine.csv", text, minutes, 120)
    store = Store(tmp_path / "data")
    import_file(tmp_path / "mine.csv", store, now_ms=NEVER)
    longer = "4h,1d" if minutes == 60 else "1d"
    settings = settings_of(
        minutes, "window.lookback=12", f"features.timeframes={longer}", "features.longer=return_1,bar_range"
    )
    found = audit(ordinary(settings, (), (linear,)), recorded(settings, store, NEVER), 3)
    assert found.findings == ()


def test_data_calendar_says_what_the_bars_do_not(tmp_path):
    write(tmp_path / "mine.csv", "mon-fri", 1440, 200)
    store = Store(tmp_path / "data")
    import_file(tmp_path / "mine.csv", store, now_ms=NEVER)
    market, _ = prepared(store, settings_of(1440))
    always, _ = prepared(store, settings_of(1440, "data.calendar=24/7", "data.fill_gaps=0"))
    assert str(market.calendar) == "mon-fri"
    assert always.calendar == Calendar(DAY_MS)
    assert np.diff(always.numbers).max() > 2
    for wrong in ("data.calendar=mon-fry", "data.calendar=24/7 Mars/Olympus"):
        with pytest.raises(ChangeSettingsError, match=r"data\.calendar"):
            prepared(store, settings_of(1440, wrong))


def test_a_series_of_an_earlier_version_has_its_calendar_read_off_its_rows(tmp_path):
    write(tmp_path / "mine.csv", "mon-fri 10:00-16:00 Australia/Sydney", 60, 400)
    store = Store(tmp_path / "data")
    import_file(tmp_path / "mine.csv", store, now_ms=NEVER)
    with store.open("mine") as opened_series:
        series = opened_series.series
        object.__setattr__(series, "calendar", "")
        opened_series.write(series)
    assert store.facts("mine").calendar == ""
    market, _ = prepared(store, settings_of(60, "data.start=2021-06-01"))
    assert str(market.calendar) == "mon-fri 10:00-16:00 Australia/Sydney"
    assert market.step_ms == HOUR_MS
