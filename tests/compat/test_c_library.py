"""ctypes keeps the name of a library where engine.compat.c_library looks for it."""

import ctypes
import ctypes.util
import math

import pytest

from engine.compat.c_library import name_of


@pytest.mark.skipif(not ctypes.util.find_library("m"), reason="no library of mathematics is found")
def test_a_library_is_known_by_the_name_that_opened_it():
    name = ctypes.util.find_library("m")
    assert name_of(ctypes.CDLL(name)) == name


def test_the_whole_process_and_other_things_have_none():
    assert name_of(ctypes.CDLL(None)) == name_of(math) == name_of(None) == ""
