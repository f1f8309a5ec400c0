"""Large files that are imported part by part come to what the whole would, or are read whole."""

import json

import numpy as np
import pandas as pd
import pytest

from engine.data.importing import files, parts, pieces, tables
from engine.data.importing.hints import Hints
from engine.data.store import Store
from engine.errors import MakeRoomError, QuantdeckError
from tests.importing.test_pieces import TIMES

NOW = 1_900_000_000_000
MINUTE = 60_000


@pytest.fixture
def both(tmp_path, monkeypatch):
    """What importing a text comes to part by part, if it is, and whole; and whether it was in parts."""
    monkeypatch.setattr(tables, "LARGE", 0)
    monkeypatch.setattr(pieces, "LARGE", 0)
    monkeypatch.setattr(parts, "PART", 60_000)
    path, store, in_parts = tmp_path / "a.csv", Store(tmp_path / "store"), files.read_in_parts

    def of(text, **hints):
        used = []
        monkeypatch.setattr(files, "read_in_parts", lambda *given: used.append(in_parts(*given)) or used[-1])
        path.write_text(text)
        found = []
        for held in (0, 1 << 60):
            monkeypatch.setattr(parts, "HELD", held)
            try:
                report = files.import_file(path, store, "a", now_ms=NOW, hints=Hints(**hints))
            except QuantdeckError as error:
                found.append((type(error), str(error)))
            else:
                found.append((report, store.read("a").frame, (store.folder / "a.parquet").read_bytes()))
        return *found, bool(used and used[0])

    return of


def same(one, other):
    """That two imports came to the same series, report and bytes, or to the same refusal."""
    if isinstance(one[1], pd.DataFrame):
        pd.testing.assert_frame_equal(one[1], other[1])
        reports = [json.dumps(each[0].as_dict(), sort_keys=True) for each in (one, other)]
        assert reports[0] == reports[1]
        assert one[2] == other[2]
    else:
        assert one == other


def text_of(seed, form, *, step=MINUTE, opens=None, last=""):
    """Candles with gaps, spikes, empty volumes, rows of one time and impossible ones, in order of time."""
    rng = np.random.default_rng(seed)
    times = opens if opens is not None else np.arange(8000, dtype=np.int64) * step
    times = np.delete(times, rng.integers(1, len(times) - 1, 20))
    close = 100 + rng.normal(0, 0.05, len(times)).cumsum()
    high, low = close + 0.1, close - 0.1
    high[rng.integers(0, len(times), 60)] *= 1.6
    volume = rng.integers(0, 3, len(times)) * 1.5
    shown = pd.to_datetime(times + 1_600_041_600_000, unit="ms")
    lines = [
        f"{TIMES[form].format(time)},{price:.3f},{up:.3f},{down:.3f},{price:.2f},{many or ''}\n"
        for time, price, up, down, many in zip(shown, close, high, low, volume, strict=True)
    ]
    for row in sorted(rng.integers(1, len(lines) - 1, 40), reverse=True):
        lines.insert(row, lines[row].replace(",,", ",1,").replace("\n", "0\n"))
    for row in rng.integers(1, len(lines) - 1, 20):
        lines[row] = (
            lines[row].replace(".", "9.", 1) if form == "stamps" else lines[row].replace(",1", ",-1", 1)
        )
    header = "date,time" if "," in TIMES[form] else "time"
    return f"{header},open,high,low,close,volume\n{''.join(lines)}{last}"


@pytest.mark.parametrize("form", ["stamps", "ISO", "ISO with a zone", "day first", "date and clock"])
def test_candles_in_order_of_time_come_out_alike(both, form):
    one, other, used = both(text_of(len(form), form))
    assert isinstance(one[1], pd.DataFrame), one
    same(one, other)
    assert used


@pytest.mark.parametrize("size", [60_000, 400_000])  # days and weeks of bars
def test_sessions_and_their_closed_days_come_out_alike(both, monkeypatch, size):
    monkeypatch.setattr(parts, "PART", size)
    days = np.arange(7 * 16)
    days = days[(days % 7 < 5) & (days != 23)]  # from a Monday on, with a holiday
    opens = (days[:, None] * 1440 + 600 + np.arange(390)).ravel().astype(np.int64) * MINUTE
    one, other, used = both(text_of(2, "ISO", opens=opens))
    same(one, other)
    assert one[0].calendar == "mon-fri 10:00-16:30"
    assert used == (size > 60_000)


@pytest.mark.parametrize("kind", ["shuffled", "newest first", "another step", "ends early", "too much lost"])
def test_what_parts_do_not_say_alike_is_read_whole(both, kind):
    rising = np.arange(8000, dtype=np.int64) * MINUTE
    text = text_of(3, "stamps")
    header, *lines = text.splitlines(keepends=True)
    if kind == "shuffled":
        lines = [lines[row] for row in np.random.default_rng(4).permutation(len(lines))]
    elif kind == "newest first":
        lines.reverse()
    elif kind == "another step":
        changed = np.concatenate([rising, rising[-1] + MINUTE + np.arange(3000) * 5 * MINUTE])
        _, *lines = text_of(3, "stamps", opens=changed).splitlines(keepends=True)
    elif kind == "ends early":
        lines.append("1,2\n")
    else:
        lines = [line.replace(",", ",-", 1) if row % 20 == 0 else line for row, line in enumerate(lines)]
    one, other, _ = both(header + "".join(lines))
    same(one, other)


def test_what_even_a_part_has_no_room_for_is_refused_with_what_it_needs(both):
    one, other, _ = both(text_of(5, "stamps"), memory_limit="0.00001")
    assert one[0] is other[0] is MakeRoomError
    assert "rows need about" in one[1]
