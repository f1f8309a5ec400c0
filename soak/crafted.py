"""Files that want to run code or to fill the memory: every one is refused, with its reason, and runs nothing.

`python -m soak.crafted` prints them.
"""

import gc
import io
import json
import os
import pickle
import sys
import tempfile
import zipfile
from functools import partial
from pathlib import Path

import joblib
import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper

from engine.errors import RepairDataError
from engine.models.training import backend
from engine.runs.manifest import read_checked, write_manifest
from engine.samples import scaling
from engine.settings import Model, Training

if "XLA_FLAGS" not in os.environ:
    backend.prepare(Training(devices=1))

import keras
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from engine.models import artifact, lstm

RUN = "3f2a91c0"
FIELDS = {
    "run": RUN, "test_dates": np.array(["2021-01-01"], "datetime64[ms]"), "feature_names": ["a", "b", "c"],
    "settings": "", "bounds": {}, "trained_until_ms": 1, "data_from_ms": 0, "data_until_ms": 2,
    "fingerprint": "00", "own_features": "", "versions": {},
}  # fmt: skip


class Gadget:
    """Unpickling it makes a folder."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return (os.mkdir, (self.mark,))


class Built(Gadget):
    """The same through eval, as a call that builds an object."""

    def __reduce__(self):
        return (eval, (f"__import__('os').mkdir({self.mark!r})",))


class Stated(StandardScaler):
    """A scaler to whose state a gadget clings."""

    def __init__(self, gadget=None):
        super().__init__()
        self.gadget = gadget


class Dtype:
    """A dtype that is given fields of objects by its state: reading it would follow forged pointers."""

    def __reduce__(self):
        return (
            np.dtype, ("V8", False, True),
            (3, "|", None, ("a",), {"a": (np.dtype("f8"), 0)}, 8, 1, 0),
        )  # fmt: skip


class Fields:
    """A dtype of numbers that is given fields by its state."""

    def __reduce__(self):
        fields = {"a": (np.dtype("f8"), 0)}
        return (np.dtype, ("f8", False, True), (3, "<", None, ("a",), fields, -1, -1, 0))


class Forged:
    """One number of a dtype of objects, from bytes that are taken for a pointer."""

    def __reduce__(self):
        from numpy._core.multiarray import scalar

        return (scalar, (np.dtype("O"), b"\\x41" * 8))


def dumped(value, **options):
    buffer = io.BytesIO()
    joblib.dump(value, buffer, **options)
    return buffer.getvalue()


def opcodes(mark):
    """A pickle written by hand: GLOBAL os.mkdir, its argument, REDUCE."""
    return b"\x80\x02cos\nmkdir\n(V" + str(mark).encode() + b"\ntR."


def instance(mark):
    """The old INST step calls as well."""
    return b"\x80\x02(V" + str(mark).encode() + b"\nios\nmkdir\n."


def wrapped(mark):
    """A joblib array of objects whose own, nested pickle is the gadget."""
    honest = dumped(np.array([1.0, 2.0], object))
    nested = honest.index(pickle.dumps(np.array([1.0, 2.0], object), protocol=5))
    return honest[:nested] + pickle.dumps(Gadget(mark), protocol=5)


def huge(_):
    """An array said to have 2^40 numbers in a file of a few bytes."""
    return pickle.dumps(NumpyArrayWrapper(np.ndarray, (2**40,), "C", np.dtype("f8")))


def deep(_):
    return b"\x80\x02" + b"(" * 100_000 + b"l" * 100_000 + b"."


JOBLIB = {
    "gadget": lambda mark: dumped(Gadget(mark)),
    "gadget through eval": lambda mark: dumped(Built(mark)),
    "gadget in a dict in a list": lambda mark: dumped({"features": [{"x": (Gadget(mark),)}], "label": None}),
    "gadget as a key": lambda mark: dumped({"features": None, "label": {(Gadget(mark), 1): 2}}),
    "gadget in an array of objects": lambda mark: dumped(np.array([Gadget(mark)], object)),
    "array of objects with a pickle of its own": wrapped,
    "gadget in a structured array": lambda mark: dumped(
        np.array([(1.0, Gadget(mark))], [("a", "f8"), ("b", "O")])
    ),
    "gadget in a scaler's state": lambda mark: dumped({"features": Stated(Gadget(mark)), "label": None}),
    "gadget in a scaler's own attribute": lambda mark: dumped({"features": scaler(Gadget(mark)), "label": 1}),
    "another transformer": lambda _: dumped({"features": FunctionTransformer(eval), "label": None}),
    "compressed by zlib": lambda mark: dumped(Gadget(mark), compress=("zlib", 9)),
    "compressed by lzma": lambda mark: dumped(Gadget(mark), compress=("lzma", 9)),
    "compressed zeros": lambda _: dumped(np.zeros(10_000_000), compress=("zlib", 9)),
    "opcodes by hand": opcodes,
    "INST by hand": instance,
    "dtype with fields by its state": lambda _: dumped({"features": Dtype(), "label": None}),
    "dtype of numbers with fields by its state": lambda _: dumped({"features": Fields(), "label": None}),
    "number of objects from bytes": lambda _: dumped({"features": Forged(), "label": None}),
    "array larger than memory": huge,
    "a hundred thousand lists": deep,
    "plain pickle of a function": lambda _: pickle.dumps(print),
}


def scaler(value):
    """A scaler one of whose numbers is something else."""
    fitted = StandardScaler().fit(np.zeros((3, 3)))
    fitted.mean_ = value
    return fitted


def rezipped(content, changes, compression=zipfile.ZIP_STORED):
    """A .keras file with other members: name to bytes, None to leave one out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(buffer, "w", compression) as after:
        members = {name: before.read(name) for name in before.namelist()} | changes
        for name, part in members.items():
            if part is not None:
                after.writestr(name, part)
    return buffer.getvalue()


