"""Collecting through the real client from servers on the loopback into a real store."""

import asyncio
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest

from engine.data.collect import collect
from engine.data.demo.server import demo_exchange
from engine.data.plan import Source, sources_of, span_of
from engine.data.store import Series, Store
from engine.data.update import joined
from engine.errors import ChangeSettingsError, StopRequestedError, TryAgainError
from engine.market.candles import milliseconds, time_index
from engine.settings import Data, Demo
from tests.data.exchanges import faults
from tests.data.exchanges.binance import candle, exchange_server
from tests.data.exchanges.server import DAY, HOUR, NOW

LAST = NOW // HOUR * HOUR  # open time of the candle still open
LISTED = LAST - 2500 * HOUR
PRIMARY = "binance_BTC-USDT_1h_candles"
FUNDING = "binanceusdm_BTC-USDT.USDT_8h_funding"
INTEREST = "binanceusdm_BTC-USDT.USDT_1h_open_interest"
SECOND = "binanceusdm_BTC-USDT.USDT_1h_candles"


def iso(time_ms):
    return str(np.datetime64(time_ms, "ms"))


def wish(server, **more):
    return Data(**{"endpoint": server.url, "start": iso(LISTED), "retries": 2, "timeout": 5.0, **more})


def everything(server, **more):
    second = {"second_exchange": "binanceusdm", "second_symbol": "BTC/USDT:USDT"}
    return wish(server, funding=True, open_interest=True, **second, **more)


def quiet(event):
    """Progress that nobody looks at."""


def times_of(series):
    return milliseconds(series.frame.index).tolist()


def hours_between(start, end):
    return list(range(start, end, HOUR))


def klines_asked(server):
    return [query for path, query, _ in server.asked if path.endswith("klines")]


async def test_all_sources_arrive_at_once_complete_and_told(tmp_path):
    events = []
    async with exchange_server() as server:
        got = await collect(everything(server), Store(tmp_path), NOW, events.append)
        assert times_of(got.primary) == hours_between(LISTED, LAST)
        row = got.primary.frame.iloc[7]
        assert row[["open", "high", "low", "close", "volume"]].tolist() == [
            float(text) for text in candle(LISTED + 7 * HOUR)[1:6]
        ]
        assert [other.name for other in got.others] == [
            "funding",
            "open_interest",
            "second_close",
            "second_volume",
        ]
        funding, interest, second, _ = (other.frame for other in got.others)
        assert (milliseconds(funding.index) % (8 * HOUR) == 17).all()
        assert (funding["available_at"] == funding.index).all()
        late = milliseconds(interest["available_at"]) - milliseconds(interest.index)
        assert set(late.tolist()) == {5 * 60_000}
        assert milliseconds(interest.index)[0] >= NOW - 30 * DAY
        assert (milliseconds(second["available_at"]) == milliseconds(second.index) + HOUR).all()
        assert not got.simulated
        assert [note.text for note in got.notes] == [
            f"{INTEREST} starts at {iso(LAST - 718 * HOUR)[:19]}Z, the exchange has nothing earlier"
        ]
        assert server.count("klines") == 7  # 3 of each exchange, and the hours before the second's listing
    states = [(event["series"], event["state"]) for event in events if event["kind"] == "source"]
    assert {name for name, _ in states} == {PRIMARY, FUNDING, INTEREST, SECOND}
    pages = [event for event in events if event.get("series") == PRIMARY]
    assert [event["state"] for event in pages] == ["begin", "page", "page", "page", "end"]
    assert [event["rows"] for event in pages] == [0, 1000, 2000, 2500, 2500]
    assert [(event["page"], event["pages"]) for event in pages[1:4]] == [(1, 3), (2, 3), (3, 3)]
    assert all(event["left_s"] >= 0 and not event["simulated"] for event in pages)


