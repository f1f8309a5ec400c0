"""The layout of a .keras file: a ZIP of config.json, metadata.json and model.weights.h5, stored plainly.

Written so that equal models give equal bytes.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import RepairDataError

if TYPE_CHECKING:
    import keras

MODEL = "model.keras"
CONFIG, ABOUT, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
LARGEST = {CONFIG: 1024**2, ABOUT: 65_536, WEIGHTS: 1024**3}
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a ZIP can bear
FUNCTIONAL = ("keras.src.models.functional", "Functional")  # how a config names a network of branches
TENSOR = (None, "__keras_tensor__")  # and what flows between its layers
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
