"""The journal: whole pages in order, whatever happened to the last of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.journal import HEAD, Journal


def pages_of(count):
    rng = np.random.default_rng(count)
    return [((10 * n, 10 * n + 10), rng.random((n % 4, 6))) for n in range(count)]


def filled(path, pages):
    path.unlink(missing_ok=True)
    journal = Journal(path, 6)
    for span, rows in pages:
        journal.append(span, rows)
    return journal


def assert_holds(journal, pages):
    spans, counts, rows = journal.read()
    assert spans == [span for span, _ in pages]
    assert counts == [len(page) for _, page in pages]
    np.testing.assert_array_equal(rows, np.concatenate([np.empty((0, 6)), *(page for _, page in pages)]))


def test_pages_come_back_in_order_until_they_are_cleared(tmp_path):
    pages = pages_of(9)
    journal = filled(tmp_path / "journal", pages)
    assert_holds(journal, pages)
    journal.clear()
    journal.clear()
    assert_holds(journal, [])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    pages = pages_of(9)
    path = tmp_path_factory.mktemp("journal") / "journal"
    filled(path, pages)
    ends = np.cumsum([HEAD.size + rows.nbytes + 4 for _, rows in pages]).tolist()
    return pages, path.read_bytes(), ends, path.with_name("spoilt")


@given(st.data())
def test_what_is_cut_off_or_flipped_ends_it_and_what_was_before_stands(whole, data):
    pages, content, ends, path = whole
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        spoilt = content[:at]
    else:
        flipped = content[at] ^ 1 << data.draw(st.integers(0, 7))
        spoilt = content[:at] + bytes([flipped]) + content[at + 1 :]
    path.write_bytes(spoilt)
    assert_holds(Journal(path, 6), pages[: sum(end <= at for end in ends)])


def test_a_journal_of_another_kind_of_series_holds_nothing(tmp_path):
    filled(tmp_path / "journal", pages_of(5))
    assert Journal(tmp_path / "journal", 2).read()[0] == []


def test_a_full_disk_takes_no_part_of_a_page(tmp_path):
    code = """
import pathlib, resource, signal, sys
from tests.data.test_journal import *
from engine.errors import MakeRoomError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = filled(pathlib.Path(sys.argv[1]), pages_of(4))
size = journal.path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
try:
    journal.append((0, 1), np.ones((50, 6)))
except MakeRoomError as error:
    print(error.reason, journal.path.stat().st_size == size)
"""
    path = tmp_path / "journal"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout == "cannot be written: File too large True\n", done.stderr
    assert_holds(Journal(path, 6), pages_of(4))
