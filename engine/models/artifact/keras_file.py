"""The .keras file: written so that equal models give equal bytes, read only if it is what we write.

A .keras file is a ZIP of config.json, metadata.json and model.weights.h5. Its config names classes that
Keras would import and build. So the members, the classes and every text in the config are compared with
what our own networks need, and the weights with the config, before Keras sees any of it.
"""

from __future__ import annotations

import io
import json
import math
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras

from engine.errors import QuantdeckError, RepairDataError

MODEL = "model.keras"
CONFIG, ABOUT, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
LARGEST = {CONFIG: 1024**2, ABOUT: 65_536, WEIGHTS: 1024**3}
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a ZIP can bear
CLASSES = {
    ("keras", "Sequential"),
    ("keras", "DTypePolicy"),
    *(("keras.layers", name) for name in ("InputLayer", "LSTM", "Dropout", "Dense")),
    *(("keras.initializers", name) for name in ("GlorotUniform", "Orthogonal", "Zeros")),
}
FUNCTIONS = {"tanh", "sigmoid", "linear"}
FREE_TEXT = {"name", "module", "class_name"}  # the last two are checked as a pair
MOST_GROUPS = 1000
UNTRUSTED = "Do not use it: it may run code"


def dump(network: keras.Model) -> bytes:
    """The network as the bytes of a .keras file, the same bytes for the same network."""
    with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
        path = Path(folder) / MODEL
        network.save(path)
        with zipfile.ZipFile(path) as saved:
            members = {name: saved.read(name) for name in saved.namelist()}
    about = json.loads(members[ABOUT])
    members[ABOUT] = json.dumps({"keras_version": about["keras_version"]}).encode()
    members[CONFIG] = json.dumps(renumbered(json.loads(members[CONFIG]), {})).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in (ABOUT, CONFIG, WEIGHTS):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), members[name])
    return buffer.getvalue()


def renumbered(part: Any, seen: dict[int, int]) -> Any:
    """A config whose shared objects are numbered as they come, not by where they lay in memory."""
    if isinstance(part, list):
        return [renumbered(value, seen) for value in part]
    if not isinstance(part, dict):
        return part
    return {
        key: seen.setdefault(value, len(seen) + 1) if key == "shared_object_id" else renumbered(value, seen)
        for key, value in part.items()
    }


def load(content: bytes) -> keras.Model:
    """The Keras model in the bytes of a .keras file. Raises RepairDataError."""
    try:
        members = members_of(content)
        config = json.loads(members[CONFIG])
        check_classes(config)
        check_weights(members[WEIGHTS], parameters(config))
        with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
            path = Path(folder) / MODEL
            path.write_bytes(content)
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except QuantdeckError:
        raise
    except Exception as error:  # noqa: BLE001  Keras raises many kinds for a broken file
        raise RepairDataError(MODEL, f"cannot be loaded ({first_line(error)})", "Train again") from None


def members_of(content: bytes) -> dict[str, bytes]:
    """The three members of the ZIP, stored without compression, each within its size.

    Raises RepairDataError.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if sorted(entry.filename for entry in entries) != sorted(LARGEST):
            names = ", ".join(sorted(entry.filename for entry in entries)[:8])
            raise RepairDataError(MODEL, f"holds other files than a model's: {names}", UNTRUSTED)
        for entry in entries:
            if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
                raise RepairDataError(
                    MODEL, f"its {entry.filename} is compressed: it may grow large", UNTRUSTED
                )
            if entry.file_size > LARGEST[entry.filename]:
                size = f"{entry.file_size} bytes, more than {LARGEST[entry.filename]}"
                raise RepairDataError(MODEL, f"its {entry.filename} has {size}", UNTRUSTED)
        return {entry.filename: archive.read(entry) for entry in entries}


def check_classes(part: Any, key: str = "") -> None:
    """Refuse a config that names any class, function or text that our networks do not need."""
    if isinstance(part, list):
        for value in part:
            check_classes(value, key)
    elif isinstance(part, dict):
        if part.keys() & {"class_name", "module", "registered_name"}:
            named = (part.get("module"), part.get("class_name"))
            if named not in CLASSES or part.get("registered_name") is not None:
                told = ".".join(map(str, named))
                raise RepairDataError(
                    MODEL, f"wants to load {told} ({part.get('registered_name')})", UNTRUSTED
                )
        if part.get("class_name") == "DTypePolicy" and part.get("config") != {"name": "float32"}:
            raise RepairDataError(MODEL, f"wants to compute as {part.get('config')}", UNTRUSTED)
        if part.get("compile_config"):
            raise RepairDataError(MODEL, "wants to be compiled by its own settings", UNTRUSTED)
        for name, value in part.items():
            check_classes(value, name)
    elif isinstance(part, str) and key not in FREE_TEXT and part not in FUNCTIONS and part != "float32":
        raise RepairDataError(MODEL, f"its config names {part!r} as {key}", UNTRUSTED)


def parameters(config: dict[str, Any]) -> int:
    """How many weights the config asks for. Raises RepairDataError unless it is a stack of our layers."""
    if config["class_name"] != "Sequential":
        raise RepairDataError(MODEL, f"is a {config['class_name']}, not a Sequential", UNTRUSTED)
    first, *layers = config["config"]["layers"]
    _, lookback, width = first["config"]["batch_shape"]
    count = 0
    for layer in layers:
        units = layer["config"].get("units", 0)
        if layer["class_name"] == "LSTM":
            count += 4 * units * (width + units + 1)
        elif layer["class_name"] == "Dense":
            count += units * (width + 1)
        elif layer["class_name"] != "Dropout":
            raise RepairDataError(MODEL, f"holds a {layer['class_name']} among its layers", UNTRUSTED)
        width = units or width
    if not 0 < lookback <= 100_000 or count <= 0:
        raise RepairDataError(MODEL, f"asks for windows of {lookback} rows and {count} weights", UNTRUSTED)
    return count


def check_weights(content: bytes, wanted: int) -> None:
    """Refuse weights that are stored elsewhere, compressed, or others than the config asks for."""
    found = visited = 0
    with h5py.File(io.BytesIO(content), "r") as file:
        groups = [file]
        while groups and visited < MOST_GROUPS:
            group, visited = groups.pop(), visited + 1
            for name in group:
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise RepairDataError(MODEL, f"its weights point elsewhere at {name}", UNTRUSTED)
                part = group[name]
                if isinstance(part, h5py.Group):
                    groups.append(part)
                    continue
                if part.is_virtual or part.external or part.chunks or part.dtype.kind not in "fiu":
                    raise RepairDataError(
                        MODEL, f"its weights at {part.name} are no plain numbers", UNTRUSTED
                    )
                found += math.prod(part.shape) if part.dtype.kind == "f" else 0
    if found != wanted or groups:
        raise RepairDataError(MODEL, f"holds {found} weights, its config asks for {wanted}", "Train again")


def first_line(error: Exception) -> str:
    """The first line of an error's text."""
    return (str(error).splitlines() or [type(error).__name__])[0]
