"""Files with market data: every layout and form that is read, every fault that is refused."""

import csv
import datetime as dt
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as pa_feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data.importing.files import import_file, name_of, read, timeframe_of
from engine.data.importing.hints import Hints
from engine.data.store import Series, Store
from engine.errors import ChangeSettingsError, RepairDataError, StopRequestedError, TryAgainError
from engine.market.candles import OHLCV, SPIKE, milliseconds, time_index
from engine.results.notes import Note

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded market data is not on this machine")
HOUR = 3_600_000
START = 1_609_459_200_000  # 2021-01-01
NOW = 1_800_000_000_000
ROWS = [
    (START + HOUR * hour, 100 + hour, 102.5 + hour, 99.25 + hour, 101 + hour, 5.125 * (hour + 1))
    for hour in range(6)
]


def moment(time_ms):
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC)


def table(rows=ROWS, *, header="time,open,high,low,close,volume", stamp=str, end="\n", delimiter=","):
    lines = [header] if header else []
    lines += [",".join([stamp(row[0]), *map(str, row[1:])]) for row in rows]
    return end.join(line.replace(",", delimiter) for line in lines) + end


def at_times(*times):
    return table([(time_ms, *ROWS[0][1:]) for time_ms in times]).encode()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def written(tmp_path):
    def write(content, name="candles.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def bring(path, store, name="series", **hints):
    report = import_file(path, store, name, now_ms=NOW, hints=Hints(**hints))
    return report, store.read(report.series)


def assert_plain(frame):
    assert milliseconds(frame.index).tolist() == [row[0] for row in ROWS]
    assert frame[list(OHLCV)].to_numpy().tolist() == [list(map(float, row[1:])) for row in ROWS]


FIRST = "2017-08-17T04:00:00Z"
REAL = {
    "BTC": {"conflicting": 1435, "spikes": [FIRST], "quiet": 117},
    "ETH": {"conflicting": 1743, "spikes": [FIRST, "2017-08-22T04:00:00Z"], "quiet": 119},
}


@needs_data
@pytest.mark.parametrize("coin", sorted(REAL))
class TestRealFiles:
    @pytest.fixture
    def path(self, coin):
        return DATA / f"Binance_{coin}USDT_1h.csv.gz"

    def test_the_counts(self, path, store, coin):
        report = import_file(path, store, now_ms=NOW)
        facts = report.as_dict()
        assert {key: facts[key] for key in list(facts)[:11]} == {
            "series": f"Binance_{coin}USDT_1h",
            "rows_read": 36_062,
            "rows_stored": 33_413,
            "duplicates": 2_649,
            "conflicting": REAL[coin]["conflicting"],
            "rejected": 0,
            "missing": 16,
            "gaps": 8,
            "flagged": len(REAL[coin]["spikes"]) + REAL[coin]["quiet"],
            "first": FIRST,
            "last": "2021-06-10T00:00:00Z",
        }
        assert facts["layout"] == "CryptoDataDownload"
        assert facts["order"] == "newest first"
        assert Note("times", {"forms": "7478 ms, 28584 s"}) in report.notes
        assert facts["gap_list"][0] == {
            "from": "2017-09-22T20:00:00Z",
            "to": "2017-09-23T00:00:00Z",
            "bars": 4,
        }
        assert [entry["from"] for entry in facts["flag_list"] if "spike" in entry["reason"]] == REAL[coin][
            "spikes"
        ]
        assert json.loads(json.dumps(facts)) == facts
        stored = store.read(report.series)
        assert (stored.symbol, stored.timeframe, stored.kind) == (f"{coin}/USDT", "1h", "candles")
        assert stored.frame["flag"].iloc[0] & SPIKE
        assert stored.report == facts

    def test_every_stored_candle_is_the_finer_row_of_the_file(self, path, store, coin):
        _, stored = bring(path, store)
        best = {}
        with gzip.open(path, "rt") as lines:
            for row in csv.DictReader(lines):
                stamp = float(row["unix"])
                time_ms = int(stamp if stamp > 1e11 else stamp * 1000)
                cells = [row[key] for key in ("open", "high", "low", "close", f"Volume {coin}")]
                if time_ms not in best or len(cells[0]) > len(best[time_ms][0]):
                    best[time_ms] = cells
        assert milliseconds(stored.frame.index).tolist() == sorted(best)
        expected = [list(map(float, best[time_ms])) for time_ms in sorted(best)]
        assert stored.frame[list(OHLCV)].to_numpy().tolist() == expected

    def test_twice_gives_the_same_bytes(self, path, tmp_path):
        files = []
        for folder in ("first", "second"):
            store = Store(tmp_path / folder)
            files.append(store.folder / f"{import_file(path, store, now_ms=NOW).series}.parquet")
        assert files[0].read_bytes() == files[1].read_bytes()


@needs_data
class TestFreqtradeFiles:
    def test_candles(self, store):
        report, stored = bring(DATA / "XRP_USDT_USDT-5m-futures.feather", store)
        assert (report.rows_stored, report.rejected, stored.timeframe) == (1999, 0, "5m")

    def test_a_mark_price_without_volume(self, store):
        report, stored = bring(DATA / "XRP_USDT_USDT-1h-mark.feather", store)
        assert Note("no volume") in report.notes
        assert report.unknown_volume == report.rows_stored == len(stored.frame) == 100

    def test_funding_rates_a_few_milliseconds_late(self, store):
        report, stored = bring(DATA / "XRP_USDT_USDT-8h-funding_rate.feather", store)
        assert (stored.kind, stored.timeframe, report.rows_stored, report.missing) == ("funding", "8h", 91, 0)
        assert report.layout == "freqtrade funding rates"
        assert str(stored.frame.index[0]) == "2021-11-18 00:00:00.017000+00:00"
        assert stored.frame["value"].iloc[0] == 0.0001


STAMPS = {
    "s": lambda ms: str(ms // 1000),
    "seconds with a fraction": lambda ms: f"{ms / 1000:.3f}",
    "a float's seconds": lambda ms: f"{ms / 1000}",
    "ms": str,
    "us": lambda ms: f"{ms}000",
    "ns": lambda ms: f"{ms}000000",
    "exponent": lambda ms: f"{ms / 1e12!r}e+12",
    "iso": lambda ms: moment(ms).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "without an offset": lambda ms: moment(ms).strftime("%Y-%m-%d %H:%M:%S"),
    "another zone": lambda ms: (
        moment(ms).astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30))).isoformat()
    ),
    "named utc": lambda ms: moment(ms).strftime("%Y-%m-%d %H:%M:%S UTC"),
    "milliseconds": lambda ms: moment(ms).isoformat(timespec="milliseconds"),
    "slashes": lambda ms: moment(ms).strftime("%Y/%m/%d %H:%M"),
    "hours of the publisher": lambda ms: moment(ms).strftime("%Y-%m-%d %I-%p"),
}
FORMS = st.fixed_dictionaries(
    {
        "stamps": st.lists(st.sampled_from(sorted(STAMPS)), min_size=len(ROWS), max_size=len(ROWS)),
        "delimiter": st.sampled_from(",;\t"),
        "end": st.sampled_from(["\n", "\r\n"]),
        "bom": st.booleans(),
        "packed": st.booleans(),
        "header": st.sampled_from(
            [
                "time,open,high,low,close,volume",
                "Timestamp,Open,High,Low,Close,Volume",
                "DATE,OPEN,HIGH,LOW,CLOSE,VOL",
                "Open Time,o,h,l,c,v",
                '"datetime","Open","High","Low","Close","Base Volume"',
            ]
        ),
        "preamble": st.sampled_from(["", "https://www.CryptoDataDownload.com\n", "# a comment\n\n"]),
        "order": st.permutations(range(len(ROWS))),
        "again": st.lists(st.integers(0, len(ROWS) - 1), max_size=3),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=FORMS)
def test_one_table_in_any_form_gives_the_same_candles(form, store, written):
    stamps = {row[0]: STAMPS[name] for row, name in zip(ROWS, form["stamps"], strict=True)}
    rows = [ROWS[place] for place in (*form["order"], *form["again"])]
    text = table(
        rows,
        header=form["header"],
        stamp=lambda ms: stamps[ms](ms),
        end=form["end"],
        delimiter=form["delimiter"],
    )
    content = (form["preamble"].replace("\n", form["end"]) + text).encode(
        "utf-8-sig" if form["bom"] else "utf-8"
    )
    report, stored = bring(written(gzip.compress(content) if form["packed"] else content), store)
    assert_plain(stored.frame)
    assert (report.rejected, report.duplicates, report.conflicting) == (0, len(form["again"]), 0)
    assert report.layout == "plain candles"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bad_lines_are_counted_and_change_nothing(data, store, written):
    good = table(header="").splitlines()
    bad = data.draw(
        st.lists(
            st.sampled_from(
                [
                    "1609459200000,NaN,102,99,101,5",
                    "1609459200000,None,102,99,101,5",
                    "1609459200000,,102,99,101,5",
                    "1609459200000,100,102,99,101,unknown",
                    "1609459200000,NULL,102,99,101,5",
                    '1609459200000,"1,00.5",2000,99,101,5',
                    "1609459200000,0,102,99,101,5",
                    "1609459200000,100,98,99,99,5",
                    "1609459200000,100,102,99,105,5",
                    "1609459200000,100,102,99,101,-1",
                    "1609459217000,100,102,99,101,5",
                    "16094592000,100,102,99,101,5",
                    "44197.5,100,102,99,101,5",
                    "20210101,100,102,99,101,5",
                    "01/02/2021,100,102,99,101,5",
                    "now,100,102,99,101,5",
                    "-1609459200000,100,102,99,101,5",
                    "1609459200000,100,102",
                    "1609459200000,100,102,99,101,5,6",
                    "\x1b[2J,100,102,99,101,5",
                ]
            ),
            max_size=5,
        )
    )
    lines = data.draw(st.permutations(good + bad))
    path = written("time,open,high,low,close,volume\n" + "\n".join(lines))
    if bad:
        with pytest.raises(RepairDataError) as caught:
            bring(path, store)
        assert len(caught.value.problems) == min(3, len(bad))
    report, stored = bring(path, store, accept_losses=True)
    assert_plain(stored.frame)
    assert report.rejected == len(bad)
    assert report.rows_read == len(lines)


class TestLayouts:
    BINANCE = (
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
        "taker_buy_volume,taker_buy_quote_volume,ignore"
    )

    @pytest.mark.parametrize("header", [False, True])
    @pytest.mark.parametrize("per_ms", [1, 1000])
    def test_binance_public_data(self, store, written, header, per_ms):
        rows = [
            (row[0] * per_ms, *row[1:], (row[0] + HOUR) * per_ms - 1, 9.5, 7, 1.5, 2.5, 0) for row in ROWS
        ]
        path = written(table(rows, header=self.BINANCE if header else ""), "BTCUSDT-1h-2021-01.csv")
        report, stored = bring(path, store)
        assert_plain(stored.frame)
        assert report.layout == "Binance public data"
        assert stored.symbol == "BTCUSDT"

    @pytest.mark.parametrize("symbol", ["BTC/USDT", "BTCUSDT"])
    @pytest.mark.parametrize("volumes", ["Volume BTC,Volume USDT", "Volume USDT,Volume BTC"])
    def test_crypto_data_download_takes_base_volume(self, store, written, symbol, volumes):
        lines = [f"date,symbol,open,high,low,close,{volumes}"]
        for row in ROWS:
            base, quote = row[5], row[5] * 100
            pair = f"{base},{quote}" if volumes.startswith("Volume BTC") else f"{quote},{base}"
            lines.append(
                f"{STAMPS['hours of the publisher'](row[0])},{symbol},{','.join(map(str, row[1:5]))},{pair}"
            )
        report, stored = bring(written("https://www.CryptoDataDownload.com\n" + "\n".join(lines)), store)
        assert_plain(stored.frame)
        assert (report.layout, stored.symbol) == ("CryptoDataDownload", symbol)

    def test_plain_without_header_says_what_it_took(self, store, written):
        report, stored = bring(written(table(header="")), store)
        assert_plain(stored.frame)
        assert report.notes[0] == Note("no header", {"columns": "time, open, high, low, close, volume"})

    def test_without_volume(self, store, written):
        rows = [row[:5] for row in ROWS]
        report, stored = bring(written(table(rows, header="time,open,high,low,close")), store)
        assert Note("no volume") in report.notes
        assert report.unknown_volume == len(ROWS)
        assert stored.frame["volume"].isna().all()

    @pytest.mark.parametrize(
        ("header", "kind"),
        [
            ("time,value", "values"),
            ("", "values"),
            ("date,sentiment", "values"),
            ("fundingTime,fundingRate", "funding"),
            ("calc_time,last_funding_rate", "funding"),
            ("create_time,sum_open_interest", "open_interest"),
        ],
    )
    def test_times_and_values(self, store, written, header, kind):
        report, stored = bring(written(table([row[:2] for row in ROWS], header=header)), store)
        assert (stored.kind, report.layout) == (kind, "time and value")
        assert stored.frame["value"].tolist() == [row[1] for row in ROWS]
        assert (stored.frame["available_at"] == stored.frame.index).all()
        assert stored.known == ((START, START + len(ROWS) * HOUR),)

    @pytest.mark.parametrize("kind", ["parquet", "feather"])
    @pytest.mark.parametrize("times", ["timestamp", "int", "text", "naive ns"])
    def test_binary_tables(self, store, tmp_path, kind, times):
        frame = pd.DataFrame(ROWS, columns=["time", *OHLCV])
        index = time_index(frame["time"].to_numpy())
        frame["time"] = {
            "timestamp": index, "int": frame["time"], "text": index.strftime("%Y-%m-%d %H:%M:%S%z"),
            "naive ns": index.tz_localize(None).as_unit("ns"),
        }[times]  # fmt: skip
        frame["open"] = frame["open"].astype(str).astype("category")
        path = tmp_path / f"candles.{kind}"
        arrow = pa.Table.from_pandas(frame)
        (pq.write_table if kind == "parquet" else pa_feather.write_feather)(arrow, path)
        assert_plain(bring(path, store)[1].frame)

    def test_what_the_store_wrote_can_be_imported(self, store, written):
        _, first = bring(written(table()), store)
        _, second = bring(store.folder / "series.parquet", store, "again")
        pd.testing.assert_frame_equal(first.frame, second.frame)


class TestPrecision:
    def test_the_finer_row_wins_and_rounding_is_no_conflict(self, store, written):
        rows = ["1609459200,100.1,102.5,99.2,101,5.1", "1609459200000,100.12,102.49,99.24,101.04,5.1234"]
        text = table(ROWS[1:])
        for order in (rows, rows[::-1]):
            report, stored = bring(written(text + "\n".join(order)), store)
            assert stored.frame.iloc[0, :5].tolist() == [100.12, 102.49, 99.24, 101.04, 5.1234]
            assert (report.duplicates, report.conflicting) == (1, 0)

    def test_exponents_and_zeros(self, written):
        rows = "1609459200,1.50e-3\n1609462800,2.5000\n1609466400,7\n1609470000,1E2\n"
        found = read(written("time,value\n" + 2 * rows)).decimals
        assert found.prices.tolist() == 2 * [4, 1, 0, 0]
        assert found.written.tolist() == 2 * [5, 4, 0, 0]

    def test_binary_numbers_have_none(self, tmp_path):
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"time": [START, START + HOUR], "value": [1.5, 2.5]}), path)
        assert read(path).decimals is None


