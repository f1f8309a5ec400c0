"""Pages that a killed update left: put away by the next one, or told; nothing is spoilt."""

import os
from itertools import product

import numpy as np
import pytest

from engine.data.collect import CollectJob
from engine.data.plan import Source
from engine.data.store import Series, Store
from engine.errors import MakeRoomError
from engine.market.candles import OHLCV
from engine.settings import Data, Demo
from tests.data.test_store import HOUR, START, candles
from tests.ordinary_user import ordinary_user

NAME, OTHER = "mine", 65_534
ROWS, LEFT = 20, 5  # stored, and in pages that are not
SOURCE = Source("candles", "candles", "binance", NAME, "A/B", "1h", (START, START + ROWS * HOUR))
NOW = START + 10_000 * HOUR


def page(first, count):
    """Rows as an exchange sends them."""
    return np.column_stack([START + HOUR * np.arange(first, first + count), np.full((count, 5), 1.5)])


def killed_in(folder, first, count):
    """A store whose last writer has left a page behind, and a temporary file."""
    store = Store(folder)
    frame, span = candles(ROWS).assign(**dict.fromkeys(OHLCV, 1.5), flag=np.uint8(0)), SOURCE.wanted
    name = SOURCE.name
    store.write(Series(name, "candles", "binance", "A/B", "1h", simulated=False, frame=frame, known=(span,)))
    answered = (START + first * HOUR, START + (first + count) * HOUR)
    store.journal(name, "candles").append(answered, page(first, count))
    (folder / f".part-12345678-{name}.parquet").write_bytes(b"half")
    with store.locked(name):
        pass
    (folder / f".part-12345678-{name}.parquet").write_bytes(b"half")
    return store


async def test_pages_that_are_in_the_file_are_put_away_where_nothing_is_lacking(tmp_path):
    store = killed_in(tmp_path, ROWS - LEFT, LEFT)
    path, journal = tmp_path / f"{SOURCE.name}.parquet", store.journal(SOURCE.name, "candles").path
    rows = len(store.read(SOURCE.name).frame)
    with store.locked(SOURCE.name):  # another writer is at work: they are its own
        await CollectJob(Data(), Demo(), store, NOW, lambda _: None, "").run([SOURCE])
        assert journal.exists()
    await CollectJob(Data(), Demo(), store, NOW, lambda _: None, "").run([SOURCE])
    assert not journal.exists()
    assert len(store.read(SOURCE.name).frame) == rows
    assert sorted(each.name for each in tmp_path.iterdir()) == [f".lock-{SOURCE.name}", path.name]


@pytest.mark.skipif(os.geteuid() != 0, reason="makes files of another user")
@pytest.mark.parametrize(
    ("folder_mode", "page_mode", "lock_mode"), [*product((0o777, 0o1777), *[(0o644, 0o600)] * 2)]
)
def test_those_of_another_user_are_put_away_or_told(tmp_path, folder_mode, page_mode, lock_mode):
    folder = tmp_path / "data"
    store, name = killed_in(folder, ROWS, LEFT), SOURCE.name
    journal = store.journal(name, "candles").path
    journal.chmod(page_mode)
    (folder / f".lock-{name}").chmod(lock_mode)
    for path in (*folder.iterdir(), folder):
        os.chown(path, OTHER, OTHER)
    folder.chmod(folder_mode)
    before = (folder / f"{name}.parquet").read_bytes()

    told = None
    try:
        with ordinary_user(), store.open(name) as opened:
            opened.fold(NOW)
    except MakeRoomError as error:
        told = error
    allowed = (folder_mode, page_mode, lock_mode) == (0o777, 0o644, 0o644)
    assert allowed == (told is None)
    if allowed:
        assert len(store.read(name).frame) == ROWS + LEFT
        assert not journal.exists()
    else:
        assert told.thing.startswith(f"{folder}/")
        assert "may not be read" in told.reason or "cannot be written" in told.reason
        assert told.remedy.startswith("Allow")
        assert before == (folder / f"{name}.parquet").read_bytes()
        assert len(store.journal(name, "candles").read()[2]) == LEFT
