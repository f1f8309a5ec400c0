"""The .keras file, read only if it is what we write.

Its config names classes that Keras would import and build. So the members, the classes and every text in the
config are compared with what our own networks need, and the weights with the config, before Keras sees any
of it.
"""

from __future__ import annotations

import io
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import h5py
import keras

from engine.compat.keras_archive import CONFIG, MODEL, UNTRUSTED, WEIGHTS, members_of
from engine.errors import QuantdeckError, RepairDataError

CLASSES = {
    ("keras", "Sequential"),
    ("keras", "DTypePolicy"),
    *(("keras.layers", name) for name in ("InputLayer", "LSTM", "Dropout", "Dense")),
    *(("keras.initializers", name) for name in ("GlorotUniform", "Orthogonal", "Zeros")),
}
FUNCTIONS = {"tanh", "sigmoid", "linear"}
FREE_TEXT = {"name", "module", "class_name"}  # the last two are checked as a pair
MOST_GROUPS = 1000


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
