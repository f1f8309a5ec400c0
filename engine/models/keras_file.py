"""The .keras file, read only if it is what we write.

Its config names classes that Keras would import and build. So the members, the classes and every text in the
config are compared with what networks of its kind need, and the weights with the config, before Keras makes
any of it.
"""

from __future__ import annotations

import io
import json
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import keras

from engine.compat.keras_archive import CONFIG, FUNCTIONAL, MODEL, UNTRUSTED, WEIGHTS, members_of
from engine.errors import QuantdeckError, RepairDataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.models.definition import NetworkKind

# The first two are checked as a pair; the others are names of layers, and keys of them.
FREE_TEXT = {"module", "class_name", "name", "keras_history", "input_layers", "output_layers"}
MOST_GROUPS = 1000


def load(content: bytes, kind: NetworkKind, name: str = MODEL) -> keras.Model:
    """The Keras model, of that kind, in the bytes of a .keras file of that name. Raises RepairDataError."""
    try:
        members = members_of(content)
        config = json.loads(members[CONFIG])
        refuse_foreign(config, kind)
        check_weights(members[WEIGHTS], kind.parameters(config))
        with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
            path = Path(folder) / MODEL
            path.write_bytes(content)
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except QuantdeckError as error:
        raise RepairDataError(name, error.reason, error.remedy) from None
    except Exception as error:  # noqa: BLE001  Keras raises many kinds for a broken file
        raise RepairDataError(name, f"cannot be loaded ({first_line(error)})", "Train again") from None


def refuse_foreign(config: dict[str, Any], kind: NetworkKind) -> None:
    """RepairDataError for a config that names what networks of its kind do not need."""
    if fault := foreign(config, kind):
        raise RepairDataError(MODEL, fault, UNTRUSTED)


def foreign(part: Any, kind: NetworkKind, key: str = "") -> str:
    """The first class, function or text in a config that a network of this kind does not need; else empty."""
    if isinstance(part, list | tuple):
        return first(foreign(value, kind, key) for value in part)
    if isinstance(part, dict):
        return foreign_class(part, kind) or first(foreign(value, kind, name) for name, value in part.items())
    if isinstance(part, str) and key not in FREE_TEXT and part not in {*kind.allowed_functions, "float32"}:
        return f"its config names {part!r} as {key}"
    return ""


def foreign_class(part: dict[str, Any], kind: NetworkKind) -> str:
    """What is wrong with the class that a part of a config names; empty if it names none, or a fit one."""
    name, registered = part.get("class_name"), part.get("registered_name")
    if part.keys() & {"class_name", "module", "registered_name"}:
        named = (part.get("module"), name)
        own = named == FUNCTIONAL and registered == name  # Keras registers this one under its own name
        if named not in kind.allowed_classes or (registered is not None and not own):
            return f"wants to load {'.'.join(map(str, named))} ({registered})"
    if name == "DTypePolicy" and part.get("config") != {"name": "float32"}:
        return f"wants to compute as {part.get('config')}"
    return "wants to be compiled by its own settings" if part.get("compile_config") else ""


def first(faults: Iterable[str]) -> str:
    """The first fault that there is."""
    return next(filter(None, faults), "")


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
