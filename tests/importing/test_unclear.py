"""Files that are refused because what they mean is lost or not known."""

from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.importing.dates import dates_of
from engine.data.importing.files import import_file
from engine.data.importing.hints import UnclearError
from engine.data.store import Store
from engine.errors import RepairDataError
from engine.market.times import milliseconds
from tests.importing.markets import OHLCV, candles, lines
from tests.importing.test_random_files import NOW

FRAME = candles(7, pd.date_range("2023-03-20 05:00", periods=90, freq="15min"), first=1234.0)
PRICES = "Open,High,Low,Close,Volume"


@pytest.mark.parametrize(
    ("header", "stamp", "reason"),
    [
        (f"Time,{PRICES}", lambda time: f"{time.value // 10**6:.5E}", "rounded"),
        (f"Time,{PRICES}", lambda time: str(time.value // 10**9 - 978_307_200), "since 2001"),
        (f"Time,{PRICES}", lambda time: f"{time.value // 10**9:.4E}", "rounded"),
    ],
)
def test_times_that_are_lost_or_of_another_epoch_are_refused(tmp_path, header, stamp, reason):
    path, store = tmp_path / "a.csv", Store(tmp_path / "store")
    path.write_text("\n".join([header, *lines(FRAME, OHLCV, 2, stamp=stamp)]))
    with pytest.raises(RepairDataError, match=reason) as caught:
        import_file(path, store, "a", now_ms=NOW)
    assert "--accept-losses" not in caught.value.remedy


@pytest.mark.parametrize("form", ["{0} {1}", "{1} {0}", "{0}_{1}"])
def test_prices_of_two_currencies_are_refused(tmp_path, form):
    names = [
        form.format(sort, price) for sort in ("USD", "EUR") for price in ("Open", "High", "Low", "Close")
    ]
    path, store = tmp_path / "a.csv", Store(tmp_path / "store")
    prices = ("open", "high", "low", "close")
    rows = lines(FRAME, prices * 2, 2, stamp=str)
    path.write_text("\n".join([",".join(["Date", *names]), *rows]))
    with pytest.raises(RepairDataError, match="usd and eur"):
        import_file(path, store, "a", now_ms=NOW)


@settings(max_examples=60, deadline=None)
@given(
    st.dates(date(1990, 1, 1), date(2024, 1, 1)), st.integers(30, 120), st.sampled_from(["%G-W%V", "%Y-W%W"])
)
def test_weeks_are_read_exactly_or_refused_however_they_are_counted(begin, count, form):
    times = pd.date_range(begin, periods=count, freq="W-MON")
    cells, years = pa.array([f"{time:{form}}" for time in times]), {time.year for time in times}
    try:
        written = dates_of(cells)
    except UnclearError:
        assert any(date(year, 1, 1).weekday() in (1, 2, 3) for year in years)  # the others count alike
    else:
        assert written.read.all()
        assert (written.local_ms == milliseconds(times)).all()


@pytest.mark.parametrize("stamp", ['"{}"', '"¥{}"'])
@pytest.mark.parametrize("first", [4998.0, 37752.0])
@pytest.mark.parametrize("volume", ["9942", "12345.5", "7"])
def test_thousands_are_no_decimals_though_volumes_are_plain(tmp_path, stamp, first, volume):
    frame = candles(3, pd.bdate_range("2023-06-01", periods=80), places=0, first=first)
    rows = [
        ",".join([f"{time:%Y-%m-%d}", *(stamp.format(f"{row[name]:,.0f}") for name in OHLCV[:4]), volume])
        for time, row in frame.iterrows()
    ]
    path, store = tmp_path / "a.csv", Store(tmp_path / "store")
    path.write_text("\n".join([f"Date,{PRICES}", *rows]), encoding="utf-8")
    try:
        import_file(path, store, "a", now_ms=NOW)
    except RepairDataError as refused:
        said = str(refused)
    else:
        said = (
            "" if (store.read("a").frame["close"].to_numpy() == frame["close"].to_numpy()).all() else "wrong"
        )
    assert not said or "both fit all rows" in said


OTHER_HEADERS = (
    "Date,Close,High,Low,Open,Volume",
    "Datum,Schluss,Hoch,Tief,Eröffnung,Volumen",
    "Date,Open,High,Low,Close,Volume USD",
)


@pytest.mark.parametrize("second", OTHER_HEADERS)
def test_columns_that_are_named_anew_within_a_file_are_refused(tmp_path, second):
    rows = lines(FRAME, OHLCV, 2, stamp=str)
    parts = [f"Date,{PRICES}", *list(rows)[:40], second, *list(lines(FRAME, OHLCV, 2, stamp=str))[40:]]
    path, store = tmp_path / "a.csv", Store(tmp_path / "store")
    path.write_text("\n".join(parts), encoding="utf-8")
    with pytest.raises(RepairDataError, match="names its columns anew after 40 rows"):
        import_file(path, store, "a", now_ms=NOW)