def configured(change):
    """A crafted file of a config that `change` has worked on."""

    def craft(content, mark):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            config = json.loads(archive.read("config.json"))
        change(config, str(mark))
        return rezipped(content, {"config.json": json.dumps(config)})

    return craft


def layer(module, name, config, registered=None):
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def appended(make):
    return configured(lambda config, mark: config["config"]["layers"].append(make(mark)))


def with_lambda(content, mark):
    """Keras's own Lambda layer, saved by Keras."""
    model = keras.Sequential([keras.Input((4, 3)), keras.layers.Lambda(lambda x: x)])
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "m.keras")
        return (Path(folder) / "m.keras").read_bytes()


def set_in(place, key, value):
    """Set a key of the config of one layer."""
    return configured(lambda config, _: config["config"]["layers"][place]["config"].__setitem__(key, value))


def called(mark):
    """A function of the standard library, named as Keras names functions."""
    return {"module": "os", "class_name": "function", "config": "mkdir", "registered_name": "mkdir"}


def linked(content, _):
    """Weights that lie in another file."""
    import h5py

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        buffer = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(buffer, "a") as file:
        file["stolen"] = h5py.ExternalLink("/etc/passwd", "/")
    return rezipped(content, {"model.weights.h5": buffer.getvalue()})


KERAS = {
    "Lambda by Keras": with_lambda,
    "Lambda with marshalled code": appended(
        lambda _: layer("keras.layers", "Lambda", {"function": {"class_name": "__lambda__", "config": {}}})
    ),
    "module of the standard library": appended(lambda mark: layer("subprocess", "Popen", {"args": mark})),
    "class of another Keras module": appended(
        lambda _: layer("keras.src.models.cloning", "clone_model", {"model": None})
    ),
    "TorchModuleWrapper": appended(lambda _: layer("keras.layers", "TorchModuleWrapper", {"module": "x"})),
    "custom object": appended(lambda _: layer(None, "Mine", {}, "Mine")),
    "registered name": appended(lambda _: layer("keras.layers", "Dense", {"units": 1}, "package>Dense")),
    "function as activation": set_in(1, "activation", called("")),
    "activation by name": set_in(1, "activation", "exec"),
    "initializer by module": set_in(1, "kernel_initializer", layer("os", "system", {"command": "true"})),
    "compile settings": configured(
        lambda config, _: config.update(compile_config={"loss": {"module": "os", "class_name": "function"}})
    ),
    "dtype policy": set_in(1, "dtype", layer("keras", "DTypePolicy", {"name": "int8_from_float32"})),
    "a layer of a billion units": set_in(1, "units", 10**9),
    "zip bomb": lambda content, _: rezipped(
        content, {"model.weights.h5": bytes(200_000_000)}, zipfile.ZIP_DEFLATED
    ),
    "compressed config": lambda content, _: rezipped(content, {}, zipfile.ZIP_DEFLATED),
    "path traversal": lambda content, mark: rezipped(content, {f"../../{mark.name}": b"x"}),
    "absolute path": lambda content, mark: rezipped(content, {str(mark): b"x"}),
    "an asset beside the weights": lambda content, _: rezipped(content, {"assets/vocabulary.txt": b"x"}),
    "no weights": lambda content, _: rezipped(content, {"model.weights.h5": None}),
    "weights in another file": linked,
    "no ZIP": lambda *_: b"not a zip",
}  # fmt: skip


