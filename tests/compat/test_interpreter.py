"""Python keeps what engine.compat.interpreter looks for where it looks."""

import ctypes
import ctypes.util
import inspect
import math
import sys

import pytest

from engine.compat.interpreter import ALL_FRAMES, ONE_FRAME, name_of


def test_looks_at_frames_raise_their_events():
    seen, listening = set(), [True]
    sys.addaudithook(lambda event, _: seen.add(event) if listening else None)
    inspect.currentframe()
    sys._current_frames()
    listening.clear()
    assert {ONE_FRAME, ALL_FRAMES} <= seen


@pytest.mark.skipif(not ctypes.util.find_library("m"), reason="no library of mathematics is found")
def test_a_library_is_known_by_the_name_that_opened_it():
    name = ctypes.util.find_library("m")
    assert name_of(ctypes.CDLL(name)) == name


def test_the_whole_process_and_other_things_have_none():
    assert name_of(ctypes.CDLL(None)) == name_of(math) == name_of(None) == ""
