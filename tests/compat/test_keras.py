"""Keras writes the archive and asks for the steps that engine.compat knows; JAX tells its options."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, zipfile, io, tempfile, pathlib
from engine.models.training import backend
from engine.settings import Training
backend.prepare(Training(devices=1))
import jax, keras, numpy as np
from engine.compat import jax_options, keras_archive
from engine.compat.keras_steps import OwnSteps

told = {}
window = keras.Input((4, 3))
branches = [keras.layers.Dense(1)(window) for _ in range(2)]
joined = keras.Model(window, keras.layers.Add()(branches))
config = keras.saving.serialize_keras_object(joined)
told["functional"] = [config["module"], config["class_name"]] == list(keras_archive.FUNCTIONAL)
inputs = config["config"]["layers"][-1]["inbound_nodes"][0]["args"][0]
told["tensors"] = {each["class_name"] for each in inputs} == {keras_archive.TENSOR[1]}
network = keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(2), keras.layers.Dense(1)])
with tempfile.TemporaryDirectory() as folder:
    network.save(pathlib.Path(folder) / "plain.keras")
    with zipfile.ZipFile(pathlib.Path(folder) / "plain.keras") as plain:
        told["members"] = sorted(plain.namelist())
        told["about"] = sorted(json.loads(plain.read("metadata.json")))
        told["shared"] = "shared_object_id" in plain.read("config.json").decode()
first, second = keras_archive.dump(network), keras_archive.dump(network)
told["equal"] = first == second
told["read"] = sorted(keras_archive.members_of(first))
with tempfile.TemporaryDirectory() as folder:
    (pathlib.Path(folder) / "ours.keras").write_bytes(first)
    again = keras.saving.load_model(pathlib.Path(folder) / "ours.keras", compile=False)
told["weights"] = all((a == b).all() for a, b in zip(network.get_weights(), again.get_weights()))


class Counting(OwnSteps):
    '''Tells what state it is handed.'''

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.dense.build((None, 2))
        self.mean = keras.metrics.Mean(name="loss")
        self.built = True

    @property
    def metrics(self):
        return [self.mean]

    def call(self, x):
        return self.dense(x)

    def step(self, name):
        def taken(state, iterator):
            next(iterator)
            told.setdefault(name, []).append([len(part) for part in state])
            return {"loss": 1.0}, state
        return taken

    def training_step(self):
        return self.step("fit")

    def validation_step(self):
        return self.step("evaluate")


model = Counting()
model.compile(optimizer="sgd")
x = np.zeros((4, 2), np.float32)
history = model.fit(x, batch_size=2, epochs=1, validation_data=(x,), verbose=0)
told["history"] = sorted(history.history)
before = jax_options.options()
jax.config.update("jax_default_matmul_precision", "highest")
told["changed"] = [a[0] for a, b in zip(before, jax_options.options()) if a != b]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_archive_has_the_members_that_are_known(facts):
    assert facts["members"] == facts["read"] == ["config.json", "metadata.json", "model.weights.h5"]
    assert {"keras_version"} <= set(facts["about"])


def test_an_archive_written_anew_is_the_same_bytes_and_keras_reads_it(facts):
    assert facts["equal"]
    assert facts["weights"]


def test_objects_that_a_config_shares_are_still_numbered(facts):
    assert facts["shared"]


def test_a_network_of_branches_is_named_as_is_known(facts):
    assert facts["functional"]
    assert facts["tensors"]


def test_fit_and_evaluate_call_the_steps_with_the_state_in_order(facts):
    trainable, other, optimizer, metrics = facts["fit"][0]
    assert (trainable, other, metrics) == (2, 0, 2)
    assert optimizer >= 2  # the count of steps and the learning rate
    assert facts["evaluate"][0] == [2, 0, 2]
    assert {"loss", "val_loss"} == set(facts["history"])


def test_every_option_of_jax_is_told(facts):
    assert facts["changed"] == ["jax_default_matmul_precision"]
