"""Whatever pages a series came in, in whatever order, twice or spoilt: the same file, byte for byte."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.plan import Source
from engine.data.store import Store
from engine.data.update import empty

HOUR = 3_600_000
START = 1_600_000_000_000 // HOUR * HOUR
BARS = 60
NOW = START + BARS * HOUR
SOURCE = Source("candles", "candles", "kraken", "kraken", "BTC/USDT", "1h", (START, NOW))
JUNK = st.sampled_from(
    [
        (np.nan, 102.0, 99.0, 101.0, 5.0),
        (100.0, np.inf, 99.0, 101.0, 5.0),
        (0.0, 102.0, 0.0, 101.0, 5.0),
        (-100.0, 102.0, -100.0, 101.0, 5.0),
        (100.0, 98.0, 99.0, 99.0, 5.0),
        (100.0, 102.0, 99.0, 103.0, 5.0),
        (100.0, 102.0, 99.0, 101.0, -1.0),
    ]
)


def candle(hour):
    """The sound candle of an hour."""
    close = 100 + hour % 7 + hour / 1000
    return (START + hour * HOUR, 100.0, max(close, 100.0) + 1, min(close, 100.0) - 1, close, float(hour % 5))


def content(folder, pages, folds):
    """The bytes of the file after pages, (told, rows), folded in after each number of pages in `folds`."""
    store = Store(folder)
    with store.open(SOURCE.name, empty(SOURCE)) as opened:
        for number, (stated, rows) in enumerate(pages, 1):
            opened.append(stated, np.array(rows, np.float64).reshape(-1, 6))
            if number in folds or number == len(pages):
                opened.fold(NOW)
    return (folder / f"{SOURCE.name}.parquet").read_bytes()


@settings(max_examples=80, deadline=None)
@given(
    st.sets(st.integers(0, BARS - 1), min_size=1),
    st.sets(st.integers(1, BARS - 1), max_size=8),
    st.sets(st.integers(1, 9)),
    st.data(),
)
def test_the_file_hangs_on_what_was_told_and_on_nothing_else(tmp_path_factory, hours, cuts, folds, data):
    folder = tmp_path_factory.mktemp("pages")
    plain = [((START, NOW), [candle(hour) for hour in sorted(hours)])]
    wanted = content(folder / "plain", plain, set())
    edges = [0, *sorted(cuts), BARS]
    pages = []
    for start, end in itertools.pairwise(edges):
        rows = [candle(hour) for hour in sorted(hours) if start <= hour < end]
        again = data.draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
        spoilt = [
            (START + data.draw(st.integers(start, end - 1)) * HOUR, *row)
            for row in data.draw(st.lists(JUNK, max_size=3))
        ]
        off_grid = (
            [(START + start * HOUR + 1, *candle(start)[1:])] if data.draw(st.booleans()) and rows[1:] else []
        )
        rows = data.draw(st.permutations([*rows, *again, *spoilt, *off_grid]))
        pages.append(((START + start * HOUR, START + end * HOUR), rows))
    pages += data.draw(st.lists(st.sampled_from(pages), max_size=2))
    assert content(folder / "pieces", data.draw(st.permutations(pages)), folds) == wanted
