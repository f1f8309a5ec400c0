"""The fast path is Keras's own training: its losses, a dropout mask for each device, groups that end soon."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROCESS = Path(__file__).with_name("stock_process.py")
OPERATIONS_IN_TWO_SECONDS = 60e9  # of a slow core pair, at 30 GFLOP/s


@pytest.fixture(scope="module")
def found():
    done = subprocess.run(
        [sys.executable, str(PROCESS)], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_losses_of_forty_steps_equal_those_of_stock_fit(found):
    assert len(found["ours"]) == len(found["stock"]) == found["steps"] == 40
    np.testing.assert_allclose(found["ours"], found["stock"], atol=1e-4, rtol=0)


def test_our_pass_and_its_gradient_equal_those_of_the_layers(found):
    assert max(found["passes"]) < 1e-5


def test_seeds_of_dropout_are_used_up_as_the_layers_do(found):
    for theirs, ours in found["seeds"]:
        assert ours == theirs
    assert found["seeds"][0] != found["seeds"][1]


def test_dropout_takes_the_share_that_was_asked_for_and_keeps_the_mean(found):
    for rate, through, mean in found["dropped"]:
        assert through == pytest.approx(1 - rate, abs=5 * (rate * (1 - rate) / 1_001_000) ** 0.5)
        assert mean == pytest.approx(1, abs=0.02)


def test_devices_draw_dropout_masks_of_their_own(found):
    assert found["masks"] == [2, 12, 8, 16]
    assert not found["masks_equal"]
    assert found["agreement"] == pytest.approx(0.5, abs=0.1)  # as two independent coins agree
    assert found["shares"] == pytest.approx([0.5, 0.5], abs=0.1)


def test_a_compiled_call_is_short_enough_for_a_stop_within_two_seconds(found):
    for batches, operations in found["groups"]:
        assert batches >= 1
        assert operations <= OPERATIONS_IN_TWO_SECONDS or batches == 1
