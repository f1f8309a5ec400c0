"""The Data screen draws whatever a store's facts say: short dates, missing keys, values of any type."""

import contextlib
from dataclasses import fields
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RepairDataError
from engine.results.codec import from_json, to_json
from engine.results.series import SeriesDetail, StoredSeries, StoreStatus
from engine.runs.home import Home
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON
from tui.app import Quantdeck
from tui.screens.data.screen import detail, drawing
from tui.widgets.lines import Lines

ENTRY = tuple(each.name for each in fields(StoredSeries))
TIMES = st.sampled_from(
    ["2026", "2026-11", "2026-11-22", "2026-11-22T12:00:00Z", "20261122", "2026-11-22T12:00:00+14:00",
     "0001-01-01", "9999-12-31", "yesterday", ""]
)  # fmt: skip
WORDS = st.sampled_from(
    ["candles", "funding", "demo", "binance", "1h", "²h", "8h", "0m", "99999999999d", "BTC/USDT"]
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | TIMES | WORDS
RANGES = st.lists(st.lists(TIMES, min_size=1, max_size=3), max_size=3)
ANY = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3)
)


def some(keys, values):
    """A table with some of the keys, and one that nobody knows."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys((*keys, "other"), values))


ENTRIES = some(ENTRY, PLAIN | RANGES | ANY)
GAPS = st.lists(some(("from", "bars", "absent"), PLAIN) | PLAIN, max_size=3)
DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "facts": ENTRIES | ANY, "gaps": GAPS | ANY, "step_ms": PLAIN, "missing": PLAIN, "gap_count": PLAIN,
        "report": some(("rows_read", "rejected_by", "flag_list", "notes", "rules"), ANY) | ANY,
    },
)  # fmt: skip


def read(kind, answer):
    """The answer as a type; None where it is refused."""
    with contextlib.suppress(RepairDataError):
        return from_json(kind, answer, "the store")
    return None


@given(st.lists(ENTRIES | ANY, max_size=4) | ANY, st.sampled_from([1, 14, 60]))
def test_any_facts_make_rows_or_are_refused(series, width):
    status = read(StoreStatus, {"series": series})
    for each in status.series if status else ():
        view = drawing.View(drawing.axis_of(status.series), NOON.timestamp(), width, plain=False)
        cells = drawing.cells(each, "", view)
        assert len(cells) == len(drawing.COLUMNS)
        assert all(isinstance(text, str) for text, _ in cells)


SOUND = st.builds(
    StoredSeries,
    series=st.text(max_size=5),
    kind=WORDS,
    exchange=WORDS,
    timeframe=WORDS,
    rows=st.integers(0),
    first=st.none() | st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)).map(str),  # noqa: DTZ001
    last=st.none() | st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)).map(str),  # noqa: DTZ001
    gaps=st.none() | st.integers(0),
    known=st.just((("2020-01-01", "2021-01-01"),)),
)


@given(st.lists(SOUND, max_size=4), st.sampled_from([1, 14, 60]))
def test_what_is_sound_is_read_as_it_was_and_drawn(series, width):
    status = from_json(StoreStatus, to_json(StoreStatus(series=tuple(series))), "the store")
    assert status.series == tuple(series)
    view = drawing.View(drawing.axis_of(status.series), NOON.timestamp(), width, plain=True)
    assert len(drawing.rows(status.series, {}, view)) == len(series)


@given(DETAILS, st.sampled_from([20, 80, 200]))
def test_any_answer_makes_a_detail_or_is_refused(answer, width):
    if status := read(SeriesDetail, answer):
        lines = detail.detail(status, "", width)
        assert all(isinstance(text, str) for line in lines for text, _ in line)


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"series": "short", "first": "2026-11-01", "last": "2026-11-22"}, "short"),
        ({"series": "short", "first": "2026-11"}, "is no proper StoreStatus"),
        ({"series": "bare"}, "bare"),
        ({"series": "odd", "exchange": 7, "known": [["2026-11-22"], 3]}, "is no proper StoreStatus"),
        ({"series": "late", "last": "yesterday"}, "is no proper StoreStatus"),
        ({}, "is no proper StoreStatus"),
    ],
)  # fmt: skip
async def test_the_screen_shows_what_it_can(tmp_path, facts, shown):
    class Answers:
        def ask(self, request, kind):
            status = {"series": [facts]} if request["do"] == "data.status" else {"facts": facts}
            return from_json(kind, status, "the answer")

        def close(self):
            pass

    deck = Quantdeck(Home(tmp_path), now=lambda: NOON)
    deck.engine.close()
    deck.engine = Answers()
    async with deck.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        while deck.screen.questions.busy:
            await pilot.pause(0.01)
        await settled(pilot)
        text = "\n".join(panel.text for panel in deck.screen.query(Lines))
        assert ("1 series" in text) == ("proper" not in text)
        assert shown in text
