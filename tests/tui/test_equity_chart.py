"""Where there was no forecast stands under the equity."""

import pytest

from engine.results.answers import Curve, Curves
from tui.widgets.equity_chart import drawing

HOUR_MS = 3_600_000
TIMES = tuple(range(0, 101 * HOUR_MS, HOUR_MS))
LINE = Curve(TIMES, tuple(10_000.0 + hour % 7 for hour in range(101)))
UNDER = Curve(TIMES, tuple(-0.01 * (hour % 7) for hour in range(101)))


def lines(stretches, width=110, height=16, **options):
    curves = Curves(LINE, LINE, UNDER, UNDER, tuple((a * HOUR_MS, b * HOUR_MS) for a, b in stretches))
    return ["".join(text for text, _ in line) for line in drawing(curves, width, height, **options)]


@pytest.mark.parametrize(("plain", "mark"), [(False, "▒"), (True, "#")])
def test_stretches_are_marked_at_their_place_and_the_height_stays(plain, mark):
    drawn = lines([(0, 10), (50, 51)], ascii=plain)
    assert len(drawn) == len(lines([], ascii=plain)) == 16
    assert f"{mark} no forecast" in drawn[0]
    (marked,) = (line for line in drawn[1:] if mark in line)
    axis = len(marked) - len(marked.lstrip())
    cells = [(cell - axis) / (110 - axis - 1) * 100 for cell, text in enumerate(marked) if text == mark]
    assert all(-1 <= hour <= 11 or 49 <= hour <= 52 for hour in cells)
    assert {round(hour / 10) for hour in cells} == {0, 1, 5}


def test_without_such_bars_there_is_no_such_line():
    assert not any("▒" in line or "no forecast" in line for line in lines([], ascii=False))


def test_a_low_chart_keeps_its_room_for_the_curves():
    assert len(lines([(0, 10)], height=6, ascii=False)) == 6
