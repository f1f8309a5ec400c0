"""Charts of series and of several runs fit any place, show every curve and need no colour."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.results.answers import Candles, Curve
from engine.results.compared import far_apart, from_start
from engine.results.series_stretch import SeriesStretch
from tui.widgets import overlay_chart, series_chart
from tui.widgets.lines import plain, width_of
from tui.widgets.price_chart import candles_in

HOUR_MS = 3_600_000
SIZES = st.tuples(st.integers(60, 220), st.integers(9, 60))


def stretch(generator, width):
    """Any stretch that a panel of that width is answered with."""
    count, joined = int(generator.integers(1, candles_in(width) + 1)), int(generator.choice([1, 1, 9]))
    rows = generator.integers(0, joined + 1, count)
    ends = generator.choice([1e-7, 1.0, 7e4, 1e12]) * generator.uniform(0.5, 2, (2, count))
    ends[:, rows == 0] = math.nan
    values = bool(generator.random() < 0.3)
    moments = tuple(range(0, count * joined * HOUR_MS, joined * HOUR_MS))
    candles = Candles(moments, *map(tuple, (ends[0], ends.max(0) * 1.01, ends.min(0) * 0.99, ends[1])))
    volume = np.where((rows > 0) & (not values), 10 ** generator.uniform(-6, 12, count), math.nan)
    odd = generator.choice(["", "spike", "spike, volume 0, conflict, filled flat"], count)
    return SeriesStretch(
        "any", "candles", simulated=False, values=values, first=0, bars=count * joined, all=10**6, gaps=17,
        candles=candles, volume=tuple(volume.tolist()), rows=tuple(rows.tolist()),
        missing=tuple((joined - rows).tolist()),
        odd=tuple(str(each) if number else "" for each, number in zip(odd, rows, strict=True)),
    )  # fmt: skip


@given(st.integers(0, 2**32), SIZES, st.booleans(), st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_series_fits_its_place_with_its_gaps_and_what_is_under_the_cursor(
    seed, size, as_candles, plain_characters
):
    generator, (width, height) = np.random.default_rng(seed), size
    found = stretch(generator, width)
    cursor = int(generator.integers(len(found.rows)))
    lines = series_chart.drawing(found, *size, cursor=cursor, as_candles=as_candles, ascii=plain_characters)
    assert len(lines) == height
    assert all(width_of(line) <= width for line in lines)
    text = list(map(plain, lines))
    assert not plain_characters or all(line.isascii() for line in text)
    gap = series_chart.GAP.translate(series_chart.ASCII) if plain_characters else series_chart.GAP
    if any(found.missing):
        row = next(line for line in text if line.lstrip().startswith("gaps "))
        assert (
            gap in row
            or sum(map(bool, found.missing)) == found.missing[cursor] > 0
            or "┊" in row
            or ":" in row
        )
        assert row.count(gap) + 1 >= sum(map(bool, found.missing))
    under = " ".join(text[-series_chart.UNDER :])
    if found.rows[cursor]:
        assert series_chart.number(found.candles.close[cursor]) in under
        if not found.values:
            assert series_chart.number(found.volume[cursor]) in under
            assert series_chart.number(found.candles.low[cursor]) in under
    if found.missing[cursor]:
        assert (
            f"{found.missing[cursor]} of {found.missing[cursor] + found.rows[cursor]} bars missing" in under
        )
    if found.odd[cursor] and width >= 80:
        assert found.odd[cursor] in under


@given(
    st.integers(0, 2**32), st.tuples(st.integers(60, 220), st.integers(8, 60)), st.booleans(), st.booleans()
)
@settings(max_examples=20, deadline=None)
def test_every_curve_has_its_mark_on_it_whatever_the_colours(seed, size, plain_characters, log):
    generator = np.random.default_rng(seed)
    curves = []
    for number in range(int(generator.integers(1, 9))):
        start, points = int(generator.integers(0, 50)), int(generator.integers(2, 200))
        values = np.exp(np.cumsum(generator.normal(0, 0.05, points)) * generator.choice([1, 20]))
        moments = tuple(((np.arange(points) + start) * 24 * HOUR_MS).tolist())
        curves.append(overlay_chart.Overlaid(number, f"run {number}", Curve(moments, tuple(values.tolist()))))
    lines = overlay_chart.drawing(curves, *size, ascii=plain_characters, log=log)
    assert len(lines) == size[1]
    assert all(width_of(line) <= size[0] for line in lines)
    text = list(map(plain, lines))
    assert not plain_characters or all(line.isascii() for line in text)
    legend = text[0]
    for each in curves:
        assert f"{each.mark} {each.name}" in legend or " more" in legend
    drawn = {character for line in text[1:-1] for character in line.partition("│")[2] or line[8:]}
    if not plain_characters and len(curves) <= 3:  # of more, marks may lie under others
        assert {each.mark for each in curves} <= drawn


@given(st.integers(0, 2**32), st.integers(80, 220), st.booleans())
@settings(max_examples=12, deadline=None)
def test_curves_far_apart_are_drawn_each_from_its_own_start(seed, width, plain_characters):
    generator, begins, curves, spans = np.random.default_rng(seed), 0, [], []
    for number in range(int(generator.integers(2, 5))):
        days = int(generator.integers(5, 90))
        begins += int(generator.integers(0, 2000))
        moments = tuple(((np.arange(days) + begins) * 24 * HOUR_MS).tolist())
        values = tuple(np.exp(np.cumsum(generator.normal(0, 0.05, days))).tolist())
        curves.append(overlay_chart.Overlaid(number, f"run {number}", Curve(moments, values)))
        spans.append((begins, begins + days - 1))
        begins += days - 1
    covered, between = sum(end - start for start, end in spans), spans[-1][1] - spans[0][0]
    apart = far_apart([each.curve for each in curves])
    assert apart == (covered < between / 2)
    assert not far_apart([from_start(each.curve) for each in curves])
    lines = overlay_chart.drawing(curves, width, 12, ascii=plain_characters)
    head, below = plain(lines[0]), plain(lines[-1])
    assert ("own start" in head) == ("day 0" in below) == apart
    if apart:
        longest = max(end - start for start, end in spans)
        assert below.split()[-2:] == ["day", str(longest)]
        drawn = [
            place for line in lines[1:-1] for place, character in enumerate(plain(line)) if character.strip()
        ]
        assert max(drawn) >= width - 2  # the longest curve takes the whole width
    assert all(width_of(line) <= width for line in lines)