async def test_an_hour_later_one_page_and_with_nothing_missing_none(tmp_path):
    store = Store(tmp_path)
    async with exchange_server() as server:
        await collect(wish(server), store, NOW, quiet)
        server.asked.clear()
        await collect(wish(server), store, NOW, quiet)
        assert server.asked == []
        server.now = NOW + HOUR
        got = await collect(wish(server), store, NOW + HOUR, quiet)
        assert times_of(got.primary) == hours_between(LISTED, LAST + HOUR)
        assert [query["startTime"] for query in klines_asked(server)] == [str(LAST)]
    # With everything there no exchange is needed at all.
    got = await collect(wish(server, start=iso(LAST - DAY), end=iso(LAST)), store, NOW + DAY, quiet)
    assert times_of(got.primary) == hours_between(LAST - DAY, LAST)


async def test_an_earlier_start_asks_for_the_earlier_part_alone(tmp_path):
    store = Store(tmp_path)
    async with exchange_server() as server:
        await collect(wish(server, start=iso(LAST - 300 * HOUR)), store, NOW, quiet)
        server.asked.clear()
        got = await collect(wish(server, start=iso(LAST - 500 * HOUR)), store, NOW, quiet)
        assert times_of(got.primary) == hours_between(LAST - 500 * HOUR, LAST)
        assert [(query["startTime"], query["limit"]) for query in klines_asked(server)] == [
            (str(LAST - 500 * HOUR), "200")
        ]


async def test_death_in_the_middle_keeps_the_pages_and_the_next_update_starts_there(tmp_path):
    undisturbed = Store(tmp_path / "undisturbed")
    store = Store(tmp_path / "cut")
    async with exchange_server() as server:
        await collect(wish(server), undisturbed, NOW, quiet)
        server.faults.extend([None, None, faults.status(500), faults.status(500)])
        with pytest.raises(TryAgainError) as failure:
            await collect(wish(server), store, NOW, quiet)
        assert f"missing {iso(LISTED + 2000 * HOUR)[:19]}Z … {iso(LAST)[:19]}Z" in failure.value.reason
        assert failure.value.thing == PRIMARY
        assert times_of(store.read(PRIMARY)) == hours_between(LISTED, LISTED + 2000 * HOUR)
        server.asked.clear()
        await collect(wish(server), store, NOW, quiet)
        assert [query["startTime"] for query in klines_asked(server)] == [str(LISTED + 2000 * HOUR)]
    stored, whole = (folder / f"{PRIMARY}.parquet" for folder in (store.folder, undisturbed.folder))
    assert stored.read_bytes() == whole.read_bytes()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from engine.settings import Data
