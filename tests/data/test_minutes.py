"""A long series of minutes: pages of the load and of the update after it, and what stays of a repetition."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compat.ccxt_exchange import exchange_class, quick
from engine.data.collect import collect
from engine.data.store import Store
from engine.market.candles import CONFLICT, milliseconds, position
from engine.settings import Data
from tests.data.exchanges.binance import Binance
from tests.data.exchanges.server import NOW, serving

MINUTE = 60_000
NAME = "binance_BTC-USDT_1m_candles"
FIRST = (NOW // MINUTE - 20_500) * MINUTE


@dataclass
class Minutes(Binance):
    """Binance with a candle a minute."""

    def klines(self, request):
        start = -(-max(int(request.query["startTime"]), FIRST) // MINUTE) * MINUTE
        times = range(start, self.now, MINUTE)[: min(int(request.query["limit"]), 1000)]
        return [[time, "100", "102", "99", f"{100 + time // MINUTE % 9 / 10}", "5"] for time in times]


async def imported(server, store, now_ms):
    """Bring the store up to date; how many pages that took, and the series."""
    server.now, before = now_ms, server.candles_asked
    start = str(np.datetime64(FIRST, "ms"))
    data = Data(endpoint=server.url, start=start, timeframe="1m", retries=2, timeout=20.0)
    got = await collect(data, store, now_ms, lambda _: None)
    return server.candles_asked - before, got.primary


async def test_the_update_after_a_load_of_minutes_asks_for_one_page(tmp_path):
    store = Store(tmp_path)
    async with serving(Minutes()) as server:
        pages, series = await imported(server, store, NOW)
        assert (pages, len(series.frame)) == (21, 20_500)
        for later in (1, 999, 1999):
            pages, series = await imported(server, store, NOW + later * MINUTE)
            assert (pages, len(series.frame)) == (1, 20_500 + later)
        assert (await imported(server, store, NOW + 1999 * MINUTE))[0] == 0
        whole = Store(tmp_path / "whole")
        await imported(server, whole, NOW + 1999 * MINUTE)
    pieces, at_once = (folder / f"{NAME}.parquet" for folder in (store.folder, whole.folder))
    assert pieces.read_bytes() == at_once.read_bytes()


async def test_the_mark_of_a_conflict_outlives_updates(tmp_path):
    store = Store(tmp_path)
    async with serving(Minutes()) as server:
        _, series = await imported(server, store, NOW)
        frame = series.frame.copy()
        frame.iloc[[0, 7, -1], frame.columns.get_loc("flag")] |= CONFLICT
        store.write(type(series)(**{**vars(store.facts(NAME)), "frame": frame}))
        _, series = await imported(server, store, NOW + 5 * MINUTE)
    assert np.flatnonzero(series.frame["flag"] & CONFLICT).tolist() == [0, 7, 20_499]
    assert milliseconds(series.frame.index)[-1] == (NOW // MINUTE + 4) * MINUTE


@given(st.sets(st.integers(0, 30)), st.lists(st.integers(-2, 32)))
def test_position_is_where_a_time_stands(rising, times):
    rising = sorted(rising)
    at = position(np.array(rising, np.int64), np.array(times, np.int64))
    assert at.tolist() == [rising.index(time) if time in rising else -1 for time in times]


TEXTS = st.sampled_from(["1.5", "0", "", "x", "nan", "1e400", " 7 ", None, 3, 2.5, True, [1], {"a": 1}])


@pytest.mark.parametrize("kind", [list, dict])
@given(data=st.data())
def test_numbers_are_read_as_ccxt_reads_them(kind, data):
    cells = data.draw(st.lists(TEXTS, max_size=3))
    row = cells if kind is list else {str(place): cell for place, cell in enumerate(cells)}
    plain = exchange_class("binance")
    ours, theirs = quick(plain).__new__(quick(plain)), plain.__new__(plain)
    keys = [0, 1, 2, -1] if kind is list else ["0", "1", "2", "no"]
    first, second = data.draw(st.sampled_from(keys)), data.draw(st.sampled_from(keys))
    assert repr(ours.safe_number(row, first)) == repr(theirs.safe_number(row, first))
    read = theirs.safe_number_2(row, first, second, 9)
    assert repr(ours.safe_number_2(row, first, second, 9)) == repr(read)
