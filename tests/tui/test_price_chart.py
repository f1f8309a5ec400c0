"""A price chart of anything fits its place, shows the cursor and the chosen trade, and needs no colour."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.results.answers import Candles, MarkedTrade, PriceChart
from tui.widgets import candle_chart
from tui.widgets.lines import plain, width_of
from tui.widgets.price_chart import ENTRIES, EXITS, candles_in, drawing, forecasts

HOUR_MS = 3_600_000


def chart(generator, width):
    """Any chart that a panel of that width is answered with."""
    count = int(generator.integers(1, candles_in(width) + 1))
    joined = int(generator.choice([1, 1, 7]))
    ends = generator.choice([1e-7, 1.0, 7e4, 1e12]) * generator.uniform(0.5, 2, (2, count))
    moments = range(0, count * joined * HOUR_MS, joined * HOUR_MS)
    candles = Candles(tuple(moments), *map(tuple, (ends[0], ends.max(0) * 1.01, ends.min(0) * 0.99, ends[1])))

    def trade(number):
        entry, end = sorted(map(int, generator.integers(0, count, 2)))
        inside = generator.random(2) < 0.8
        return MarkedTrade(
            number + 1, number, str(generator.choice(["long", "short"])), entry if inside[0] else None,
            end if inside[1] else None, candles.close[entry], candles.close[end], float(generator.normal()),
            "reversal",
        )  # fmt: skip

    lowest = np.where(generator.random(count) < generator.random(), np.nan, generator.normal(0, 0.01, count))
    return PriceChart(
        3, count * joined, 5000, float(generator.choice([0, 0.001, 0.5])), candles, tuple(lowest),
        tuple(lowest + 0.001), tuple(np.isnan(lowest)), (-1,) * count,
        tuple(map(trade, range(generator.integers(0, 7)))),
    )  # fmt: skip


@example(seed=14, width=67, height=51, plain_characters=False)  # several bars a candle
@given(st.integers(0, 2**32), st.integers(40, 220), st.integers(6, 60), st.booleans())
@settings(max_examples=30, deadline=None)
def test_any_chart_fits_its_place_and_needs_no_colour(seed, width, height, plain_characters):
    generator = np.random.default_rng(seed)
    found = chart(generator, width)
    cursor = int(generator.integers(len(found.held)))
    row = int(generator.integers(-1, len(found.trades)))
    lines = drawing(found, width, height, cursor=cursor, row=row, ascii=plain_characters)
    assert len(lines) == height
    assert all(width_of(line) <= width for line in lines)
    text = "\n".join(map(plain, lines))
    if plain_characters:
        assert text.isascii() or set(text) - set(map(chr, range(128))) <= {"…"}
    assert any(role in ("bright", "cursor", "alarm") for line in lines[1:-2] for _, role in line)
    if row >= 0 and (each := found.trades[row]).entry is not None:
        mark = (
            ENTRIES[each.side].translate(str.maketrans("▲▼", "^v"))
            if plain_characters
            else ENTRIES[each.side]
        )
        assert mark in "".join(map(plain, lines[1:]))


@pytest.mark.parametrize("side", ["long", "short"])
def test_sides_differ_by_their_shape(side):
    other = {"long": "short", "short": "long"}[side]
    assert ENTRIES[side] != ENTRIES[other]
    assert {ENTRIES[side], EXITS[side]}.isdisjoint({ENTRIES[other], EXITS[other]})


@given(st.integers(0, 2**32), st.floats(1e-6, 0.2), st.floats(0, 1))
@settings(max_examples=20, deadline=None)
def test_forecasts_use_the_height_of_their_strip_however_far_the_threshold_is(seed, largest, threshold):
    found = chart(np.random.default_rng(seed), 80)
    count = len(found.held)
    spread = np.linspace(-largest, largest, count) if count > 1 else np.array([largest])
    found = replace(found, threshold=threshold, lowest_forecast=tuple(spread), highest_forecast=tuple(spread))
    strip = forecasts(found, 1, 9, ascii=True)
    drawn = [y for y, row in enumerate(strip) if any(text == "*" for text, _ in row)]
    assert drawn[0] <= 9 // 2 - 1  # above the middle, which no more than one forecast in four would leave


@pytest.mark.parametrize("side", ["long", "short"])
def test_a_trade_has_lines_at_its_prices_and_the_marks_of_its_side(side):
    prices = SimpleNamespace(
        open=[10.0] * 9, high=[20.0, *[12.0] * 8], low=[0.0, *[9.0] * 8], close=[11.0] * 9
    )
    trade = {"side": side, "entry_price": 18.0, "exit_price": 3.0}
    lines = candle_chart.drawing(SimpleNamespace(candles=prices, trade=trade, entry=2, exit=6), 60, 22)
    text = [plain(line) for line in lines]
    assert [candle_chart.AT_PRICE * 3 in line for line in text[:-2]].count(True) == 2
    assert text[-2].split()[0][0] == candle_chart.ENTRIES[side]
    assert text[-2].split()[0][-1] == candle_chart.EXITS[side]
