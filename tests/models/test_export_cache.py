"""A program is traced once and kept; what does not fit is traced anew."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, pathlib, sys
from engine.models.training import backend
from engine.settings import Training
backend.prepare(Training(devices=2))
import jax, numpy as np
from engine.models.training import export_cache

traces = []

def tripled():
    def triple(x):  # a function of its own, which JAX has not traced before
        traces.append(x.shape)
        return {"sum": (x * 3).sum(), "all": x * 3}

    return jax.jit(triple)

def asked(size=4, about="tripled"):
    before = len(traces)
    found = export_cache.ExportedProgram(tripled(), about)(np.arange(size, dtype=np.float32))
    return [len(traces) - before, float(found["sum"]), found["all"].tolist()]

folder = backend.cache_folder() / "traced"
told = {"fresh": asked(), "again": asked(), "longer": asked(size=5), "other": asked(about="another")}
told["kept"] = len(list(folder.iterdir()))
one = export_cache.ExportedProgram(tripled(), "one")
told["one"] = [float(one(np.full(n, 2.0, np.float32))["sum"]) for n in (2, 3, 2, 3)]
for damage in (b"", b"no program", None):
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    told.setdefault("damaged", []).append([asked(), asked()])
export_cache.environment.cache_clear()
jax.config.update("jax_default_matmul_precision", "highest")
told["set otherwise"] = asked()
for path in folder.iterdir():
    path.unlink()
folder.rmdir()
folder.write_text("in the way")
told["in the way"] = [asked(), asked()]
print(json.dumps(told))
"""


def test_a_program_is_traced_once_for_the_like_of_its_arguments(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    four = [18.0, [0.0, 3.0, 6.0, 9.0]]
    assert facts["fresh"] == facts["other"] == facts["set otherwise"] == [1, *four]
    assert facts["again"] == [0, *four]
    assert facts["longer"] == [1, 30.0, [0.0, 3.0, 6.0, 9.0, 12.0]]
    assert facts["kept"] == 3
    assert facts["one"] == [12.0, 18.0, 12.0, 18.0]
    assert facts["damaged"] == [[[1, *four], [0, *four]]] * 3
    assert facts["in the way"] == [[1, *four]] * 2


TRAININGS = """
import json, os, pathlib, sys, tempfile
from engine.models.training import backend
from engine.settings import Model, Settings, Training
settings = Settings(model=Model(units=(8,)), training=Training(epochs=1, batch_size=64, devices=1))
backend.prepare(settings.training)
import numpy as np
from engine.models.definition import TrainingData
from engine.models.lstm import LSTM
from engine.models.training.fit import fit

rng = np.random.default_rng(1)
matrix, labels = rng.normal(size=(800, 4)).astype(np.float32), rng.normal(size=800).astype(np.float32)

def loss(cache, lookback):
    os.environ["XDG_CACHE_HOME"] = f"{sys.argv[1]}/{cache}"
    with tempfile.TemporaryDirectory() as folder:
        network = LSTM.build(lookback, 4, settings.model, 1)
        where = pathlib.Path(folder) / "checkpoint"
        parts = np.arange(500), np.arange(600, 700)
        lessons = TrainingData(matrix, labels, *parts, lookback)
        return fit(LSTM, network, lessons, settings, 1, where, lambda _: None).loss

print(json.dumps([loss("fresh", 12), loss("used", 6), loss("used", 12)]))
"""


def test_what_another_lookback_was_traced_with_is_not_taken(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", TRAININGS, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    fresh, other, after_another = json.loads(done.stdout)
    assert after_another == fresh != other
