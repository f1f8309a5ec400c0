"""Units in the names of volumes and prices: multiples are applied, and what is passed over is told."""

import pandas as pd
import pytest

from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.errors import RepairDataError
from tests.importing.markets import candles, lines
from tests.importing.test_random_files import NOW

FRAME = candles(7, pd.date_range("2023-03-20 05:00", periods=60, freq="1h"), first=1234.0)
UNITS = {
    "(thousands)": 1000, "(000s)": 1000, "('000)": 1000, "(in 1000)": 1000, "[k]": 1000, "(M)": 10**6,
    "(mn)": 10**6, "(millions)": 10**6, "[x100]": 100, "(lots of 100)": 100, "in thousands": 1000,
    "(bn)": 10**9, "(BTC)": 1, "(shares)": 1, "(lakhs)": 10**5, "(Cr)": 10**7, "x1000": 1000, "(mln)": 10**6,
    "- thousands": 1000, "(10^3)": 1000, "(ten thousand)": 10**4, "(Millions of shares)": 10**6, "'000": 1000,
}  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """What the store holds of these candles under such a header, and the notes."""

    def of(header, suffix="", foot=""):
        store, path = Store(tmp_path / "store"), tmp_path / "a.csv"
        names = ("open", "high", "low", "close", "volume")
        rows = [row + suffix for row in lines(FRAME, names, 2, stamp=str)]
        path.write_text("\n".join([header, *rows]) + foot, encoding="utf-8")
        report = import_file(path, store, "a", now_ms=NOW)
        return store.read("a").frame, {note.code: dict(note.values) for note in report.notes}

    return of


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", ["Volume", "VOL", "Vol."])
def test_a_multiple_in_the_name_of_the_volume_is_applied_and_told(read, name, unit):
    if UNITS[unit] == 1:
        name = "Volume"
    stored, notes = read(f"time,open,high,low,close,{name} {unit}")
    assert stored["volume"].tolist() == (FRAME["volume"] * UNITS[unit]).round(8).tolist()
    assert ("volume in a unit" in notes) == (UNITS[unit] > 1)


TONGUES = {
    "出来高(千株)": 1000, "成交量\uff08万股\uff09": 10**4, "거래량(천주)": 1000,
    '"Объём, тыс."': 1000, "Объем (млн шт.)": 10**6,
    "Wolumen (tys.)": 1000, "Volumen (miles)": 1000, "Hacim (bin)": 1000, "Stück (in Tsd.)": 1000,
    "Volume (milliers)": 1000, "volume_thousands": 1000, "Qty (lacs)": 10**5, "1000 Volume": 1000,
}  # fmt: skip


@pytest.mark.parametrize("name", TONGUES)
def test_multiples_of_other_tongues_and_orders(read, name):
    stored, notes = read(f"time,open,high,low,close,{name}")
    assert stored["volume"].tolist() == (FRAME["volume"] * TONGUES[name]).round(8).tolist()
    assert notes["volume in a unit"]["multiple"] == TONGUES[name]


@pytest.mark.parametrize(
    "name", ["Volume K", "Volume_m", "Volume/1000", "Volume *1000", "Volume (mil)", "Vol (satoshi)"]
)
def test_what_may_be_a_multiple_is_refused(read, name):
    with pytest.raises(RepairDataError, match="may be multiples or stand for themselves"):
        read(f"time,open,high,low,close,{name}")


def test_a_multiple_at_the_numbers_and_in_the_name_is_refused(read):
    with pytest.raises(RepairDataError, match=r"in the name of column Volume .K. and at its numbers"):
        read("time,open,high,low,close,Volume (K)", suffix="K")


@pytest.mark.parametrize(
    "around",
    [
        ("time,open,high,low,close,volume\nUTC,USD,USD,USD,USD,thousands", ""),
        ("# Volume in thousands\ntime,open,high,low,close,volume", ""),
        ("Prices in pence; volume in 1000\ntime,open,high,low,close,volume", ""),
        ("time,open,high,low,close,volume", "\nVolume in thousands of shares"),
    ],
)
def test_a_multiple_above_or_below_the_rows_is_applied(read, around):
    stored, notes = read(around[0], foot=around[1])
    assert stored["volume"].tolist() == (FRAME["volume"] * 1000).round(8).tolist()
    assert notes["volume in a unit"]["multiple"] == 1000


@pytest.mark.parametrize("unit", ["cents", "pence", "GBX", "x100", "in 1000"])
def test_a_unit_of_prices_is_told(read, unit):
    stored, notes = read(f"time,Open ({unit}),High ({unit}),Low ({unit}),Close ({unit}),Volume")
    assert stored["close"].tolist() == FRAME["close"].tolist()
    assert notes["prices in a unit"] == {"unit": unit}


@pytest.mark.parametrize("name", ["turnover", "Volume USDT", "amount", "Up", "Down", "lots", "trades"])
def test_columns_that_are_no_volume_are_named(read, name):
    stored, notes = read(f"time,open,high,low,close,{name}")
    assert stored["volume"].isna().all()
    assert notes["no volume among"] == {"columns": name}
