"""The Data screen draws whatever a store's facts say: short dates, missing keys, values of any type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runs.folder import Home
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON
from tui.app import Quantdeck
from tui.screens.data.screen import detail, drawing, stored
from tui.widgets.lines import Lines

ENTRY = (*stored.TEXTS, *stored.NUMBERS, "first", "last", "known", "absent", "simulated", "origin")
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


@given(st.lists(ENTRIES | ANY, max_size=4) | ANY, st.sampled_from([1, 14, 60]))
def test_any_facts_make_rows(series, width):
    told = stored.status_of({"series": series, "broken": series})
    axis = drawing.axis_of(told["series"])
    for each in told["series"]:
        cells = drawing.cells(each, axis, NOON.timestamp(), "", width, plain=False)
        assert len(cells) == len(drawing.COLUMNS)
        assert all(isinstance(text, str) for text, _ in cells)
    for each in told["broken"]:
        assert len(drawing.broken_cells(each)) == len(drawing.COLUMNS)


@given(DETAILS, st.sampled_from([20, 80, 200]))
def test_any_answer_makes_a_detail(answer, width):
    lines = detail.detail(stored.detail_of(answer), "", width)
    assert all(isinstance(text, str) for line in lines for text, _ in line)


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"series": "short", "first": "2026-11", "last": "2026-11-22"}, "short"),
        ({"series": "bare"}, "bare"),
        ({"series": "odd", "exchange": 7, "symbol": ["a"], "known": [["2026-11-22"], 3], "rows": "x"}, "a"),
        ({}, "n/a"),
    ],
)  # fmt: skip
async def test_the_screen_shows_what_it_can(tmp_path, facts, shown):
    class Answers:
        def ask(self, request):
            return {"series": [facts]} if request["do"] == "data.status" else {"facts": facts}

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
        assert "1 series" in text
        assert shown in text
