"""Columns of the list of runs, and what stands at an axis of a search."""

import pytest

from engine.results.search import SearchTrial
from tui.screens.runs.drawing import columns
from tui.screens.search.axes import axis


@pytest.mark.parametrize("width", range(60, 240, 3))
def test_columns_fit_and_settings_take_the_room_that_is_left(width):
    shown = columns(width)
    used = 3 + sum(each.width + 1 for each in shown)
    assert used <= width + 1  # the last gap may fall away
    if shown[-1].title == "settings that differ":
        assert shown[-1].width == 60 or used >= width - 1
    else:
        assert width - used < 40


@pytest.mark.parametrize("values", [(1, 2), (3, 4, 8), (2, 4), (1, 2, 3)])
def test_each_number_at_an_axis_stands_at_its_place(values):
    trials = [
        SearchTrial(number, "complete", {}, {"x": each}, 1, 1, 0.0, 0.0) for number, each in enumerate(values)
    ]
    low, high = min(values), max(values)
    for place, name in axis(trials, "x").ticks:
        assert float(name) == low + place * (high - low)
