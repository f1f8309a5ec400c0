"""A model file whose network remembers an earlier fit is refused: that one trained on what this one tests."""

import sys

import pytest

from engine.errors import RepairDataError
from engine.models.training import backend
from engine.settings import Training, make

HEAD = """
import functools, sys
import keras

def new(lookback, features):
    layers = [keras.Input((lookback, features)), keras.layers.Flatten(), keras.layers.Dense(1)]
    return keras.Sequential(layers)
"""
REMEMBERING = {
    "cached": "@functools.cache\ndef build(lookback, features, seed):\n    return new(lookback, features)\n",
    "kept": """
def build(lookback, features, seed):
    return sys.__dict__.setdefault("kept_network", new(lookback, features))
""",
    "weights": """
def build(lookback, features, seed):
    network, before = new(lookback, features), sys.__dict__.get("kept_network")
    if before is not None:
        network.set_weights(before.get_weights())
    sys.kept_network = network
    return network
""",
}
FRESH = "def build(lookback, features, seed):\n    return new(lookback, features)\n"


def fitted_twice(own, path, again):
    """Two fits after one another; again: whether each executes the file anew, as folds do."""
    model, kind = make({}, [f"model.file={path}"]).model, own.load_model(path)
    for _ in range(2):
        network = kind.build(4, 3, model, 1)
        own.refuse_trained(network, kind, 4, 3, model, 1)
        network.set_weights([each + 1 for each in network.get_weights()])
        kind = own.load_model(path) if again else kind


@pytest.fixture
def own():
    """The room of own models, in which nothing is left."""
    backend.prepare(Training(devices=1))
    from engine.models import own

    yield own
    own.BEGUN.clear()
    own.FIRST_VALUES.clear()
    vars(sys).pop("kept_network", None)


@pytest.mark.parametrize(("name", "again"), [("cached", False), ("kept", True), ("weights", True)])
def test_a_network_that_remembers_an_earlier_fit_is_refused(tmp_path, name, again, own):
    path = tmp_path / "model.py"
    path.write_text(HEAD + REMEMBERING[name])
    with pytest.raises(RepairDataError, match="earlier fit"):
        fitted_twice(own, path, again)


def test_one_that_is_new_at_each_call_is_fitted(tmp_path, own):
    path = tmp_path / "model.py"
    path.write_text(HEAD + FRESH)
    fitted_twice(own, path, again=True)
