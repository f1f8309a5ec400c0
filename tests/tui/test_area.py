"""Curves that are joined into cells before plotext is given them look as plotext would draw them."""

import numpy as np
import plotext
import pytest

from tui.widgets import plot


def drawn(draw, size, across, up):
    """The figure with what `draw` draws in its area."""
    area = plot.frame(size, across, up, [(up[0], "low"), (up[1], "high")], margin=6)
    draw(area)
    return plot.built()


@pytest.mark.parametrize("marker", ["braille", "*"])
@pytest.mark.parametrize("seed", range(15))
def test_lines_and_points_are_those_of_plotext(seed, marker):
    rng = np.random.default_rng(seed)
    size, count = (int(rng.integers(24, 120)), int(rng.integers(2, 30))), int(rng.integers(1, 80))
    x = [*np.sort(rng.uniform(0, 1e12, count))] if seed % 3 else [*rng.uniform(-5, 9, count)]
    y = [*rng.normal(0, 10.0 ** rng.integers(-3, 5), count)]
    cut = 0.8 if seed % 4 == 0 else 1.0  # some lie outside
    limits = (size, (min(x), max(*x, min(x) + 1)), (cut * min(y), max(cut * max(y), cut * min(y) + 1e-6)))
    for ours, theirs in (("line", plotext.plot), ("points", plotext.scatter)):
        own = drawn(lambda area, way=ours: getattr(area, way)(x, y, marker=marker, colour="blue"), *limits)
        other = drawn(lambda _, way=theirs: way(x, y, marker=marker, color="blue"), *limits)
        assert own == other


def test_a_line_breaks_where_nothing_is_defined():
    half = [[0.0, 1.0], [3.0, 4.0]]
    limits = ((40, 10), (0.0, 4.0), (0.0, 4.0))
    broken = ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 1.0, float("nan"), 3.0, 4.0])
    one = drawn(lambda area: area.line(*broken, marker="*", colour="blue"), *limits)
    parts = drawn(lambda area: [area.line(x, x, marker="*", colour="blue") for x in half], *limits)
    assert one == parts
