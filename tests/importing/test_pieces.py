"""Tables that are read in pieces come to what the careful way reads, or step aside: never anything else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.data.importing import pieces, tables
from engine.data.importing.files import read
from engine.data.importing.hints import Hints
from engine.errors import QuantdeckError
from engine.market.candles import Decimals, check
from tests.importing.generator import random_file
from tests.importing.test_quick import CELLS, HEADER, LINES, lines_of

TIMES = {
    "stamps": "{0:%s}000",
    "ISO": "{0:%Y-%m-%d %H:%M:%S}",
    "ISO with a zone": "{0:%Y-%m-%dT%H:%M:%SZ}",
    "day first": "{0:%d/%m/%Y %H:%M}",
    "month first": "{0:%m/%d/%Y %I:%M %p}",
    "month's name": "{0:%d %b %Y %H:%M}",
    "date and clock": "{0:%Y.%m.%d},{0:%H:%M}",
    "day first and clock": "{0:%d/%m/%Y},{0:%H%M}",
}


@pytest.fixture
def both(tmp_path, monkeypatch):
    """What a text says when it is read in pieces, if it is, and by the careful way."""
    monkeypatch.setattr(tables, "LARGE", 0)
    monkeypatch.setattr(tables, "quick_columns", lambda *_: None)
    monkeypatch.setattr(pieces, "BLOCK", 1 << 12)
    path, in_pieces = tmp_path / "a.csv", pieces.in_pieces

    def of(text, hints=None):
        used = []
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        monkeypatch.setattr(pieces, "in_pieces", lambda *given: used.append(in_pieces(*given)) or used[-1])
        monkeypatch.setattr(pieces, "LARGE", 0)
        one = read_with(path, hints)
        monkeypatch.setattr(pieces, "LARGE", 1 << 60)
        return one, read_with(path, hints), bool(used and used[0])

    return of


def read_with(path, hints):
    """All that is read of a file, so that it can be compared; or why it is refused."""
    try:
        found = read(path, hints=hints or Hints())
    except QuantdeckError as error:
        return type(error), error.reason
    decimals = found.decimals and [each.tobytes() for each in vars(found.decimals).values()]
    shown = [found.written(row) for row in (0, len(found.frame) // 2)]
    plain = replace(found, frame=None, decimals=None, written=str)
    return plain, found.frame.index.asi8.tobytes(), found.frame.to_numpy().tobytes(), decimals, shown


def table(form, rows, order):
    """Candles of hours with times in a form, in some order, of which a few have a time twice."""
    times = pd.date_range("2023-03-01", periods=rows, freq="1h")
    close = 100 + np.random.default_rng(rows).normal(0, 0.1, rows).cumsum()
    lines = [
        f"{TIMES[form].format(time)},{price:.4f},{price + 1:.3f},{price - 1:.4f},{price:.{row % 5}f},{row}.5"
        for row, (time, price) in enumerate(zip(times, close, strict=True))
    ]
    lines += [f"{line}0" for line in lines[100:110]]
    header = HEADER if "," not in TIMES[form] else f"date,{HEADER}"
    return header + "".join(f"{lines[row]}\n" for row in order(len(lines)))


@pytest.mark.parametrize("form", TIMES)
@pytest.mark.parametrize("order", [range, np.random.default_rng(1).permutation], ids=["rising", "any"])
@pytest.mark.parametrize("zone", ["", "Europe/Berlin"])
def test_every_form_of_times_is_read_alike(both, form, order, zone):
    one, other, used = both(table(form, 1500, order), Hints(timezone=zone))
    assert one == other
    assert used


def test_what_one_piece_cannot_tell_the_others_do(both):
    """Thirty days in the first pieces and eleven in the last, whose days could be months."""
    text = table("day first", 24 * 75, range)
    lines = text.splitlines(keepends=True)
    unsure = [line for line in lines[1:] if int(line[:2]) <= 12]
    sure = [line for line in lines[1:] if int(line[:2]) > 12]
    for parts in ([*unsure, *sure], [*sure, *unsure]):
        one, other, used = both(lines[0] + "".join(parts))
        assert one == other
        assert used
    one, other, used = both(lines[0] + "".join(unsure))
    assert one == other
    assert "day-first or" in one[1]


@pytest.mark.parametrize("column", [0, 2, 5])
def test_odd_cells_come_out_alike(both, column):
    for cell in CELLS:
        rows = lines_of()
        rows[250][column] = cell
        one, other, _ = both(HEADER + "".join(",".join(row) + "\n" for row in rows))
        assert one == other, cell


@pytest.mark.parametrize("at", [0, 150, 300])
def test_odd_lines_come_out_alike(both, at):
    for line in LINES:
        lines = [",".join(row) + "\n" for row in lines_of()]
        lines.insert(at, line)
        one, other, _ = both(HEADER + "".join(lines))
        assert one == other, line


def test_random_files_come_out_alike(both):
    taken = 0
    for seed in range(120):
        one, other, used = both(random_file(seed).content)
        assert one == other, seed
        taken += used
    assert taken > 20


def test_more_rows_than_the_limit_allows_are_refused_with_what_they_need(both):
    one, _, _ = both(table("ISO", 5000, range), Hints(memory_limit="0.0001"))
    assert "5,010 rows need about" in one[1]


@pytest.mark.parametrize("seed", range(20))
def test_a_frame_that_is_used_up_is_checked_alike(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(2, 300))
    times = pd.DatetimeIndex(
        (rng.integers(0, rows, rows) * 3_600_000).astype("datetime64[ms]"), name="time"
    ).tz_localize("UTC")
    price = rng.integers(1, 4, rows).astype(float)
    columns = {name: price + (name == "high") for name in ("open", "high", "low", "close")}
    columns["low"] = np.where(rng.random(rows) < 0.05, np.nan, columns["low"])
    frame = pd.DataFrame({**columns, "volume": rng.integers(0, 3, rows).astype(float)}, index=times)
    finely = Decimals(*(rng.integers(0, 3, rows).astype(np.int8) for _ in range(3)))
    kept, used = (
        check(frame.copy(), 3_600_000, 2**60, finely, consumed=consumed) for consumed in (False, True)
    )
    pd.testing.assert_frame_equal(kept.frame, used.frame)
    assert kept.report == used.report
