"""Files that would take more memory than may be used: refused with what they need, and before that."""

import bz2
import gzip
import io
import json
import lzma
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest

from engine import memory
from engine.data.importing.files import read
from engine.data.importing.hints import Hints
from engine.errors import ChangeSettingsError, MakeRoomError, RepairDataError
from tests.importing.markets import candles

BOMB = b"2020-01-01,1\n" + b"0" * 200_000_000


def zipped(content):
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a.csv", content)
    return into.getvalue()


PACK = {
    "gz": lambda content: gzip.compress(content, 1),
    "xz": lambda content: lzma.compress(content, preset=0),
    "bz2": lambda content: bz2.compress(content, 1),
    "zip": zipped,
}


@pytest.fixture
def frame():
    """20,000 candles."""
    return candles(3, pd.date_range("2023-01-01", periods=20_000, freq="1h"), first=1234.0)


@pytest.mark.parametrize("kind", PACK)
def test_what_unpacks_to_more_than_the_limit_is_given_up_on_the_way(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(PACK[kind](BOMB))
    tracemalloc.start()
    try:
        with pytest.raises(MakeRoomError, match=r"unpacks to more than 12 MB, .*--memory-limit 1 where"):
            read(path, hints=Hints(memory_limit="0.1"))
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def written(frame, path, kind):
    table = frame.rename_axis("time").reset_index()
    if kind == "csv":
        table.to_csv(path, index=False)
    elif kind == "json":
        path.write_text(json.dumps(json.loads(table.to_json(orient="records", date_format="iso"))))
    elif kind == "parquet":
        table.to_parquet(path)
    else:
        table.to_feather(path)


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "feather"])
def test_a_table_that_needs_more_says_how_much_and_is_read_with_that(tmp_path, frame, kind):
    path = tmp_path / f"a.{kind}"
    written(frame, path, kind)
    with pytest.raises(MakeRoomError, match=r"need about \d+ MB of memory, and 1 MB may be used") as raised:
        read(path, hints=Hints(memory_limit="0.001"))
    assert "damaged" not in str(raised.value)
    assert len(read(path, hints=Hints(memory_limit="1")).frame) == len(frame)


def test_a_footer_that_promises_a_billion_rows_is_believed_before_any_is_read(tmp_path):
    path = tmp_path / "a.parquet"
    rows = 3_000_000
    constant = pd.DataFrame({"time": np.zeros(rows, np.int64), "value": np.ones(rows)})
    constant.to_parquet(path)
    assert path.stat().st_size < 100_000
    with pytest.raises(MakeRoomError, match=r"3,000,000 rows need about 0.2 GB of memory"):
        read(path, hints=Hints(memory_limit="0.1"))


def test_memory_that_runs_out_all_the_same_is_told_as_that(tmp_path, frame, monkeypatch):
    def full(*_):
        raise MemoryError

    path = tmp_path / "a.csv"
    written(frame, path, "csv")
    monkeypatch.setattr("engine.data.importing.files.columns_of", full)
    with pytest.raises(MakeRoomError, match="needs more memory than there is"):
        read(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (PACK["gz"](PACK["xz"](PACK["gz"](PACK["bz2"](PACK["gz"](b"time,value\n"))))), "packed more than 4"),
        (b"time," + b"a," * 50_000 + b"\n1,2\n", "a line of more than 65,536 characters"),
        (b"time,value,note\n2020-01-01,1," + b"x" * 100_000 + b"\n", "no row that ends within its first"),
        (b"time," + b",".join(b"c%d" % n for n in range(3000)) + b"\n1" + b",2" * 3000 + b"\n", "3,001 col"),
        (b"[" * 100_000, "lists within lists"),
    ],
)
def test_layers_lines_and_columns_without_end_are_named(tmp_path, content, reason):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(RepairDataError, match=reason):
        read(path)


def test_a_container_counts_as_the_machine(tmp_path, monkeypatch):
    whole = memory.memory_to_be_had()
    assert whole > 0
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.memory_to_be_had() == 2_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.memory_to_be_had() > 2_000_000


@pytest.mark.parametrize("text", ["0", "-1", "much", "nan", "inf"])
def test_a_limit_that_is_no_amount_is_refused(text):
    with pytest.raises(ChangeSettingsError, match="no amount of memory"):
        Hints(memory_limit=text)
