"""Numbers and tables for people."""

import math

from hypothesis import given
from hypothesis import strategies as st

from engine.results.number_format import amount, percent, signed, signed_percent, whole
from tui.number_format import loss, span, table


def test_undefined_is_told_as_such():
    for value in (None, math.nan, math.inf, "text", True):
        for write in (amount, loss, percent, signed_percent, span, whole):
            assert write(value) == "n/a"


def test_figures():
    assert whole(36062.0) == "36,062"
    assert amount(-12841.074) == "-12,841.07"
    assert percent(0.28414) == "28.41"
    assert signed_percent(0.2841) == "+28.41 %"
    assert signed_percent(-0.5) == "-50.00 %"
    assert loss(0.47131) == "0.4713"
    assert loss(0.0000123) == "1.23e-05"


def test_spans():
    assert [span(seconds) for seconds in (0.21, 192, 4000, 200_000)] == [
        "0.2 s",
        "3 m 12 s",
        "1 h 6 m",
        "2 d 7 h",
    ]


@given(st.lists(st.lists(st.text(max_size=9), min_size=2, max_size=2), max_size=9))
def test_a_table_has_one_line_a_row(rows):
    lines = table(("a", "b"), rows, right=(1,)).split("\n")
    assert len(lines) == len(rows) + 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_figure_of_any_size_fits_a_column(value):
    for write in (amount, percent, signed, signed_percent, whole):
        assert len(write(value)) <= len("-999,999,999,999.99 %")


@given(st.floats(min_value=-1e11, max_value=1e11))
def test_a_figure_of_ordinary_size_has_all_its_digits(value):
    assert abs(float(amount(value).replace(",", "")) - value) <= 0.0051
    assert float(whole(value).replace(",", "")) == round(value)