from engine.data.collect import collect
from engine.data.store import Store
folder, url, start, now, last = sys.argv[1:]
def tell(event):
    if event.get("state") == "page" and event["page"] == int(last):
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(collect(Data(endpoint=url, start=start), Store(Path(folder)), int(now), tell))
"""


@pytest.mark.parametrize("page", [1, 7, 10])
async def test_kill_9_loses_no_page_that_came(tmp_path, page):
    listed = LAST - 9500 * HOUR
    async with exchange_server(listed=listed) as server:
        undisturbed, store = Store(tmp_path / "undisturbed"), Store(tmp_path / "killed")
        await collect(wish(server, start=iso(listed)), undisturbed, NOW, quiet)
        arguments = [str(store.folder), server.url, iso(listed), str(NOW), str(page)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, *arguments, cwd=Path(__file__).parents[2]
        )
        assert await process.wait() == -signal.SIGKILL
        assert store.names() == []
        with store.journal(PRIMARY, "candles").path.open("ab") as torn:
            torn.write(b"qdp1 half a page")
        server.asked.clear()
        await collect(wish(server, start=iso(listed)), store, NOW, quiet)
        asked = [int(query["startTime"]) for query in klines_asked(server)]
        assert asked == list(range(listed + page * 1000 * HOUR, LAST, 1000 * HOUR))
        stored, whole = (folder / f"{PRIMARY}.parquet" for folder in (store.folder, undisturbed.folder))
        assert stored.read_bytes() == whole.read_bytes()
        assert not store.journal(PRIMARY, "candles").path.exists()


async def test_a_wish_to_stop_keeps_the_pages_that_came(tmp_path):
    def emit(event):
        if event.get("state") == "page" and event["page"] == 2:
            raise StopRequestedError("run", "was asked to stop")

    store = Store(tmp_path)
    async with exchange_server() as server:
        with pytest.raises(StopRequestedError):
            await collect(wish(server), store, NOW, emit)
    assert times_of(store.read(PRIMARY)) == hours_between(LISTED, LISTED + 2000 * HOUR)
    with store.locked(PRIMARY):
        pass


async def test_what_the_exchange_lacks_is_remembered_and_not_asked_again(tmp_path):
    store, lacks = Store(tmp_path), {LISTED + 10 * HOUR, LISTED + 11 * HOUR, LISTED + 1500 * HOUR}
    async with exchange_server(lacks=lacks) as server:
        early = wish(server, start=iso(LISTED - 500 * HOUR))
        got = await collect(early, store, NOW, quiet)
        assert times_of(got.primary) == sorted(set(hours_between(LISTED, LAST)) - lacks)
        facts = store.facts(PRIMARY)
        assert facts.absent == (
            (LISTED - 500 * HOUR, LISTED),
            (LISTED + 10 * HOUR, LISTED + 12 * HOUR),
            (LISTED + 1500 * HOUR, LISTED + 1501 * HOUR),
        )
        assert facts.report["missing"] == 3
        assert facts.report["gaps"] == 2
        assert any("lacks 3 candles in 2 gaps" in note.text for note in got.notes)
        assert any("starts at" in note.text for note in got.notes)
        server.asked.clear()
        await collect(early, store, NOW, quiet)
        assert server.asked == []


async def test_candles_published_late_are_not_taken_for_absent(tmp_path):
    store = Store(tmp_path)
    async with exchange_server(now=LAST - 3 * HOUR) as server:
        got = await collect(wish(server), store, NOW, quiet)
        assert any("has sent nothing later" in note.text for note in got.notes)
        server.now = NOW
        got = await collect(wish(server), store, NOW, quiet)
        assert times_of(got.primary) == hours_between(LISTED, LAST)
        assert got.notes == ()


async def test_a_clock_that_is_ahead_takes_no_open_candle_for_a_complete_one(tmp_path):
    async def two_hours_ago(request, well):
        date = datetime.now(UTC) - timedelta(hours=2)
        return await faults.status(200, well, Date=format_datetime(date, usegmt=True))(request, well)

    store = Store(tmp_path)
    async with exchange_server() as server:
        server.always = {"exchangeInfo": two_hours_ago, "klines": two_hours_ago}
        got = await collect(wish(server), store, NOW, quiet)
        assert times_of(got.primary) == hours_between(LISTED, LAST - 2 * HOUR)
        server.always.clear()
        got = await collect(wish(server), store, NOW, quiet)
        assert times_of(got.primary) == hours_between(LISTED, LAST)


async def test_impossible_rows_are_never_stored(tmp_path):
    worse = {  # high below low; negative; no number
        LISTED + 3 * HOUR: ["100", "90", "110", "100", "1"],
        LISTED + 5 * HOUR: ["-1", "2", "-2", "1", "1"],
        LISTED + 7 * HOUR: [None, "2", "1", "1", "1"],
    }

    async def spoilt(request, well):
        rows = [[row[0], *worse.get(row[0], row[1:6])] for row in well]
        return await faults.status(200, [*rows, *rows[9:10], [None, "1", "1", "1", "1", "1"]])(request, well)

    store = Store(tmp_path)
    async with exchange_server() as server:
        server.faults.append(spoilt)
        got = await collect(wish(server), store, NOW, quiet)
        assert times_of(got.primary) == hours_between(LISTED, LAST)  # the rows were sound when asked again
        assert server.count("klines") == 4
        store.remove(PRIMARY)
        server.always["klines"] = spoilt
        got = await collect(wish(server, end=iso(LISTED + DAY)), store, NOW, quiet)
    assert times_of(got.primary) == sorted(set(hours_between(LISTED, LISTED + DAY)) - set(worse))
    assert np.isfinite(got.primary.frame.to_numpy(dtype=float)).all()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (["100", "90", "110", "100", "1"], "high below low"),
        (["100", "110", "90", "100", "-1"], "negative volume"),
        (["-1", "2", "-2", "1", "1"], "price not above 0"),
        ([None, "2", "1", "1", "1"], "not a number"),
    ],
)
async def test_rows_that_are_all_impossible_are_told_with_their_number_and_reason(tmp_path, row, why):
    async def spoilt(request, well):
        return await faults.status(200, [[each[0], *row] for each in well])(request, well)

    async with exchange_server() as server:
        server.always["klines"] = spoilt
        with pytest.raises(ChangeSettingsError) as caught:
            await collect(wish(server, end=iso(LISTED + DAY)), Store(tmp_path), NOW, quiet)
    assert "48 rows came" in caught.value.reason  # 24, which were asked for once more
    assert "all rejected" in caught.value.reason
    assert why in caught.value.reason


async def test_one_source_down_fails_the_run_or_is_left_out(tmp_path):
    store, events = Store(tmp_path), []
    async with exchange_server() as server:
        server.always["fundingRate"] = faults.status(500)
        with pytest.raises(TryAgainError, match="funding"):
            await collect(everything(server), store, NOW, events.append)
        got = await collect(everything(server, when_source_fails="go-on"), store, NOW, events.append)
        assert [other.name for other in got.others] == ["open_interest", "second_close", "second_volume"]
        assert any(FUNDING in note.text and "goes on without it" in note.text for note in got.notes)
        assert ("failed", FUNDING) in {(event.get("state"), event.get("series")) for event in events}
        # What was stored before the source went down is used.
        server.always.clear()
        await collect(everything(server), store, NOW, quiet)
        server.always["fundingRate"] = faults.status(500)
        later = everything(server, when_source_fails="go-on")
        got = await collect(later, store, NOW + 9 * HOUR, quiet)
        assert any("what was stored before" in note.text for note in got.notes)
        assert got.others[0].name == "funding"


async def test_the_primarys_failure_always_fails_and_names_the_reason(tmp_path):
    async with exchange_server() as server:
        wrong = everything(server, symbol="BTC/USD", when_source_fails="go-on")
        with pytest.raises(ChangeSettingsError, match=r"Near: .*BTC/USDT"):
            await collect(wrong, Store(tmp_path), NOW, quiet)
        with pytest.raises(ChangeSettingsError, match="nothing of it"):
            await collect(wish(server, start="2015-01-01", end="2015-02-01"), Store(tmp_path), NOW, quiet)
        with pytest.raises(ChangeSettingsError, match="binance"):
            await collect(wish(server, exchange="binanse"), Store(tmp_path), NOW, quiet)


async def test_open_interest_older_than_the_exchange_keeps_is_absent(tmp_path):
    store = Store(tmp_path)
    async with exchange_server() as server:
        old = {"start": iso(LAST - 100 * DAY), "end": iso(LAST - 50 * DAY), "open_interest": True}
        got = await collect(wish(server, **old, when_source_fails="go-on"), store, NOW, quiet)
        assert server.count("openInterestHist") == 0
        assert got.others == []
        assert any(INTEREST in note.text for note in got.notes)
        with pytest.raises(ChangeSettingsError, match="open_interest"):
            await collect(wish(server, **old), store, NOW, quiet)


async def test_funding_is_asked_for_once_and_then_from_the_last_stamp(tmp_path):
    store = Store(tmp_path)
    async with exchange_server() as server:
        settings = {"funding": True, "end": iso(LAST - 3 * DAY)}
        await collect(wish(server, **settings), store, NOW, quiet)
        assert server.count("fundingRate") == 1
        server.asked.clear()
        await collect(wish(server, **settings), store, NOW, quiet)
        assert server.asked == []
        server.now = NOW + 8 * HOUR
        await collect(wish(server, funding=True), store, NOW + 8 * HOUR, quiet)
        assert server.count("fundingRate") == 1
        stamps = times_of(store.read(FUNDING))
        assert stamps == list(range(stamps[0], NOW + 8 * HOUR, 8 * HOUR))


async def test_two_updates_of_one_series_the_second_is_refused(tmp_path):
    store = Store(tmp_path)
    async with exchange_server() as server:
        results = await asyncio.gather(
            *(collect(wish(server), Store(tmp_path), NOW, quiet) for _ in range(2)), return_exceptions=True
        )
        refused = [result for result in results if isinstance(result, TryAgainError)]
        assert len(refused) == 1
        assert "another run" in refused[0].reason
        assert times_of(store.read(PRIMARY)) == hours_between(LISTED, LAST)


def test_a_full_disk_fails_with_the_reason_and_leaves_the_series_whole(tmp_path):
    code = (
        "import asyncio, resource, signal, sys, pathlib\n"
        "from tests.data.test_collect import collect, exchange_server, wish, Store, iso, quiet\n"
        "from tests.data.test_collect import NOW, LAST, HOUR\n"
        "from engine.errors import MakeRoomError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "async def main(store):\n"
        "    async with exchange_server() as server:\n"
        "        await collect(wish(server, start=iso(LAST - 50 * HOUR)), store, NOW, quiet)\n"
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (15_000, 15_000))\n"
        "        try: await collect(wish(server), store, NOW, quiet)\n"
        "        except MakeRoomError as error: print(error)\n"
        "asyncio.run(main(Store(pathlib.Path(sys.argv[1]))))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "File too large" in run.stdout
    assert times_of(Store(tmp_path).read(PRIMARY)) == hours_between(LAST - 50 * HOUR, LAST)


def stored_series(store, hours=100):
    times = np.arange(LISTED, LISTED + hours * HOUR, HOUR)
    columns = {name: np.full(hours, 5.0) for name in ("open", "high", "low", "close", "volume")}
    frame = time_frame(times, columns)
    store.write(Series("mine", "candles", "file", "BTC/USDT", "1h", simulated=False, frame=frame))


def time_frame(times, columns):
    import pandas as pd

    return pd.DataFrame(columns, index=time_index(times)).assign(flag=np.uint8(0))


async def test_a_stored_series_is_the_primary_cut_to_the_range(tmp_path):
    store = Store(tmp_path)
    stored_series(store)
    start = iso(LISTED + 10 * HOUR)
    got = await collect(Data(series="mine", start=start, end=iso(LISTED + 30 * HOUR)), store, NOW, quiet)
    assert times_of(got.primary) == hours_between(LISTED + 10 * HOUR, LISTED + 30 * HOUR)
    assert "20 of its 100 candles" in got.notes[0].text
    with pytest.raises(ChangeSettingsError, match="mine"):
        await collect(Data(series="mime", start=start), store, NOW, quiet)
    with pytest.raises(ChangeSettingsError, match=r"data\.timeframe=1h"):
        await collect(Data(series="mine", timeframe="5m", start=start), store, NOW, quiet)
    with pytest.raises(ChangeSettingsError, match="has no candle in the range"):
        await collect(Data(series="mine", start="2026-01-01"), store, NOW, quiet)
    with pytest.raises(ChangeSettingsError, match="simulated and real"):
        await collect(Data(series="mine", start=start, exchange="demo", funding=True), store, NOW, quiet)
    async with exchange_server() as server:
        got = await collect(wish(server, series="mine", funding=True), store, NOW, quiet)
        assert server.count("klines") == 0
        stamps = milliseconds(got.others[0].frame.index)
        assert stamps[-1] <= LISTED + 100 * HOUR


def test_the_plan_is_made_of_settings_and_now():
    data = Data(start="2023-01-01T00:30", end="2023-01-02T05:59", funding=True, open_interest=True)
    start, end = span_of(data, NOW)
    assert (iso(start)[:16], iso(end)[:16]) == ("2023-01-01T01:00", "2023-01-02T05:00")
    primary, funding, interest = sources_of(data, Demo(), (start, end))
    assert primary == Source(
        "candles", "candles", "binance", "binance", "BTC/USDT", "1h", (start, end), simulated=False
    )
    assert (primary.name, funding.name, interest.name) == (PRIMARY, FUNDING, INTEREST)
    assert funding.wanted == (start - 12 * HOUR, end + 1)
    assert interest.wanted == (start - 6 * HOUR - 5 * 60_000, end + 1)
    assert span_of(Data(start="2023-01-01"), NOW)[1] == LAST
    with pytest.raises(ChangeSettingsError, match="no complete candle"):
        span_of(Data(start=iso(NOW)), NOW)
    with pytest.raises(ChangeSettingsError, match="primary itself"):
        sources_of(Data(second_exchange="binance"), Demo(), (0, HOUR))
    with pytest.raises(ChangeSettingsError, match="simulated"):
        sources_of(Data(funding=True, perpetual_exchange="demo"), Demo(), (0, HOUR))
    names = [
        source.name for source in sources_of(Data(exchange="demo", second_exchange="any"), Demo(), (0, HOUR))
    ]
    assert names == ["demo-7-0.05-1h_BTC-USDT_1h_candles", "demo-7-0.05-1h-second_BTC-USDT_1h_candles"]
    assert joined(((0, 2), (5, 6), (9, 20), (21, 22)), 10) == [(0, 6), (9, 20), (21, 22)]


async def test_three_years_from_the_simulated_exchange_and_an_hour_later_one_page(tmp_path):
    store, start = Store(tmp_path), LAST - 3 * 365 * DAY
    data = Data(
        exchange="demo", start=iso(start), funding=True, open_interest=True, second_exchange="any",
        when_source_fails="go-on",
    )  # fmt: skip
    async with demo_exchange(7, 0.05, "1h", NOW) as demo:
        got = await collect(data, store, NOW, quiet, Demo(), demo.url)
        assert times_of(got.primary) == hours_between(start, LAST)
        assert len(got.primary.frame) == 26_280
        assert got.simulated
        assert got.primary.simulated
        assert [other.name for other in got.others] == [
            "funding",
            "open_interest",
            "second_close",
            "second_volume",
        ]
        assert len(got.others[0].frame) == 3 * 365 * 3 + 1
        assert demo.requests["/api/v3/klines"] == demo.requests["/second/api/v3/klines"] == 27
        assert demo.requests["/fapi/v1/fundingRate"] == 4
        assert demo.requests["/futures/data/openInterestHist"] == 2
        demo.requests.clear()
        demo.now_ms = NOW + HOUR
        later = await collect(data, store, NOW + HOUR, quiet, Demo(), demo.url)
        assert times_of(later.primary) == hours_between(start, LAST + HOUR)
        assert demo.requests["/api/v3/klines"] == demo.requests["/second/api/v3/klines"] == 1


async def test_the_simulated_exchange_runs_inside_and_its_markets_do_not_mix(tmp_path):
    store, data = Store(tmp_path), Data(exchange="demo", start=iso(LAST - 200 * HOUR))
    first = await collect(data, store, NOW, quiet, Demo(seed=1))
    again = await collect(data, store, NOW, quiet, Demo(seed=1))
    other = await collect(data, store, NOW, quiet, Demo(seed=2))
    assert first.primary.frame.equals(again.primary.frame)
    assert not first.primary.frame.equals(other.primary.frame)
    assert store.names() == ["demo-1-0.05-1h_BTC-USDT_1h_candles", "demo-2-0.05-1h_BTC-USDT_1h_candles"]
    with pytest.raises(ChangeSettingsError, match="Near: BTC/USDT"):
        await collect(Data(exchange="demo", symbol="BTC/EUR"), store, NOW, quiet)


async def test_what_was_absent_is_asked_for_again_only_on_request(tmp_path):
    store, lacks = Store(tmp_path), {LISTED + 10 * HOUR, LISTED + 11 * HOUR}
    async with exchange_server(lacks=lacks) as server:
        await collect(wish(server), store, NOW, quiet)
        server.lacks = set()
        server.asked.clear()
        await collect(wish(server), store, NOW, quiet)
        assert server.asked == []
        got = await collect(wish(server, refetch=True), store, NOW, quiet)
        assert times_of(got.primary) == hours_between(LISTED, LAST)
        assert klines_asked(server)[0]["startTime"] == str(LISTED + 10 * HOUR)
        assert server.count("klines") == 1
        assert store.facts(PRIMARY).absent == ()


async def test_a_reader_during_an_update_sees_the_old_version_whole(tmp_path):
    store, seen = Store(tmp_path), []

    def emit(event):
        if event.get("state") == "page":
            seen.append(times_of(Store(tmp_path).read(PRIMARY)))

    async with exchange_server() as server:
        await collect(wish(server, start=iso(LAST - 300 * HOUR)), store, NOW, quiet)
        await collect(wish(server), store, NOW, emit)
    assert seen == [hours_between(LAST - 300 * HOUR, LAST)] * 3
    assert times_of(store.read(PRIMARY)) == hours_between(LISTED, LAST)


def test_a_folder_that_may_not_be_written_is_told():
    code = (
        "import asyncio, os, pathlib, sys\n"
        "from tests.data.test_collect import collect, exchange_server, wish, Store, quiet, NOW\n"
        "from engine.errors import MakeRoomError\n"
        "import ccxt.async_support.binance, pyarrow.parquet\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "store.folder.chmod(0o555)\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "async def main():\n"
        "    async with exchange_server() as server:\n"
        "        try: await collect(wish(server), store, NOW, quiet)\n"
        "        except MakeRoomError as error: print(error.reason, '|', error.remedy)\n"
        "asyncio.run(main())\n"
    )
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to other users
        Path(folder).chmod(0o755)
        run = subprocess.run(
            [sys.executable, "-c", code, f"{folder}/data"],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            check=False,
        )
        assert list(Path(folder, "data").iterdir()) == []
    assert run.stdout == "cannot be written: Permission denied | Allow writing there\n", run.stderr


async def test_minutes_of_a_file_become_the_hours_of_a_run(tmp_path):
    store = Store(tmp_path)
    times = np.arange(LISTED - 30 * 60_000, LISTED + 5 * HOUR + 20 * 60_000, 60_000)
    values = {name: np.full(len(times), 5.0) for name in ("open", "high", "low", "close", "volume")}
    store.write(
        Series("mine", "candles", "", "BTC/USDT", "1m", simulated=False, frame=time_frame(times, values))
    )
    alone = await collect(Data(series="mine"), store, NOW, quiet)
    assert (alone.primary.timeframe, len(alone.primary.frame)) == ("1m", len(times))
    got = await collect(Data(series="mine", timeframe="1h"), store, NOW, quiet)
    assert times_of(got.primary) == hours_between(LISTED, LISTED + 5 * HOUR)
    assert got.primary.timeframe == "1h"
    assert (got.primary.frame["volume"] == 300.0).all()
    assert any("5 candles of 1h made of 1m ones; 50 of those" in note.text for note in got.notes)


def test_kill_9_at_random_moments_of_an_update_of_several_series():
    """A few of them; `python -m soak.data_kills` makes 200."""
    run = subprocess.run(
        [sys.executable, "-m", "soak.data_kills", "3"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "equal to the undisturbed store 3 of 3" in run.stdout
