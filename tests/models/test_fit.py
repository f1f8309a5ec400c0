"""Training through Keras's fit: reproducible, resumable bit for bit, equal to stock Keras."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROCESS = Path(__file__).with_name("training_process.py")


def train(keep, *pairs, stops="0", epochs=8, how=()):
    """What came of trainings on (devices, dropout) each, in one process, or which of the stops stopped it."""
    each = [f"{devices}:{dropout}" for devices, dropout in pairs or [(2, 0.3)]]
    arguments = [sys.executable, str(PROCESS), *map(str, (keep, stops, epochs, *how, *each))]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The whole training, and the same once more from the checkpoint that it left."""
    return train(tmp_path_factory.mktemp("whole") / "checkpoint.npz")


@pytest.fixture(scope="module")
def whole(both):
    return both["trainings"][0]


def test_the_same_settings_give_the_same_in_another_process_with_programs_of_its_own(both, tmp_path):
    assert train(tmp_path / "c.npz", how=["untraced"])["trainings"] == both["trainings"]


def test_a_training_stopped_twice_resumes_to_the_same_weights_and_history(whole, tmp_path):
    keep = tmp_path / "checkpoint.npz"
    assert train(keep, stops="1,14") == [True, True]
    (resumed,) = train(keep)["trainings"]
    for key in ("weights", "history", "best_epoch", "stopped_early"):
        assert resumed[key] == whole[key]


def test_resuming_a_finished_training_only_brings_back_its_best_weights(both, whole):
    assert both["again"]["weights"] == whole["weights"]
    assert both["again"]["kinds"].count("epoch") == 1  # the last one is told again


def test_events_tell_epochs_and_progress(whole):
    assert whole["kinds"].count("epoch") == len(whole["history"])
    assert "batch" in whole["kinds"]
    assert any(
        before[2] > after[2] for before, after in zip(whole["history"], whole["history"][1:], strict=False)
    )


def test_predictions_equal_the_plain_call_and_do_not_depend_on_what_follows(whole):
    assert whole["predict_prefix_equal"]
    assert whole["predict_any_order_equal"]
    assert whole["predict_error"] < 1e-6
    assert whole["untrained_error"] < 1e-6


@pytest.fixture(scope="module")
def first_epochs(tmp_path_factory):
    """Three epochs: of one device and of two without dropout, of one with it."""
    keep = tmp_path_factory.mktemp("devices") / "checkpoint.npz"
    return train(keep, (1, 0.0), (2, 0.0), (1, 0.3), epochs=3)["trainings"]


def test_devices_share_a_batch_without_changing_the_loss(first_epochs):
    one, two, _ = first_epochs
    for first, second in zip(one["history"], two["history"], strict=True):
        assert first[:2] == pytest.approx(second[:2], abs=1e-5)


def test_with_dropout_devices_draw_masks_of_their_own(first_epochs, whole):
    assert first_epochs[2]["history"] != whole["history"][:3]
