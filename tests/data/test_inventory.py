"""data verify: every series read whole and compared with its hash; data export: it comes back."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from engine.data.importing.files import import_file
from engine.data.inventory import export, verify
from engine.data.store import FORMAT, Series, Store
from engine.market.candles import milliseconds, time_index
from engine.results.series import SoundSeries
from tests.importing.markets import candles
from tests.market.test_resample import minutes


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    frame = minutes(np.random.default_rng(1), 500)
    store.write(Series("mine", "candles", "", "BTC/USDT", "1m", simulated=False, frame=frame))
    stamps = time_index(np.arange(5, dtype=np.int64))
    values = frame[["close"]].iloc[:5].set_axis(stamps).rename(columns={"close": "value"})
    values = values.assign(available_at=stamps)
    store.write(Series("rate", "funding", "", "BTC/USDT", "8h", simulated=False, frame=values))
    return store


def test_what_is_as_it_was_stored_is_told_with_its_hash(store):
    report = verify(store.folder)
    assert report.broken == ()
    assert report.checked == 2
    assert report.series == tuple(
        SoundSeries(name, store.facts(name).rows, store.facts(name).content) for name in ("mine", "rate")
    )


def test_rows_edited_by_a_tool_that_keeps_checksums_and_facts_are_told(store):
    path = store.folder / "mine.parquet"
    with pq.ParquetFile(path) as file:
        table, facts = file.read(), file.metadata.metadata
    close = table["close"].to_numpy().copy()
    close[7] *= 1.0001
    table = table.set_column(4, "close", [close])
    with pq.ParquetWriter(path, table.schema, **FORMAT) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(facts)
    store.read("mine")  # its checksums are right
    report = verify(store.folder)
    assert [each.series for each in report.series] == ["rate"]
    assert report.broken[0].series == "mine"
    assert "another SHA-256" in report.broken[0].reason


def test_a_file_cut_short_is_told(store):
    path = store.folder / "rate.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    assert [each.series for each in verify(store.folder).broken] == ["rate"]


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize("freq", ["1ms", "250ms", "1500ms", "1s", "1min", "1D"])
@pytest.mark.parametrize("kind", ["candles", "values"])
def test_a_series_that_is_exported_and_imported_is_the_same(tmp_path, suffix, freq, kind):
    store, given = Store(tmp_path / "home" / "store"), tmp_path / "given.csv"
    frame = candles(3, pd.date_range("2023-03-01 00:00:00.003", periods=50, freq=freq).delete([7, 8]))
    frame["close"] += 1 / 3e5  # more digits than anybody writes
    frame.loc[frame.index[5], "volume"] = float("nan")
    wanted = frame if kind == "candles" else frame[["close"]]
    wanted = wanted.set_axis(milliseconds(frame.index), axis=0)
    wanted.rename_axis("time").to_csv(given)
    import_file(given, store, "mine", now_ms=1_800_000_000_000)
    export(store.folder, "mine", tmp_path / f"out.{suffix}")
    import_file(tmp_path / f"out.{suffix}", store, "again", now_ms=1_800_000_000_000)
    assert len(store.read("mine").frame) == len(frame)
    pd.testing.assert_frame_equal(store.read("mine").frame, store.read("again").frame, check_exact=True)
