"""Training through Keras's fit: reproducible, resumable bit for bit, equal to stock Keras."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROCESS = Path(__file__).with_name("training_process.py")


def train(keep, devices=2, dropout=0.3, stop_after=0, epochs=8, how=()):
    arguments = [sys.executable, str(PROCESS), *map(str, (keep, devices, dropout, stop_after, epochs, *how))]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Where the whole training leaves its checkpoint."""
    return tmp_path_factory.mktemp("whole") / "checkpoint.npz"


@pytest.fixture(scope="module")
def whole(checkpoint):
    return train(checkpoint)


def test_the_same_settings_give_the_same_weights_in_another_process(whole, tmp_path):
    assert train(tmp_path / "c.npz") == whole


def test_programs_kept_from_other_processes_change_nothing(whole, tmp_path):
    assert train(tmp_path / "c.npz", how=["untraced"]) == whole


@pytest.mark.parametrize("stop_after", [1, 14])
def test_a_stopped_training_resumes_to_the_same_weights_and_history(whole, tmp_path, stop_after):
    keep = tmp_path / "checkpoint.npz"
    assert train(keep, stop_after=stop_after) == {"stopped": True}
    resumed = train(keep)
    for key in ("weights", "history", "best_epoch", "stopped_early"):
        assert resumed[key] == whole[key]


def test_resuming_a_finished_training_only_brings_back_its_best_weights(whole, checkpoint):
    again = train(checkpoint)
    assert again["weights"] == whole["weights"]
    assert again["kinds"].count("epoch") == 1  # the last one is told again


def test_events_tell_epochs_and_progress(whole):
    assert whole["kinds"].count("epoch") == len(whole["history"])
    assert "batch" in whole["kinds"]
    assert any(
        before[2] > after[2] for before, after in zip(whole["history"], whole["history"][1:], strict=False)
    )


def test_predictions_equal_the_plain_call_and_do_not_depend_on_what_follows(whole):
    assert whole["predict_prefix_equal"]
    assert whole["predict_error"] < 1e-6
    assert whole["untrained_error"] < 1e-6


def test_devices_share_a_batch_without_changing_the_loss(tmp_path):
    one = train(tmp_path / "one.npz", devices=1, dropout=0.0, epochs=3)
    two = train(tmp_path / "two.npz", devices=2, dropout=0.0, epochs=3)
    for first, second in zip(one["history"], two["history"], strict=True):
        assert first[:2] == pytest.approx(second[:2], abs=1e-5)


def test_with_dropout_devices_draw_masks_of_their_own(tmp_path, whole):
    one = train(tmp_path / "one.npz", devices=1)
    assert one["history"] != whole["history"]
