"""Files as banks and brokers of many countries write them: read exactly, or refused with the reason."""

import bz2
import io
import json
import lzma
import re
import zipfile
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.errors import RepairDataError
from tests.importing.markets import OHLCV, PRICES, candles
from tests.importing.test_random_files import NOW, difference

HEADER = "time,open,high,low,close,volume"
TONGUES = {
    "German": "Zeitpunkt Eröffnungskurs Höchstkurs Tiefstkurs Schlusskurs Stücke",
    "French": "Date Ouverture Plus-haut Plus-bas Clôture Volume",
    "Spanish": "Fecha Apertura Máximo Mínimo Cierre Volumen",
    "Portuguese": "Data Abertura Máxima Mínima Fechamento Volume",
    "Italian": "Data Apertura Massimo Minimo Chiusura Volume",
    "Dutch": "Datum Open Hoog Laag Slot Volume",
    "Swedish": "Datum Öppning Högsta Lägsta Stängning Volym",
    "Polish": "Data Otwarcie Najwyższy Najniższy Zamknięcie Wolumen",
    "Russian": "Дата Открытие Максимум Минимум Закрытие Объём",
    "Japanese": "日付 始値 高値 安値 終値 出来高",
    "Chinese": "日期 开盘 最高 最低 收盘 成交量",
    "Korean": "날짜 시가 고가 저가 종가 거래량",
}
SIDES = ("bid_{}", "Bid{}", "{}Bid")
BLANKS = ("#N/A", "#NV", "N/D", "—", "(null)", "?", "\\N", "<NA>", "nil")
MONEY = ("CHF {}", "US${}", "₹{}", "{} USD", "{} €", "¥{}")


@pytest.fixture(params=["1D", "1h", "1min"])
def frame(request):
    """150 candles."""
    return candles(7, pd.date_range("2023-03-20 05:00", periods=150, freq=request.param), first=1234.0)


@pytest.fixture
def read(tmp_path):
    """What the store holds after an import of this content."""

    def of(content, suffix="csv"):
        store, path = Store(tmp_path / "store"), tmp_path / f"a.{suffix}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        import_file(path, store, "a", now_ms=NOW)
        return store.read("a").frame

    return of


def rows(frame, stamp="{:%Y-%m-%d %H:%M:%S}", price="{:.2f}", volume="{:.4f}"):
    """The cells of each candle."""
    for time, row in frame.iterrows():
        yield [
            stamp.format(time),
            *(price.format(row[name]) for name in PRICES),
            volume.format(row["volume"]),
        ]


def text(frame, header=HEADER, **forms):
    """A table of text."""
    return "\n".join([header, *map(",".join, rows(frame, **forms))]) + "\n"


@pytest.mark.parametrize("tongue", TONGUES)
def test_names_in_other_tongues(frame, read, tongue):
    assert not difference(read(text(frame, ",".join(TONGUES[tongue].split()))), frame)


@pytest.mark.parametrize("form", MONEY)
def test_prices_with_a_currency(frame, read, form):
    assert not difference(read(text(frame, price=form.replace("{}", "{:.2f}"))), frame)


@pytest.mark.parametrize("blank", BLANKS)
def test_blank_volumes(frame, read, blank):
    table = text(frame).splitlines()
    for row in (5, 60):
        table[row + 1] = ",".join([*table[row + 1].split(",")[:-1], blank])
        frame.iloc[row, -1] = np.nan
    assert not difference(read("\n".join(table)), frame)


@pytest.mark.parametrize("form", SIDES)
def test_of_bid_and_ask_the_bid_is_read(frame, read, form):
    camel = form != "bid_{}"
    sides = [form.format(name.title() if camel and form[0] == "B" else name) for name in PRICES]
    other = [name.replace("bid", "ask").replace("Bid", "Ask") for name in sides]
    table = [["time", *other, *sides, "volume"]]
    table += [
        [cells[0], *(f"{float(cell) + 0.5:.2f}" for cell in cells[1:5]), *cells[1:]] for cells in rows(frame)
    ]
    assert not difference(read("\n".join(map(",".join, table))), frame)


@pytest.mark.parametrize(
    ("before", "below", "after"),
    [
        ("QDX Corp.,,,,,\nExported,2024-03-12,,,,\n", "", "Total,,,,,77\n"),
        ("QDX Corp.\nFrom 2023 on\n\n", "", "(150 rows)\n"),
        ("", "UTC,USD,USD,USD,USD,shares\n", ""),
        ("", "[UTC],[USD],[USD],[USD],[USD],[BTC]\n", ""),
        ("", "----,----,----,----,----,----\n", "\x1a"),
    ],
)
def test_titles_units_and_totals(frame, read, before, below, after):
    head, _, rest = text(frame).partition("\n")
    assert not difference(read(f"{before}{head}\n{below}{rest}{after}"), frame)


@pytest.mark.parametrize(
    "stamp",
    [
        "{:%Y-%m-%d-%H-%M}", "{:%Y-%m-%d_%H-%M-%S}", "{:%Y %m %d %H %M}", "{:%d/%m/%Y %Hh%M}",
        "{:%Y年%m月%d日 %H:%M}", "{:%Y. %m. %d. %H:%M}", "{:%a %b %d %H:%M:%S %Y}",
        "{:%d de marzo de %Y %H:%M}",
        "{:%Y-%m-%dT%H:%M:%S+00:00[Etc/UTC]}", "{:%H:%M %d.%m.%Y}",
    ],
)  # fmt: skip
def test_clocks_and_dates_as_they_are_written_elsewhere(frame, read, stamp):
    if "de marzo" in stamp:
        frame = frame[:12]
    assert not difference(read(text(frame, stamp=stamp)), frame)


