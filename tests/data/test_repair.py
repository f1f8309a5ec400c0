"""data repair: found, repaired by the policy, marked, and put back byte for byte."""

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as chosen_settings
from hypothesis import strategies as st

from engine.data import repair
from engine.data.collect import collect
from engine.data.importing.files import import_file
from engine.data.store import Series, Store
from engine.errors import ChangeSettingsError, MakeRoomError, TryAgainError
from engine.market.calendar import Calendar
from engine.market.candles import CONFLICT, FILLED, OHLCV, TAKEN, check, check_again, milliseconds
from engine.results.series import Repaired, RepairReport, StoreStatus, UndoReport
from engine.runs.requests import ask
from engine.settings import Data, Repair
from tests.data.exchanges.binance import exchange_server
from tests.data.exchanges.server import NOW
from tests.market.test_imputation import HOUR, START, market, without

ROOT = Path(__file__).parents[2]
NAME = "binance_BTC-USDT_1h_candles"
LATER = 10**13
LISTED = NOW // HOUR * HOUR - 300 * HOUR


def store_series(store, frame, name="mine", **facts):
    """Store candles as an import does."""
    again = "flag" in frame
    checked = check_again(frame, LATER, Calendar(HOUR)) if again else check(frame, HOUR, LATER)
    times = milliseconds(checked.frame.index)
    about = {
        "exchange": "",
        "symbol": "",
        "timeframe": "1h",
        "simulated": False,
        "report": checked.report.as_dict(),
    }
    about |= {"known": ((int(times[0]), int(times[-1]) + HOUR),), "absent": checked.report.gap_list, **facts}
    store.write(Series(name, "candles", frame=checked.frame, **about))


def repaired(store, name="mine", data=None, **policy):
    return asyncio.run(repair.repair(name, store, data or Data(), Repair(**policy), LATER, lambda _: None))


def content(store, name="mine"):
    return (store.folder / f"{name}.parquet").read_bytes()


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store_series(store, market(), "second")
    return store


def test_gaps_are_told_and_left_unless_the_policy_says_otherwise(store):
    store_series(store, without(market(), [5, 6, 50]))
    before = content(store)
    outcome = repaired(store)
    assert (outcome.found.gaps, outcome.found.missing) == (2, 3)
    assert outcome.done == Repaired(0, 0, 0)
    assert outcome.left.missing == 3
    assert content(store) == before


def test_gaps_from_the_second_source_carry_its_name_and_a_flag(store):
    store_series(store, without(market(), [5, 6, 50]))
    outcome = repaired(store, gaps="second", second="second")
    assert outcome.done == Repaired(0, 3, 0)
    assert outcome.left.missing == 0
    assert [each.bars for each in outcome.details] == [2, 1]
    series = store.read("mine")
    assert np.flatnonzero(series.frame["flag"] & TAKEN).tolist() == [5, 6, 50]
    rows = market()[list(OHLCV)].iloc[[5, 6, 50]]
    assert (series.frame[list(OHLCV)].iloc[[5, 6, 50]] == rows).all(axis=None)
    (record,) = series.repairs
    assert record["second"] == {"series": "second", "content": store.facts("second").content}
    assert (series.report["missing"], series.report["gaps"]) == (0, 0)
    assert series.absent == store.facts("mine").absent != ()  # the exchange still has none


def test_gaps_filled_flat_are_flagged_and_long_ones_stay(store):
    store_series(store, without(market(), [5, 6, *range(30, 40)]))
    outcome = repaired(store, gaps="fill", longest_fill=2)
    assert outcome.done.filled == 2
    assert outcome.left.missing == 10
    frame = store.read("mine").frame
    assert np.flatnonzero(frame["flag"] & FILLED).tolist() == [5, 6]
    assert (frame[["open", "high", "low", "close"]].iloc[5:7] == frame["close"].iloc[4]).all(axis=None)
    assert (frame["volume"].iloc[5:7] == 0).all()


def test_spikes_are_told_by_the_second_source(store):
    frame = market()
    frame.iloc[20, 1] *= 3  # a high that nobody else saw
    frame.iloc[60, 2] *= 0.9  # too small for the rule that looks at neighbours alone
    second = market()
    second.iloc[90, 1] *= 3  # the second source's own fault
    for each in (frame, second):
        each.iloc[100, 1] *= 3  # both saw it: it happened
    store_series(store, second, "second")
    store_series(store, frame)
    outcome = repaired(store, second="second")
    assert (outcome.found.spikes, outcome.found.confirmed) == (2, 1)
    assert repaired(store).found.spikes == 2  # 20 and 100: without a witness the rule alone
    outcome = repaired(store, second="second", spikes="second")
    assert (outcome.done.taken, outcome.left.spikes) == (2, 0)
    after = store.read("mine").frame
    assert np.flatnonzero(after["flag"] & TAKEN).tolist() == [20, 60]
    assert after["high"].iloc[20] == second["high"].iloc[20]
    assert after["high"].iloc[100] == frame["high"].iloc[100]


