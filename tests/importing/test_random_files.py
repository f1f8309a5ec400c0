"""Random files: each is read exactly or refused, no row goes missing unsaid."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.errors import RepairDataError
from tests.importing.further_files import further_file
from tests.importing.generator import random_file

NOW = 1_800_000_000_000
SHORT = 200  # python -m soak reads ten thousand


@dataclass
class Tally:
    """What became of random files."""

    clear: int = 0  # that have one reading
    read: int = 0  # of those
    refused: dict[int, str] = field(default_factory=dict)  # of those: seed -> why
    unclear: int = 0
    wrong: dict[int, str] = field(default_factory=dict)  # a number, a row or a message: seed -> what


def tally_of(seeds, folder):
    """Import the file of each seed and compare what is stored with what was written."""
    tally, store = Tally(), Store(folder / "store")
    path = folder / "a.csv"
    for seed in seeds:
        made = further_file(seed) if seed % 3 == 2 else random_file(seed)
        path.write_bytes(made.content)
        tally.clear += made.readings == 1
        tally.unclear += made.readings > 1
        try:
            report = import_file(path, store, "a", now_ms=NOW)
        except RepairDataError as error:
            if made.readings == 1:
                tally.refused[seed] = f"{error.reason} [{made.drawn}]"
            if not any(letter.isdigit() for letter in error.reason) and "order" not in error.reason:
                tally.wrong[seed] = f"shows neither a cell nor two readings: {error.reason}"
            continue
        tally.read += made.readings == 1
        if fault := difference(store.read("a").frame, made.frame) or unsaid(report, made):
            tally.wrong[seed] = f"{fault} [{made.drawn}]"
    return tally


def difference(stored, frame):
    """What a stored series has otherwise than the frame that was written; empty if nothing."""
    if stored.index.tz_localize(None).as_unit("s").tolist() != frame.index.as_unit("s").tolist():
        return f"{len(stored)} times from {stored.index[0]} for {len(frame)} from {frame.index[0]}"
    for name in frame:
        if not np.array_equal(stored[name].to_numpy(), frame[name].to_numpy(), equal_nan=True):
            return f"{name}: {stored[name].iloc[0]} for {frame[name].iloc[0]}"
    return ""


def unsaid(report, made):
    """Rows that went missing without a word; empty if none did."""
    accounted = report.rows_stored + report.duplicates + report.rejected + report.incomplete
    return (
        ""
        if report.rows_read == made.rows == accounted
        else f"{report.rows_read} of {made.rows} rows, {accounted} told"
    )


@pytest.mark.parametrize("first", range(0, SHORT, 100))
def test_random_files_are_read_exactly_or_refused(first, tmp_path):
    tally = tally_of(range(first, first + 100), tmp_path)
    assert tally.wrong == {}
    assert tally.read >= 0.98 * tally.clear, tally.refused
    assert tally.clear > tally.unclear