@pytest.mark.parametrize(("ticks", "zero"), [("net", 621_355_968 * 10**9), ("windows", 116_444_736 * 10**9)])
def test_ticks_of_100_ns(frame, read, ticks, zero):
    table = [HEADER, *(",".join([str(time.value // 100 + zero), *cells[1:]])
             for time, cells in zip(frame.index.as_unit("ns"), rows(frame), strict=True))]  # fmt: skip
    assert not difference(read("\n".join(table)), frame), ticks


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress, "zip"])
def test_packings(frame, read, pack):
    content = text(frame).encode()
    if pack == "zip":
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w") as archive:
            for name, held in {"a.csv": content, "README.txt": b"thanks", "a.csv.CHECKSUM": b"0"}.items():
                archive.writestr(name, held)
        content = whole.getvalue()
    else:
        content = pack(content)
    assert not difference(read(content), frame)


def test_decimals_of_parquet_are_rounded_to_the_nearest(frame, read):
    table = {name: pa.array([Decimal(f"{value:.4f}") for value in frame[name]]) for name in OHLCV}
    whole = io.BytesIO()
    pq.write_table(pa.table({"time": frame.index.to_numpy(), **table}), whole)
    assert not difference(read(whole.getvalue(), "parquet"), frame)


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("volume(USDT),volume(BTC)", 2), ("Bid Volume,volume", 2), ("trades,TotalVolume", 2),
        ("Volumen,Stuecke", 2), ("volume,quote_volume", 1), ("Volume USD,Volume QDX", 2),
    ],
)  # fmt: skip
def test_the_volume_among_columns(frame, read, header, chosen):
    table = [f"time,open,high,low,close,{header}"]
    for cells in rows(frame):
        volume = [cells[5], "7"] if chosen == 1 else ["7", cells[5]]
        table.append(",".join([*cells[:5], *volume]))
    assert not difference(read("\n".join(table)), frame)


def without_header(frame, order, more=""):
    """Lines without names: the prices in some order, then further cells of a candle."""
    lines = []
    for time, row in frame.iterrows():
        extra = {"volume": row["volume"], "turnover": row["volume"] * row["close"], "count": 7}
        cells = [f"{row[name]:.2f}" for name in order.split()] + [f"{extra[name]:g}" for name in more.split()]
        lines.append(",".join([f"{time:%Y-%m-%d %H:%M}", *cells]))
    return "\n".join(lines)


def test_without_a_header_turnover_is_no_volume(frame, read):
    frame["volume"] = np.ceil(frame["volume"])
    stored = read(without_header(frame, "open high low close", "turnover volume"))
    assert stored["volume"].tolist() == frame["volume"].tolist()


@pytest.mark.parametrize(
    ("order", "more", "reason"),
    [
        ("close open high low", "volume", "open where they close"),
        ("open high low close", "count volume", "volume may be column 6 or 7"),
    ],
)
def test_without_a_header_what_may_have_changed_places_is_refused(frame, read, order, more, reason):
    with pytest.raises(RepairDataError, match=reason):
        read(without_header(frame, order, more))


def test_rows_of_several_exchanges_are_refused(frame, read):
    lines = [f"exchange,{HEADER}"]
    for venue, scale in (("kraken", 1.0), ("okx", 1.0005)):
        lines += [",".join([venue, *cells]) for cells in rows((frame * scale).round(2))]
    with pytest.raises(RepairDataError, match="several of column exchange: kraken, okx"):
        read("\n".join(lines))


@pytest.mark.parametrize(
    ("magic", "what"),
    [(b"\xd0\xcf\x11\xe0", "an Excel workbook"), (b"\x89HDF", "HDF5"), (b"SQLite format 3", "SQLite"),
     (b"%PDF", "PDF"), (b"\x80\x04", "a pickle"), (b"\x28\xb5\x2f\xfd", "Zstandard"),
     (b"7z\xbc\xaf", "7-Zip")],
)  # fmt: skip
def test_what_is_no_table_is_named(read, magic, what):
    with pytest.raises(RepairDataError, match=what):
        read(magic + bytes(range(256)) * 4)


PAGES = {
    "cp1251": "Russian", "koi8_r": "Russian", "shift_jis": "Japanese", "gbk": "Chinese", "euc_kr": "Korean",
    "cp1250": "Polish", "cp1252": "Swedish",
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_the_code_page_is_the_one_in_which_names_are_known(frame, read, page):
    content = text(frame, header=TONGUES[PAGES[page]].replace(" ", ","))
    assert read(content.encode(page)).equals(read(content))


@pytest.mark.parametrize("page", ["cp1251", "gbk", "euc_kr"])
def test_names_that_no_code_page_makes_known_are_refused_with_the_one_that_was_tried(frame, read, page):
    words = {"cp1251": "яблоко", "gbk": "苹果", "euc_kr": "사과"}[page]
    content = text(frame, header=",".join(["time", *(f"{words}{number}" for number in range(5))]))
    with pytest.raises(RepairDataError, match=r"read as cp1252.*save it as UTF-8"):
        read(content.encode(page))


@pytest.mark.parametrize("column", ["time", "open", "close", "volume"])
@pytest.mark.parametrize(("cell", "kind"), [({"a": 1}, "records"), ([1, 2], "lists")])
def test_cells_of_json_that_hold_several_values_are_named_in_plain_words(read, column, cell, kind):
    prices = {"open": 2, "high": 3, "low": 1, "close": 2, "volume": 5}
    rows = [{"time": 1_700_000_000 + 3600 * row, **prices, column: cell} for row in range(80)]
    with pytest.raises(RepairDataError, match=column) as caught:
        read(json.dumps(rows).encode(), "json")
    assert kind in str(caught.value)
    assert not re.search("struct|int64|cast|utf8", str(caught.value))
