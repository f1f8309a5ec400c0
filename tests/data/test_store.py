"""The store: whole files, facts that match their rows, damage told, one writer at a time."""

import dataclasses
import hashlib
import json
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import store as store_module
from engine.data.store import Series, Store, series_name
from engine.errors import ChangeSettingsError, InternalError, MakeRoomError, RepairDataError, TryAgainError
from engine.market.candles import OHLCV, time_index
from engine.settings import SERIES_NAME
from tests.ordinary_user import ordinary_user

HOUR = 3_600_000
START = 1_600_000_000_000 - 1_600_000_000_000 % HOUR
ROOT = Path(__file__).parents[2]


def candles(rows, seed=0):
    rng = np.random.default_rng(seed)
    data = dict(zip(OHLCV, rng.uniform(1, 2, (5, rows)), strict=True))
    flag = rng.integers(0, 16, rows).astype(np.uint8)
    return pd.DataFrame({**data, "flag": flag}, index=time_index(START + HOUR * np.arange(rows)))


def values(rows):
    times = START + 8 * HOUR * np.arange(rows) + 7
    data = {"value": np.linspace(-1e-4, 1e-4, rows), "available_at": time_index(times + 1000)}
    return pd.DataFrame(data, index=time_index(times))


def series(frame, name="binance_BTC-USDT_1h_candles", kind="candles", **more):
    about = {
        "exchange": "binance",
        "symbol": "BTC/USDT",
        "timeframe": "1h",
        "simulated": False,
        "known": ((START, START + 10 * HOUR),),
        "absent": ((START, START + HOUR),),
        "origin": {"endpoint": "", "pages": [1, 2]},
        "report": {"rows_read": 12},
    }
    return Series(name=name, kind=kind, frame=frame, **{**about, **more})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data")


class TestRoundTrip:
    @pytest.mark.parametrize(
        ("kind", "frame"), [("candles", candles(50)), ("funding", values(50)), ("values", values(0))]
    )
    def test_what_is_written_is_read(self, store, kind, frame):
        written = series(frame, "a_series", kind, simulated=True)
        facts = store.write(written)
        read = store.read("a_series")
        pd.testing.assert_frame_equal(read.frame, frame, check_freq=False)
        assert read.frame.index.dtype == "datetime64[ms, UTC]"
        for field in (
            "name",
            "kind",
            "exchange",
            "symbol",
            "timeframe",
            "simulated",
            "known",
            "absent",
            "origin",
            "report",
        ):
            assert getattr(read, field) == getattr(written, field) == getattr(store.facts("a_series"), field)
        assert store.facts("a_series") == facts
        assert facts.rows == len(frame)

    def test_facts_tell_the_span_and_the_content(self, store):
        facts = store.write(series(candles(50)))
        assert (facts.first_ms, facts.last_ms) == (START, START + 49 * HOUR)
        other = candles(50)
        other.iloc[7, 2] = np.nextafter(other.iloc[7, 2], 9)
        assert store.write(series(other)).content != facts.content
        assert store.write(series(candles(50))).content == facts.content

    def test_the_same_series_gives_the_same_bytes(self, store):
        path = store.folder / "binance_BTC-USDT_1h_candles.parquet"
        store.write(series(candles(1000), origin={"a": 1, "b": 2}))
        first = path.read_bytes()
        store.write(series(candles(1000).copy(), origin={"b": 2, "a": 1}))
        assert path.read_bytes() == first

    def test_ranges_are_stored_in_order_and_joined(self, store):
        facts = store.write(
            series(candles(5), known=((20, 30), (0, 10), (10, 15)), absent=[(np.int64(3), np.int64(4))])
        )
        assert facts.known == ((0, 15), (20, 30))
        assert store.facts(facts.name).absent == ((3, 4),)

    def test_names_and_remove(self, store):
        assert store.names() == []
        for name in ("b", "a"):
            store.write(series(candles(3), name))
        (store.folder / "notes.txt").write_text("mine")
        (store.folder / ".part-12345678-c.parquet").write_text("left over")
        assert store.names() == ["a", "b"]
        store.remove("a")
        assert store.names() == ["b"]
        with pytest.raises(ChangeSettingsError, match="is not in the store"):
            store.remove("a")

    def test_a_new_version_replaces_the_old_while_a_reader_holds_it(self, store):
        store.write(series(candles(10)))
        with pq.ParquetFile(store.folder / "binance_BTC-USDT_1h_candles.parquet") as held:
            store.write(series(candles(20)))
            assert held.read().num_rows == 10
        assert len(store.read("binance_BTC-USDT_1h_candles").frame) == 20


ROWS = 3 * store_module.ROW_GROUP + 17


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("large"))
    frame = candles(ROWS)
    store.write(series(frame, "large"))
    return store, frame