def test_what_the_exchange_sends_again_replaces_and_is_known(tmp_path):
    store, lacks = Store(tmp_path), {LISTED + 10 * HOUR, LISTED + 11 * HOUR, LISTED + 200 * HOUR}

    async def run():
        async with exchange_server(listed=LISTED, lacks=set(lacks)) as server:
            data = Data(endpoint=server.url, start=str(np.datetime64(LISTED, "ms")), retries=2, timeout=5.0)
            await collect(data, store, NOW, lambda _: None)
            series = store.read(NAME)
            spoilt = series.frame.copy()
            spoilt.iloc[50, spoilt.columns.get_loc("high")] *= 5
            spoilt.iloc[70, spoilt.columns.get_loc("flag")] |= CONFLICT
            store.write(repair.reported_again(series, spoilt, NOW))
            before = content(store, NAME)
            server.lacks.clear()
            policy = Repair(gaps="refetch", spikes="refetch", conflicts="refetch")
            outcome = await repair.repair(NAME, store, data, policy, NOW, lambda _: None)
            assert outcome.done == Repaired(5, 0, 0)
            assert (outcome.left.missing, outcome.left.spikes, outcome.left.conflicts) == (0, 0, 0)
            facts = store.facts(NAME)
            assert (facts.absent, facts.known) == ((), ((LISTED, NOW // HOUR * HOUR),))
            server.asked.clear()
            await collect(data, store, NOW, lambda _: None)
            assert server.asked == []
            repaired = store.read(NAME).frame
            clean = Store(tmp_path / "clean")
            await collect(data, clean, NOW, lambda _: None)
            assert repaired.equals(clean.read(NAME).frame)
            repair.undo(NAME, store, NOW)
            assert content(store, NAME) == before

    asyncio.run(run())


def test_the_exchanges_own_candle_takes_the_place_of_a_repaired_one(tmp_path):
    store, lacks = Store(tmp_path), {LISTED + 10 * HOUR, LISTED + 11 * HOUR}

    async def run():
        async with exchange_server(listed=LISTED, lacks=lacks) as server:
            data = Data(endpoint=server.url, start=str(np.datetime64(LISTED, "ms")), retries=2, timeout=5.0)
            await collect(data, store, NOW, lambda _: None)
            await repair.repair(NAME, store, data, Repair(gaps="fill"), NOW, lambda _: None)
            server.asked.clear()
            await collect(data, store, NOW, lambda _: None)
            assert server.asked == []  # a flat candle is no reason to ask, nor does it hide what is absent
            server.lacks = {LISTED + 11 * HOUR}
            again = data.model_copy(update={"refetch": True})
            await collect(again, store, NOW + HOUR, lambda _: None)
            series = store.read(NAME)
            assert np.flatnonzero(series.frame["flag"] & FILLED).tolist() == [11]
            assert series.absent == ((LISTED + 11 * HOUR, LISTED + 12 * HOUR),)
            repair.undo(NAME, store, NOW + HOUR)
            clean = Store(tmp_path / "clean")
            await collect(data, clean, NOW + HOUR, lambda _: None)
            repaired = store.read(NAME)
            assert repaired.frame.equals(clean.read(NAME).frame[: len(repaired.frame)])
            assert repaired.absent == series.absent

    asyncio.run(run())


FAULTS = st.lists(st.tuples(st.sampled_from(["gap", "spike", "conflict"]), st.integers(1, 118)), max_size=12)
HOW = st.sampled_from(["leave", "second", "fill"])


@chosen_settings(max_examples=40, deadline=None)
@given(FAULTS, st.lists(st.tuples(HOW, HOW, HOW), min_size=1, max_size=3))
def test_whatever_was_repaired_is_put_back_byte_for_byte(tmp_path_factory, faults, policies):
    store = Store(tmp_path_factory.mktemp("store"))
    store_series(store, market(seed=2), "second")
    frame = check(market(), HOUR, LATER).frame.copy()
    for kind, row in faults:
        if kind == "spike":
            frame.iloc[row, 1] *= 4
        if kind == "conflict":
            frame.iloc[row, 5] |= CONFLICT
    store_series(store, without(frame, {row for kind, row in faults if kind == "gap"}))
    versions = [content(store)]
    for gaps, spikes, conflicts in policies:
        outcome = repaired(store, second="second", gaps=gaps, spikes=spikes, conflicts=conflicts)
        if outcome.done != Repaired():
            versions.append(content(store))
        marked = np.count_nonzero(store.read("mine").frame["flag"] & (FILLED | TAKEN))
        assert marked >= outcome.done.refetched + outcome.done.taken + outcome.done.filled
    assert len(store.facts("mine").repairs) == len(versions) - 1
    for version in reversed(versions[:-1]):
        repair.undo("mine", store, LATER)
        assert content(store) == version
    with pytest.raises(ChangeSettingsError, match="no repair to undo"):
        repair.undo("mine", store, LATER)


def test_an_imported_file_is_repaired_and_put_back(store, tmp_path):
    frame = without(market(), [5, 6])
    frame.to_csv(tmp_path / "own.csv", date_format="%Y-%m-%dT%H:%M:%SZ", index_label="time")
    import_file(tmp_path / "own.csv", store, now_ms=LATER)
    before = content(store, "own")
    assert repaired(store, "own", gaps="second", second="second").done.taken == 2
    repair.undo("own", store, LATER)
    assert content(store, "own") == before


def test_a_clock_that_was_set_back_costs_no_candle(store):
    store_series(store, without(market(), [5, 6]))
    policy = Repair(gaps="fill")
    outcome = asyncio.run(repair.repair("mine", store, Data(), policy, START, lambda _: None))
    assert (outcome.rows, outcome.done.filled) == (120, 2)
    assert repair.undo("mine", store, START).rows == 118


def test_the_engine_answers_and_takes_back(tmp_path):
    store = Store(tmp_path / "data")
    store_series(store, market(), "second")
    store_series(store, without(market(), [5, 6]))
    before = content(store)
    request = {"do": "data.repair", "home": str(tmp_path), "series": "mine"}
    policy = {"gaps": "second", "second": "second"}
    outcome = ask({**request, "settings": {"repair": policy}}, RepairReport)
    assert outcome.done.taken == 2
    (stored, *_) = ask({"do": "data.status", "home": str(tmp_path)}, StoreStatus).series
    assert stored.repairs[0].rows["taken"] == 2
    assert ask({**request, "undo": True}, UndoReport).removed == 2
    assert content(store) == before
    with pytest.raises(ChangeSettingsError, match="no repair to undo"):
        ask({**request, "undo": True}, UndoReport)


class TestRefused:
    def refusal(self, store, reason, name="mine", **policy):
        before = {each: content(store, each) for each in store.names()}
        with pytest.raises(ChangeSettingsError, match=reason):
            repaired(store, name, **policy)
        assert before == {each: content(store, each) for each in store.names()}

    def test_a_policy_that_cannot_be_carried_out(self, store):
        store_series(store, without(market(), [5]))
        store_series(store, market(), "simulated", simulated=True)
        store_series(store, market(), "minutes", timeframe="1m")
        self.refusal(store, "imported from a file", gaps="refetch")
        self.refusal(store, "names no series", gaps="second")
        self.refusal(store, "is the series itself", second="mine")
        self.refusal(store, "do not go together", second="simulated")
        self.refusal(store, "not candles of 1h", second="minutes")
        self.refusal(store, "not in the store", second="nobody")
        store_series(store, without(market(), [5]), simulated=True)
        self.refusal(store, "is simulated: nobody", gaps="refetch")

    def test_a_second_source_that_is_another_market(self, store):
        rng = np.random.default_rng(1)
        other = market(20_000)
        store_series(store, other, "second")
        noise = np.exp(np.cumsum(rng.normal(0, 0.2, len(other))))[:, None]
        mine = other.copy()
        mine[["open", "high", "low", "close"]] *= noise
        store_series(store, mine)
        self.refusal(store, "would be replaced", second="second", spikes="second")

    def test_values(self, store):
        frame = market()[["close"]].rename(columns={"close": "value"})
        frame = frame.assign(available_at=frame.index)
        store.write(Series("rate", "funding", "", "", "8h", simulated=False, frame=frame))
        self.refusal(store, "holds funding", name="rate")

    def test_while_another_run_writes_it(self, store):
        store_series(store, without(market(), [5]))
        with store.locked("mine"), pytest.raises(TryAgainError):
            repaired(store, gaps="fill")


PROCESS = """
import asyncio, resource, signal, sys
from pathlib import Path
from engine.settings import Data, Repair
from engine.data import repair as work
from engine.data.store import Store
if sys.argv[2] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store, policy = Store(Path(sys.argv[1])), Repair(gaps="second", second="second")
print("ready", flush=True)
while True:
    try:
        asyncio.run(work.repair("mine", store, Data(), policy, 10**13, print))
    except Exception as error:
        print(type(error).__name__, flush=True)
        break
    work.undo("mine", store, 10**13)
"""


def process(store, how):
    command = [sys.executable, "-c", PROCESS, str(store.folder), how]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_kill_9_leaves_the_series_repaired_or_as_it_was(store):
    pick = random.Random(5)
    store_series(store, market(5000), "second")
    store_series(store, without(market(5000), [5, 6, *range(3000, 3100)]))
    before = content(store)
    repaired(store, gaps="second", second="second")
    after = content(store)
    for _ in range(6):
        with process(store, "kill") as worker:
            assert worker.stdout.readline() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                worker.wait(timeout=pick.uniform(0.02, 0.2))
            worker.send_signal(signal.SIGKILL)
        now = store.read("mine")
        assert content(store) in (before, after)
        if now.repairs:
            repair.undo("mine", store, LATER)
        assert content(store) == before


def test_a_full_disk_leaves_the_series_as_it_was(store):
    store_series(store, without(market(), [5, 6]))
    before = content(store)
    with process(store, "full") as worker:
        assert worker.stdout.read().splitlines()[-1] == MakeRoomError.__name__
    assert content(store) == before
    assert not list(store.folder.glob(".part-*"))
