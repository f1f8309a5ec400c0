"""Range arithmetic against the plainest model there is: sets of whole numbers."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from engine.market.ranges import Range, Ranges, intersect, subtract, union

BOUND = st.integers(-20, 20)
RANGES = st.lists(st.tuples(BOUND, BOUND), max_size=8)


def points(ranges: list[Range] | Ranges) -> set[int]:
    return {point for start, end in ranges for point in range(start, end)}


def canonical(ranges: Ranges) -> bool:
    ordered = all(before[1] < after[0] for before, after in itertools.pairwise(ranges))
    return ordered and all(start < end for start, end in ranges)


@given(RANGES, RANGES)
def test_each_operation_is_the_set_operation(first, second):
    for operation, expected in (
        (union, points(first) | points(second)),
        (subtract, points(first) - points(second)),
        (intersect, points(first) & points(second)),
    ):
        result = operation(first, second)
        assert points(result) == expected
        assert canonical(result)


@given(RANGES, RANGES, RANGES)
def test_union_takes_any_number_and_any_order(first, second, third):
    assert union(first, second, third) == union(third, union(second, first))


def test_touching_ranges_join_and_empty_ones_vanish():
    assert union([(0, 5), (5, 9), (20, 20), (30, 10)]) == ((0, 9),)
    assert union() == ()


def test_what_is_left_to_fetch():
    assert subtract([(0, 100)], [(10, 20), (50, 60)]) == ((0, 10), (20, 50), (60, 100))
