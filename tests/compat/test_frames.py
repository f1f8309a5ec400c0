"""Looks at frames raise the events that engine.compat.frames has."""

import inspect
import sys

from engine.compat import frames


def test_looks_at_frames_raise_their_events():
    seen, listening = set(), [True]
    sys.addaudithook(lambda event, _: seen.add(event) if listening else None)
    inspect.currentframe()
    sys._current_frames()
    listening.clear()
    assert {frames.ONE, frames.ALL} <= seen