class TestPartsOfASeries:
    @settings(max_examples=25, deadline=None)
    @given(start=st.integers(-5, ROWS + 5), length=st.integers(-3, ROWS), shift=st.integers(-1, 1))
    def test_a_time_range_is_the_slice(self, large, start, length, shift):
        store, frame = large
        from_ms, to_ms = START + start * HOUR + shift, START + (start + length) * HOUR + shift
        read = store.read("large", ["close", "flag"], from_ms, to_ms).frame
        times = START + HOUR * np.arange(ROWS)
        expected = frame.loc[(times >= from_ms) & (times < to_ms), ["close", "flag"]]
        pd.testing.assert_frame_equal(read, expected, check_freq=False)

    def test_open_ranges_and_no_columns(self, large):
        store, frame = large
        assert len(store.read("large", to_ms=START + HOUR).frame) == 1
        assert len(store.read("large", from_ms=START + HOUR).frame) == len(frame) - 1
        assert store.read("large", []).frame.shape == (len(frame), 0)

    def test_a_column_that_no_kind_has(self, large):
        with pytest.raises(InternalError, match="has no column funding"):
            large[0].read("large", ["funding"])


class TestRefusals:
    @pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a\x1b[2J", "x" * 101])
    def test_names_that_are_none(self, store, name):
        for action in (
            store.facts,
            store.read,
            store.remove,
            lambda name: store.write(series(candles(1), name)),
        ):
            with pytest.raises(ChangeSettingsError, match="is no name"):
                action(name)

    def test_a_name_that_is_near(self, store):
        store.write(series(candles(3), "Binance_BTCUSDT_1h"))
        with pytest.raises(ChangeSettingsError, match="Did you mean Binance_BTCUSDT_1h"):
            store.read("Binance_BTCUSD_1h")

    @pytest.mark.parametrize(
        "frame",
        [
            candles(5).iloc[::-1],
            candles(5).drop(columns="flag"),
            values(5),
            pd.concat([candles(2), candles(2)]),
        ],
    )
    def test_a_frame_that_breaks_its_kind(self, store, frame):
        with pytest.raises(InternalError):
            store.write(series(frame))
        assert store.names() == []

    def test_an_unknown_kind(self, store):
        with pytest.raises(InternalError, match="unknown kind"):
            store.write(series(values(3), kind="sentiment"))


class TestDamage:
    NAME = "binance_BTC-USDT_1h_candles"

    @pytest.fixture
    def path(self, store):
        store.write(series(candles(40)))
        return store.folder / f"{self.NAME}.parquet"

    def test_a_flipped_bit_is_told_or_harmless(self, store, path):
        whole, before = path.read_bytes(), store.read(self.NAME)
        pick = random.Random(5)
        refused = 0
        for at in sorted(pick.sample(range(len(whole)), 600)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << pick.randrange(8))]) + whole[at + 1 :])
            try:
                read = store.read(self.NAME)
            except RepairDataError as error:
                refused += bool(error.thing == str(path) and error.remedy)
            else:
                pd.testing.assert_frame_equal(read.frame, before.frame)
                assert vars(dataclasses.replace(read, frame=None)) == vars(
                    dataclasses.replace(before, frame=None)
                )
        assert refused > 300

    def test_a_cut_file_is_told(self, store, path):
        whole = path.read_bytes()
        for length in [*range(0, len(whole), 97), len(whole) - 1]:
            path.write_bytes(whole[:length])
            with pytest.raises(RepairDataError, match="is not a whole series file"):
                store.read(self.NAME)
            with pytest.raises(RepairDataError):
                store.facts(self.NAME)

    @pytest.mark.parametrize(
        "content", [b"", b"PAR1", b"<html>", b"\0" * 5000, b"PAR1" + b"x" * 100 + b"PAR1"]
    )
    def test_a_file_that_is_no_parquet(self, store, path, content):
        path.write_bytes(content)
        with pytest.raises(RepairDataError, match="is not a whole series file"):
            store.read(self.NAME)

    def test_a_parquet_file_of_somebody_else(self, store, path):
        pq.write_table(pa.table({"a": [1]}), path)
        with pytest.raises(RepairDataError, match="import it from there"):
            store.read(self.NAME)

    def rewrite(self, path, change):
        with pq.ParquetFile(path) as file:
            table, facts = file.read(), change(file.metadata.metadata[b"quantdeck"])
        digest = hashlib.sha256(facts).hexdigest()
        with pq.ParquetWriter(path, table.schema, store_schema=False) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata({"quantdeck": facts, "quantdeck.sha256": digest})

    def test_a_newer_schema_is_refused_with_a_remedy(self, store, path):
        self.rewrite(path, lambda facts: facts.replace(b'"schema":3', b'"schema":99'))
        with pytest.raises(ChangeSettingsError, match=r"schema 99; this one reads up to 3.*Update quantdeck"):
            store.facts(self.NAME)
        with store.locked(self.NAME), pytest.raises(ChangeSettingsError):
            store.read(self.NAME)

    def test_a_file_of_the_first_schema_is_read_whole_and_written_as_the_newest(self, store, path):
        before = store.read(self.NAME)
        new = path.read_bytes()
        self.rewrite(path, first_schema)
        assert b'"schema":1' in path.read_bytes()
        assert b"repairs" not in path.read_bytes()
        old = store.read(self.NAME)
        assert vars(store.facts(self.NAME)) | {"repairs": ()} == vars(store.facts(self.NAME))
        pd.testing.assert_frame_equal(old.frame, before.frame)
        assert {**vars(old), "frame": 0} == {**vars(before), "frame": 0}
        store.write(old)
        assert path.read_bytes() == new

    def test_facts_of_another_kind_or_length(self, store, path):
        self.rewrite(path, lambda facts: facts.replace(b'"candles"', b'"funding"'))
        with pytest.raises(RepairDataError, match="columns are not those of its kind"):
            store.facts(self.NAME)
        store.write(series(candles(40)))
        self.rewrite(path, lambda facts: facts.replace(b'"rows":40', b'"rows":41'))
        with pytest.raises(RepairDataError, match="holds 40 rows, not 41"):
            store.facts(self.NAME)

    def test_edited_facts(self, store, path):
        whole = path.read_bytes()
        assert b'"simulated":false' in whole
        path.write_bytes(whole.replace(b'"simulated":false', b'"simulated": true'))
        with pytest.raises(RepairDataError, match="do not match their hash"):
            store.facts(self.NAME)

    def test_a_damaged_series_can_be_written_anew(self, store, path):
        path.write_bytes(b"")
        store.write(series(candles(40)))
        assert store.facts(self.NAME).rows == 40


