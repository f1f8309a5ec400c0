"""Long texts that are written once and stand in many rows: refused with their length, and never unpacked."""

import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from engine.data.importing.files import read
from engine.data.importing.hints import Hints
from engine.errors import MakeRoomError, RepairDataError

ROWS = 3000
WRITERS = {
    "parquet": pq.write_table,
    "feather": lambda table, path: feather.write_feather(table, str(path)),
}
TEXT, BYTES = pa.string(), pa.binary()


def table(text, kind, name):
    """Candles of an hour with one text in each row of a further column."""
    price = np.full(ROWS, 100.5)
    coded = pa.DictionaryArray.from_arrays(np.zeros(ROWS, np.int32), pa.array([text], kind))
    columns = {name: pa.array(np.arange(ROWS) * 3_600_000 + 1_600_000_000_000) for name in ("time",)}
    columns |= {each: pa.array(price) for each in ("open", "high", "low", "close")}
    return pa.table({**columns, "volume": pa.array(price), name: coded})


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("kind", [TEXT, BYTES], ids=str)
@pytest.mark.parametrize("name", ["symbol", "remark"])
def test_a_cell_that_is_too_long_is_refused_with_its_length(tmp_path, writer, kind, name):
    path = tmp_path / f"a.{writer}"
    WRITERS[writer](table("x" * 1_000_000, kind, name), path)
    tracemalloc.start()
    try:
        with pytest.raises(RepairDataError, match=rf"a cell of 1,000,000 bytes in column {name}, .* 65,536"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("writer", WRITERS)
def test_many_cells_that_need_more_memory_than_may_be_used_are_refused_with_that(tmp_path, writer):
    path = tmp_path / f"a.{writer}"
    WRITERS[writer](table("x" * 60_000, TEXT, "symbol"), path)
    with pytest.raises(MakeRoomError, match=r"0.2 GB of text in column symbol need about 1.4 GB of memory"):
        read(path, hints=Hints(memory_limit="0.1"))


@pytest.mark.parametrize("writer", WRITERS)
def test_short_texts_are_read(tmp_path, writer):
    path = tmp_path / f"a.{writer}"
    WRITERS[writer](table("BTCUSDT", TEXT, "symbol"), path)
    assert read(path).symbol == "BTCUSDT"


def test_columns_of_many_rows_are_read_one_after_the_other_to_the_same(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    WRITERS["parquet"](table("BTCUSDT", TEXT, "symbol"), path)
    together = read(path)
    monkeypatch.setattr("engine.data.importing.tables.MANY", 1)
    assert read(path).frame.equals(together.frame)


def test_a_name_that_is_no_text_is_damage(tmp_path):
    path = tmp_path / "a.feather"
    WRITERS["feather"](table("a", TEXT, "symbol"), path)
    path.write_bytes(path.read_bytes().replace(b"volume", b"vol\xf0me"))
    with pytest.raises(RepairDataError, match="is damaged"):
        read(path)
