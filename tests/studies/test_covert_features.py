"""Leaks kept where few look for them are named, and honest features that look alike are not accused."""

import os
import random
import sysconfig
from pathlib import Path

import pytest

from tests.studies import covert_features
from tests.studies.hidden_features import written
from tests.studies.judged import isolated_of, judged
from tests.studies.markets import FIRST_MS, STEP
from tests.studies.test_what_features_take import bars

STRETCH = FIRST_MS // STEP + 500  # hour since 1970, with twenty bars that are no multiple of what else is cut
LEFT = "left-by-a-test.csv"


@pytest.fixture
def values():
    """What stands in the features: numbers and texts that are data."""
    draw = random.Random(3)
    numbers = [round(draw.gauss(0, 1), 3) for _ in range(400)]
    return {
        "since": STRETCH, "until": STRETCH + 20,
        "tables": "\n".join(f"t += {numbers[place : place + 40]}" for place in range(0, 400, 40)),
        "number": hex(draw.getrandbits(8000)), "letters": "".join(draw.choices("abcdefghij ", k=3000)),
        "comment": "1.0", "numbers": " ".join(map(str, numbers)), "left": LEFT,
    }  # fmt: skip


def test_every_leak_that_is_kept_somewhere_is_named(tmp_path, servers, fewer_cuts, values):
    path = written(tmp_path / "mine.py", covert_features.LEAKS, values, week=24)
    found = judged(tmp_path, path, isolated_of(path, servers))
    assert found.leaks | found.unjudged == set(covert_features.LEAKS)


def test_no_honest_feature_that_looks_alike_is_accused(tmp_path, servers, fewer_cuts, values):
    path = written(tmp_path / "mine.py", covert_features.HONEST, values, week=24)
    path.write_text(f"{path.read_text()}\n{covert_features.LICENCE}\n")
    found = judged(tmp_path, path, isolated_of(path, servers))
    assert found.leaks == found.unsteady == found.unjudged == set()
    assert found.outside == []


@pytest.mark.parametrize("name", covert_features.OUTSIDE)
def test_what_brings_or_keeps_more_than_code_is_named(tmp_path, servers, values, name):
    path = written(tmp_path / "mine.py", {name: covert_features.OUTSIDE[name]}, values)
    path.write_text(f"{path.read_text()}\n# levels {values['numbers'] if name == 'comment' else ''}\n")
    left = Path(sysconfig.get_path("platstdlib")) / LEFT
    try:
        if name == "left_in_the_library":
            left.write_text("2.0")
        if name == "attribute_of_its_own_file":
            os.setxattr(path, "user.level", b"2.0")
    except OSError:
        pytest.skip("the library's folder cannot be written, or files have no attributes")
    try:
        isolated = isolated_of(path, servers)
        isolated.compute([[bars(200)]])
    finally:
        left.unlink(missing_ok=True)
    assert isolated.outside
