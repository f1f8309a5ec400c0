"""The panels of rolling figures and of returns hold every figure there is, in the room there is."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.results.return_analysis import (
    Bin,
    GroupedReturn,
    PnlDistribution,
    Quantile,
    ReturnAnalysis,
    Rolling,
    RollingFigures,
    SideFigures,
)
from engine.results.return_tables import return_tables
from engine.results.tables import UNDEFINED
from tui.screens.backtest.returns import spread_of
from tui.widgets.lines import plain, width_of
from tui.widgets.rolling_chart import day_that_ends, drawing

DAY = 86_400_000


def analysis(generator):
    """Figures of any size, some of them undefined."""
    size = 10.0 ** generator.integers(-4, 9)

    def some(count=None):
        values = generator.normal(0, size, count or 1)
        values[generator.random(len(values)) < 0.2] = math.nan
        return tuple(values.tolist()) if count else float(values[0])

    days = int(generator.integers(0, 60))
    both = [
        RollingFigures(
            some(days) if days else (),
            tuple(generator.random(days).tolist()),
            *(np.array(some(4)) / size).tolist(),
        )
        for _ in range(2)
    ]
    rolling = Rolling(30, tuple(DAY * (100 + each) for each in range(days)), *both)
    bins = tuple(
        Bin(some(), some(), int(generator.integers(0, 10**6))) for _ in range(generator.integers(0, 9))
    )
    quantiles = tuple(Quantile(0.05, some(), some()) for _ in bins)
    groups = tuple(
        GroupedReturn(kind, name, int(generator.integers(1, 9999)), some() / size, some() / size, bool(far))
        for kind, name in (("weekday", "mon"), ("month", "Jan"), ("hour", "03:00"))
        for far in (0, 1)
    )
    sides = tuple(SideFigures(side, 10**6, *some(3)) for side in ("long", "short"))
    return ReturnAnalysis("a", False, rolling, sides, PnlDistribution(bins, quantiles, *some(2)), groups)


@given(st.integers(0, 2**32), st.integers(76, 220), st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_figure_stands_whole(seed, width, plain_characters):
    found = analysis(np.random.default_rng(seed))
    lines = spread_of(found, width, ascii=plain_characters)
    assert all(width_of(line) <= width for line in lines)
    cells = {cell for line in map(plain, lines) for cell in line.split()}
    for table in return_tables(found):
        for row in table.rows:
            assert set(row[1:]) - {""} <= cells, (table.header, row)
    if plain_characters:
        assert not set("█") & set("".join(map(plain, lines)))


@given(st.integers(0, 2**32), st.integers(20, 220), st.integers(3, 60), st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_chart_keeps_to_its_cells_whatever_is_undefined(seed, width, height, plain_characters):
    rolling = analysis(np.random.default_rng(seed)).rolling
    lines = drawing(rolling, width, height, ascii=plain_characters)
    assert len(lines) <= height
    said = "\n".join(map(plain, lines))
    if width >= 60:
        assert all(width_of(line) <= width for line in lines)
        assert "30 days" in said or height < 6
    if plain_characters and width >= 24:
        assert said.isascii()
    assert "nan" not in said.replace(UNDEFINED, "")


@given(st.integers(0, 20_000), st.integers(1, 86_400_000))
def test_a_day_of_the_rolling_chart_is_the_one_that_ends(day, part_ms):
    assert day_that_ends(day * 86_400_000 + part_ms) == str(np.datetime64(day, "D"))
