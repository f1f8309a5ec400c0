"""What holds for every test: generated cases are the same in each run, so that a red run can be had again.

`pytest --hypothesis-profile exploring` draws new ones. The trial ledger lies in the home of the test.
"""

import os

import pytest
from hypothesis import settings

from engine.runs.trial_store import FILE, VARIABLE

os.environ["XDG_STATE_HOME"] = os.devnull  # nothing is remembered of homes, unless a test says where
os.environ[VARIABLE] = FILE  # a ledger within each test's home: nobody's own is touched

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, max_examples=28)
settings.register_profile("exploring", deadline=None, max_examples=1000)
settings.load_profile("repeatable")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Files with slow tests come first, so that no worker is left with one while the others are done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
