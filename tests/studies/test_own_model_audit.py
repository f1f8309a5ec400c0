"""What a model file of the user's own opens while it builds a network is named by the audit."""

import numpy as np
import pytest

from engine.models.training import backend
from engine.studies.leak_audit.audited_run import built
from tests.studies.markets import settings_of

BUILD = """
import keras
import numpy as np
def build(lookback, features, seed):
    first = {first}
    begin = keras.initializers.Constant(float(first))
    layers = [keras.Input((lookback, features)), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(1, kernel_initializer=begin)])
"""


@pytest.mark.parametrize("reads", [False, True])
def test_what_build_opens_is_named(tmp_path, reads):
    weights, path = tmp_path / "weights.npy", tmp_path / "model.py"
    np.save(weights, np.ones(1))
    path.write_text(BUILD.format(first=f"np.load({str(weights)!r})[0]" if reads else "0.5"))
    settings = settings_of(f"model.file={path}", "training.devices=1")
    backend.prepare(settings.training)
    expected = [f"build opens {weights}"] if reads else []
    assert list(built(settings, None)) == expected
    kept = path.read_bytes()
    path.write_text("def build(*_): return 7")
    assert list(built(settings, kept)) == expected  # what was trained, whatever the file holds by now