GOOD = gzip.compress(table().encode())
LONG = gzip.compress(at_times(*(START + HOUR * hour for hour in range(50_000))))
PARQUET = io.BytesIO()
pq.write_table(pa.table({"time": [START], "value": [1.0]}), PARQUET)
BAD_FILES = {
    "empty": (b"", "is empty"),
    "only blank": (b"\n\n  \n", "is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "is empty"),
    "only an address": (b"https://www.CryptoDataDownload.com\n", "has no rows"),
    "only a header": (b"time,open,high,low,close,volume\n", "has a header and no rows"),
    "web page": (b"\n<!DOCTYPE html><html><body>404, not found</body></html>", "is a web page"),
    "json": (b'{"code": -1121, "msg": "Invalid symbol."}', "is JSON"),
    "binary": (bytes(range(256)) * 40, "is binary"),
    "utf-16 that breaks off": (b"\xff\xfe" + table().encode("utf-16-le") + b"\x00\xd8", "is damaged"),
    "cut zip": (b"PK\x03\x04" + b"\0" * 100, "is damaged"),
    "prose": (b"these are not\nthe candles\nyou look for\n", "is no table"),
    "no times": (b"open,high,low,close,volume\n1,2,1,2,3\n", "has no column of times"),
    "no low": (b"time,open,high,close\n1609459200,1,2,1\n", "has no column low"),
    "many values": (b"time,bid,ask\n1609459200,1,2\n", "neither candles nor one column of values"),
    "two closes": (b"time,open,high,low,close,close\n1609459200,1,2,1,2,2\n", "two columns named close"),
    "no header, 4 columns": (b"1609459200,1,2,3\n", "4 columns and no header"),
    "several symbols": (
        b"time,symbol,open,high,low,close\n1609459200,A,1,2,1,2\n1609459200,B,1,2,1,2\n",
        "holds several symbols: A, B",
    ),
    "every row longer": (b"time,value\n1609459200,1,3\n1609462800,1,3\n", "column time says 1"),
    "one candle": (b"time,open,high,low,close,volume\n1609459200,1,2,1,2,3\n", "a step needs 2"),
    "no time readable": (b"time,open,high,low,close\nsoon,1,2,1,2\nlater,1,2,1,2\n", "column time says soon"),
    "day or month first": (
        b"time,open,high,low,close\n1/2/2021,1,2,1,2\n2/2/2021,1,2,1,2\n",
        "column time says 1/2/2021, which is 2021-02-01 day-first or 2021-01-02 month-first",
    ),
    "no sound row": (
        b"time,open,high,low,close,volume\n1609459200,-1,2,-1,2,3\n1609462800,-1,2,-1,2,3\n",
        "no sound row among 2: 2 times price not above 0",
    ),
    "not complete yet": (at_times(NOW, NOW + HOUR), "none is complete yet"),
    "cut gzip": (GOOD[:-12], "is damaged: Truncated compressed stream"),
    "cut gzip, far below": (LONG[:-100], "is damaged: Truncated compressed stream"),
    "flipped gzip": (LONG[:20_000] + bytes([LONG[20_000] ^ 4]) + LONG[20_001:], "is damaged"),
    "cut parquet": (PARQUET.getvalue()[:-20], "is damaged"),
    "feather's name only": (b"ARROW1\0\0", "is damaged"),
}  # fmt: skip


class TestRefusals:
    @pytest.mark.parametrize("fault", sorted(BAD_FILES))
    def test_each_bad_file_is_named_with_its_reason_and_remedy(self, store, written, fault):
        content, reason = BAD_FILES[fault]
        path = written(content)
        with pytest.raises(RepairDataError) as caught:
            import_file(path, store, now_ms=NOW)
        assert caught.value.thing == str(path)
        assert reason in caught.value.reason
        assert caught.value.remedy
        assert store.names() == []

    def test_no_file_and_a_folder(self, store, tmp_path):
        with pytest.raises(ChangeSettingsError, match="is not there"):
            import_file(tmp_path / "none.csv", store, now_ms=NOW)
        with pytest.raises(ChangeSettingsError, match="is a folder"):
            import_file(tmp_path, store, now_ms=NOW)

    def test_escape_sequences_of_a_file_are_shown_not_sent(self, store, written):
        path = written("time,\x1b[31mred\x07\n1609459200,1\n1609462800,2\n", "a\x1b[2Jb.csv")
        report, stored = bring(path, store)
        assert "\x1b" not in json.dumps([report.as_dict(), stored.origin], ensure_ascii=False)
        wrong = written("time,\x1b[31mred,b\n1609459200,1,2\n")
        with pytest.raises(RepairDataError) as caught:
            import_file(wrong, store, now_ms=NOW)
        assert "\x1b" not in str(caught.value)


class TestImport:
    def test_a_series_with_its_report_and_origin(self, store, written):
        path = written(table([*ROWS[:2], *ROWS[4:]]))
        report = import_file(path, store, now_ms=NOW)
        stored = store.read("candles")
        assert stored.report == report.as_dict()
        assert stored.origin["file"] == "candles.csv"
        assert len(stored.origin["sha256"]) == 64
        assert stored.known == ((START, START + 6 * HOUR),)
        assert stored.absent == ((START + 2 * HOUR, START + 4 * HOUR),)
        assert not stored.simulated

    def test_the_last_candle_is_stored_once_it_is_complete(self, store, written):
        end = ROWS[-1][0] + HOUR
        assert import_file(written(table()), store, now_ms=end).rows_stored == len(ROWS)
        report = import_file(written(table()), store, now_ms=end - 1)
        assert (report.rows_stored, report.incomplete) == (len(ROWS) - 1, 1)

    def test_progress(self, store, written):
        events = []
        import_file(written(LONG, "long.csv.gz"), store, now_ms=NOW, emit=events.append)
        assert [event["state"] for event in events][0 :: len(events) - 1] == ["begin", "end"]
        assert {(event["kind"], event["series"]) for event in events} == {("source", "long")}
        rows = [event["rows"] for event in events]
        assert rows == sorted(rows)
        assert rows[-1] == 50_000

    def test_a_stop_leaves_the_store_as_it_was(self, store, written):
        def stop(event):
            if event["state"] == "page":
                raise StopRequestedError("import", "stop was asked for")

        with pytest.raises(StopRequestedError):
            import_file(written(table()), store, now_ms=NOW, emit=stop)
        assert store.names() == []
        assert import_file(written(table()), store, now_ms=NOW).rows_stored == len(ROWS)

    def test_a_series_that_is_being_written(self, store, written):
        with store.locked("candles"), pytest.raises(TryAgainError):
            import_file(written(table()), store, now_ms=NOW)

    def test_what_was_collected_is_not_replaced_but_imports_and_wrecks_are(self, store, written):
        path = written(table())
        _, stored = bring(path, store, "series")
        bring(path, store, "series")
        parts = {**vars(stored), "name": "collected", "origin": {"exchange": "binance"}}
        store.write(Series(**parts))
        with pytest.raises(ChangeSettingsError, match="was collected from an exchange"):
            import_file(path, store, "collected", now_ms=NOW)
        (store.folder / "wreck.parquet").write_bytes(b"")
        assert import_file(path, store, "wreck", now_ms=NOW).rows_stored == len(ROWS)

    @pytest.mark.parametrize("name", ["../up", "a b", "a\x1b"])
    def test_a_name_that_is_none(self, store, written, name):
        with pytest.raises(ChangeSettingsError, match="is no name"):
            import_file(written(table()), store, name, now_ms=NOW)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Binance_BTCUSDT_1h.csv.gz", "Binance_BTCUSDT_1h"),
        ("BTCUSDT-1h-2021-01.CSV", "BTCUSDT-1h-2021-01"),
        ("my candles (2).parquet", "my_candles_2_"),
        ("../.hidden.csv", "hidden"),
        ("v1.2.csv", "v1.2"),
        ("价格.csv", "imported"),
        ("x" * 200, "x" * 100),
    ],
)
def test_names_of_files(file, name):
    assert name_of(Path(file)) == name


@pytest.mark.parametrize(
    ("step_ms", "text"), [(HOUR, "1h"), (300_000, "5m"), (86_400_000, "1d"), (1500, "1500ms"), (0, "")]
)
def test_timeframes(step_ms, text):
    assert timeframe_of(step_ms) == text


def test_a_file_of_many_blocks_is_read_in_order(store, written):
    rows = 150_000
    times = START + 60_000 * np.arange(rows)
    prices = np.round(100 + np.sin(np.arange(rows) / 500), 4)
    lines = [f"{at},{price},{price},{price},{price},1" for at, price in zip(times, prices, strict=True)]
    report, stored = bring(written("time,open,high,low,close,volume\n" + "\n".join(lines)), store)
    assert (report.rows_stored, report.order) == (rows, "oldest first")
    assert (stored.frame["close"].to_numpy() == prices).all()
