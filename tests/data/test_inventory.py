"""data verify: every series read whole and compared with its hash."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.data.inventory import verify
from engine.data.store import FORMAT, Series, Store
from engine.market.candles import time_index
from engine.results.series import SoundSeries
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
