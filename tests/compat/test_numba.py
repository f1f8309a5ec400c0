"""numba without counted references makes no array, and leaves the counts of the caller's as they were."""

import sys

import numpy as np
import pytest
from numba import njit
from numba.core.errors import NumbaError

from engine.compat.numba_options import UNCOUNTED

MAKERS = {
    "empty": lambda values: np.empty(len(values)).sum(),
    "copy": lambda values: values.copy().sum(),
    "sum of two": lambda values: (values + values).sum(),
    "list": lambda values: len([values]),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_what_would_make_memory_is_refused(make):
    with pytest.raises(NumbaError):
        njit(**UNCOUNTED)(make)(np.ones(3))


def test_arrays_are_read_and_written_and_stay_the_callers():
    @njit(**UNCOUNTED)
    def double(rows):
        for row in rows:
            for place in range(len(row)):
                row[place] *= 2.0

    rows = np.ones((2, 3))
    before = sys.getrefcount(rows)
    double(rows)
    assert (rows == 2.0).all()
    assert sys.getrefcount(rows) == before