def first_schema(facts):
    """Facts as the first version of quantdeck wrote them."""
    document = json.loads(facts)
    document["schema"] = 1
    del document["repairs"], document["calendar"]
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def child(code, *arguments, **options):
    """A Python process with the store at hand, its lines read as they come."""
    prelude = """
        import sys, resource, signal
        from pathlib import Path
        from engine.errors import QuantdeckError
        from engine.data.store import Store
        from tests.data.test_store import candles, series
        store = Store(Path(sys.argv[1]))
    """
    program = textwrap.dedent(prelude) + textwrap.dedent(code)
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)


class TestProcesses:
    def test_kill_while_writing_leaves_a_whole_file(self, store):
        pick = random.Random(11)
        code = """
            frame = candles(20_000)
            for version in range(10**6):
                new = series(frame.assign(close=float(version)), "loop", origin={"version": version})
                with store.locked("loop"):
                    store.write(new)
                print(version, flush=True)
        """
        for _ in range(4):
            with child(code, store.folder) as writer:
                for _ in range(pick.randint(1, 6)):
                    assert writer.stdout.readline()
                read = store.read("loop")
                assert (read.frame["close"] == read.origin["version"]).all()
                with pytest.raises(subprocess.TimeoutExpired):
                    writer.wait(timeout=pick.uniform(0.001, 0.05))
                writer.send_signal(signal.SIGKILL)
            assert writer.returncode == -signal.SIGKILL
            read = store.read("loop")
            assert len(read.frame) == 20_000
            assert (read.frame["close"] == read.origin["version"]).all()
            assert store.names() == ["loop"]
            with store.locked("loop"):  # the kernel let go of the dead writer's lock, and its part is swept
                assert not list(store.folder.glob(".part-*"))

    def test_a_second_writer_is_refused_until_the_first_is_gone(self, store):
        code = """
            with store.locked("held"):
                print("holding", flush=True)
                signal.pause()
        """
        with child(code, store.folder) as holder:
            assert holder.stdout.readline() == "holding\n"
            with pytest.raises(TryAgainError, match="series held"), store.locked("held"):
                pass
            with store.locked("another"):
                store.write(series(candles(3), "another"))
            holder.kill()
        with store.locked("held"), pytest.raises(TryAgainError), store.locked("held"):
            pass
        with store.locked("held"):
            pass

    def test_a_full_disk_leaves_the_old_version(self, store):
        store.write(series(candles(100), "full"))
        code = """
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            try:
                store.write(series(candles(20_000), "full"))
            except QuantdeckError as error:
                print(type(error).__name__, error.thing, error.reason)
        """
        with child(code, store.folder) as writer:
            said = writer.stdout.read()
        assert said.startswith(f"MakeRoomError {store.folder / 'full.parquet'} cannot be written")
        assert len(store.read("full").frame) == 100
        assert not list(store.folder.glob(".part-*"))


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MakeRoomError):
        Store(tmp_path / "file" / "data")


def test_a_folder_that_may_not_be_written(store):
    store.folder.chmod(0o500)
    with pytest.raises(MakeRoomError, match="cannot be written: Permission denied"), ordinary_user():
        store.write(series(candles(3)))


def test_series_names():
    assert series_name("binance", "BTC/USDT", "1h", "candles") == "binance_BTC-USDT_1h_candles"
    name = series_name("binanceusdm", "BTC/USDT:USDT", "8h", "funding")
    assert name == "binanceusdm_BTC-USDT.USDT_8h_funding"
    assert SERIES_NAME.fullmatch(name)