MODEL = "model.keras"
FILES = (MODEL, artifact.SCALER, artifact.METADATA)


def made(seed):
    """An honest artifact."""
    rng = np.random.default_rng(seed)
    scalers = scaling.fit("standard", rng.normal(size=(40, 3)), rng.normal(size=40))
    model = lstm.build(4, 3, Model(units=(3, 2)), seed=seed)
    return artifact.Artifact((model,), scalers, artifact.Metadata(**FIELDS))


def honest(folder):
    """A run's folder with honest artifacts."""
    folder.mkdir()
    artifact.save(folder, made(1))
    write_manifest(folder, FILES)
    return folder


def opened(folder):
    return artifact.load(partial(read_checked, folder), RUN)


def attempt(folder, file, crafted):
    """Put a crafted file in place, with manifest and hashes as its maker would; return why it is refused."""
    before = {name: (folder / name).read_bytes() for name in FILES}
    (folder / file).write_bytes(crafted)
    if file != artifact.METADATA:
        fields = FIELDS | {
            "schema": artifact.SCHEMA,
            "belongs": {
                name: artifact.sha256((folder / name).read_bytes()) for name in (MODEL, artifact.SCALER)
            },
        }
        joblib.dump(fields, folder / artifact.METADATA)
    write_manifest(folder, FILES)
    try:
        opened(folder)
    except RepairDataError as refused:
        return str(refused)
    finally:
        for name, content in before.items():
            (folder / name).write_bytes(content)
        write_manifest(folder, FILES)
    return ""


def cases(folder, mark):
    """(file, name of the trick, crafted bytes) of every one."""
    for name, craft in JOBLIB.items():
        yield artifact.SCALER, name, craft(mark)
        yield artifact.METADATA, name, craft(mark)
    content = (folder / MODEL).read_bytes()
    for name, craft in KERAS.items():
        yield MODEL, name, craft(content, mark)


def main():
    with tempfile.TemporaryDirectory() as parent:
        folder, mark = honest(Path(parent) / RUN), Path(parent) / "executed"
        opened(folder)
        count = refused = executed = 0
        for file, name, crafted in cases(folder, mark):
            reason = attempt(folder, file, crafted)
            count, refused, executed = count + 1, refused + bool(reason), executed + mark.exists()
            print(f"{file:16} {name:42} {reason or 'LOADED'}"[:180])
            gc.collect()
        opened(folder)
    tricks = len(JOBLIB) + len(KERAS)
    print(f"crafted files: {tricks} tricks, {count} files, executed {executed}, refused {refused} of {count}")
    return int(refused != count or executed > 0)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
