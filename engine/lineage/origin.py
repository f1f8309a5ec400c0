"""What a run was made from, so that it can be repeated, and found when it is asked for again.

origin.json lies in the run's folder: the fingerprint of the market, the number of devices, the machine and
the versions, and `key`, a hash of everything that decides the weights.
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.disk import write_whole
from engine.errors import RepairDataError
from engine.results.codec import from_json, to_json
from engine.runs.manifest import manifest_of, read_checked
from engine.runs.versions import versions

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.runs.home import Home
    from engine.settings import Settings, Training

MODEL = "metadata.joblib"  # which every run has that keeps a model
DECIDES_WEIGHTS = ("features", "window", "label", "split", "scaling", "model", "training")
OF_UNIVERSE = ("symbols", "universe_top", "universe_days")  # of the data's, where there are several symbols
LEFT_OUT = {"kind", "file", "output", "quantile_share"}  # of the model's, where they are the default


@dataclass(frozen=True)
class Origin:
    """What origin.json holds. key, data, own_features, own_model: SHA-256; own_…: empty without such a file.

    devices: among which a batch was shared. versions: by library, that of Python among them.
    """

    key: str
    data: str
    own_features: str
    own_model: str = field(default="", kw_only=True)  # not there before a model could be of one's own
    devices: int
    machine: str
    versions: dict[str, str]


def pinned(run: RunFolder, training: Training) -> Training:
    """The training settings with the number of devices that the run began with, wherever it goes on."""
    try:
        devices = json.loads((run.origin_path).read_bytes())["devices"]
    except (OSError, ValueError, KeyError, TypeError):
        return training
    return training.model_copy(update={"devices": devices}) if type(devices) is int else training


def record(
    run: RunFolder, settings: Settings, data: str, own_features: str, own_model: str, devices: int
) -> Origin:
    """Write origin.json and return it. data: fingerprint of the market; own_…: hashes of the user's files.

    Raises MakeRoomError.
    """
    origin = Origin(
        key=key(settings, data, own_features, own_model, devices),
        data=data,
        own_features=own_features,
        own_model=own_model,
        devices=devices,
        machine=machine(),
        versions=versions(),
    )
    write_whole(run.origin_path, json.dumps(to_json(origin), indent=2).encode())
    return origin


def key(settings: Settings, data: str, own_features: str, own_model: str, devices: int) -> str:
    """SHA-256 of what decides a model's weights; the kind of model is part of it where it is not the default.

    So the keys of runs whose settings name none hold.
    """
    groups = {name: getattr(settings, name).model_dump(mode="json") for name in DECIDES_WEIGHTS}
    groups["training"]["devices"] = devices
    chosen = settings.model
    groups["model"] = chosen.model_dump(mode="json", exclude=LEFT_OUT) | chosen.unlike_default
    if settings.data.symbols:
        groups["universe"] = settings.universe.model_dump(mode="json")
        groups["universe"] |= {name: getattr(settings.data, name) for name in OF_UNIVERSE}
    parts = [groups, data, own_features, *([own_model] if own_model else [])]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def machine() -> str:
    """The kind of processor: another one may round in another order."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return " ".join(part for part in (platform.system(), platform.machine(), model) if part)


def of(run: RunFolder) -> Origin:
    """The origin of a finished run, checked against its manifest. Raises RepairDataError."""
    parts = json.loads(read_checked(run.path, run.origin_path.name))
    return from_json(Origin, parts, str(run.origin_path))


def trained_alike(home: Home, run: RunFolder, sought: str) -> str:
    """The id of the latest other run whose model has this key, or nothing."""
    for other in reversed(home.all()):
        try:
            if other.id != run.id and MODEL in manifest_of(other.path) and of(other).key == sought:
                return other.id
        except (RepairDataError, ValueError):
            continue
    return ""
