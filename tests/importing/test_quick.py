"""The quick way for large files reads what the careful way reads, or steps aside: never anything else."""

import numpy as np
import pytest

from engine.data.importing import tables
from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.errors import QuantdeckError
from tests.importing.test_random_files import NOW, tally_of

HEADER = "time,open,high,low,close,volume\n"
CELLS = (
    "", "NA", "N/A", "null", "None", "nan", "inf", "-inf", "1e400", "1e3", "0x10", "1_000", " 5.0 ", "+100.5",
    "True", "-", "1.5.2", "100,5", "1e-400", "#N/A", "<NA>", "0", "-3", "1 000",
)  # fmt: skip
LINES = ("\n", "# note\n", "\n\n", ",,,,,\n", "1,2\n", "1,2,3,4,5,6,7,8\n", HEADER, " \n", "\0\n")


@pytest.fixture
def read(tmp_path, monkeypatch):
    """What an import of a text comes to, by the quick way where that can be, or by the careful one."""
    store, path = Store(tmp_path / "store"), tmp_path / "a.csv"

    def of(text, *, quickly):
        monkeypatch.setattr(tables, "LARGE", 0 if quickly else 1 << 60)
        path.write_text(text)
        try:
            report = import_file(path, store, "a", now_ms=NOW)
        except QuantdeckError as error:
            return type(error), error.reason
        frame = store.read("a").frame
        return report.rows_read, report.rejected_list, frame.index.tolist(), frame.to_numpy().tobytes()

    return of


def lines_of(count=300):
    """Candles of whole hours, one line each."""
    random = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.003, count)))
    volume = random.uniform(0, 9, count)
    return [
        [f"{1_600_000_000 + 3600 * row}", *[f"{close[row]:.17g}"] * 4, f"{volume[row]:.3f}"]
        for row in range(count)
    ]


@pytest.mark.parametrize("header", [HEADER, ""])
@pytest.mark.parametrize("column", [0, 2, 5])
def test_odd_cells_come_out_alike(read, header, column):
    for cell in CELLS:
        rows = lines_of()
        rows[150][column] = cell
        text = header + "".join(",".join(row) + "\n" for row in rows)
        assert read(text, quickly=True) == read(text, quickly=False), cell


@pytest.mark.parametrize("at", [0, 150, 300])
def test_odd_lines_come_out_alike(read, at):
    for line in LINES:
        lines = [",".join(row) + "\n" for row in lines_of()]
        lines.insert(at, line)
        text = HEADER + "".join(lines)
        assert read(text, quickly=True) == read(text, quickly=False), line


def test_plain_files_are_read_quickly_and_exactly(read, monkeypatch):
    used, quick = [], tables.quick_columns
    monkeypatch.setattr(tables, "quick_columns", lambda *given: used.append(quick(*given)) or used[-1])
    text = HEADER + "".join(",".join(row) + "\n" for row in lines_of())
    assert read(text, quickly=True) == read(text, quickly=False)
    assert len(used) == 1
    assert used[0] is not None


def test_long_columns_of_text_are_read_quickly_too(read):
    days = np.datetime64("2000-01-01T00:00") + np.arange(150_000) * np.timedelta64(1, "m")
    text = HEADER + "".join(f"{day},100.25,101.5,99.75,100.5,7.125\n" for day in days)
    assert read(text, quickly=True) == read(text, quickly=False)


def test_random_files_are_read_exactly_by_the_quick_way_too(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "LARGE", 0)
    tally = tally_of(range(80), tmp_path)
    assert tally.wrong == {}
    assert tally.read == tally.clear
