"""Whether a repeated run came to the same, bit for bit, and if not, what differs and why it may."""

from __future__ import annotations

import io
import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine import outcome
from engine.lineage import origin
from engine.results.answers import Comparison
from engine.runs.manifest import manifest_of, read_checked

if TYPE_CHECKING:
    from engine.lineage.origin import Origin
    from engine.runs.folder import RunFolder

MODEL_FILES = re.compile(r"model(-\d+)?\.(keras|npz)|scaler\.joblib")
FRAMES = (outcome.PREDICTIONS, outcome.EQUITY, outcome.BARS)
FIGURES = ("training", "metrics", "benchmark", "forecast", "start", "end", "bars")


def compare(original: RunFolder, again: RunFolder) -> Comparison:
    """A run and its repetition beside each other, both checked by their manifests.

    Raises RepairDataError.
    """
    files = manifest_of(original.path)
    differ: dict[str, str] = {}
    compared = [name for name in sorted(files) if MODEL_FILES.fullmatch(name)]
    compared += [name for name in (outcome.TRADES, *FRAMES) if name in files]
    for name in compared:
        if name not in manifest_of(again.path):
            differ[name] = "is missing"
            continue
        before, after = (read_checked(run.path, name) for run in (original, again))
        if before != after:
            fault = frames_differ(before, after) if name in FRAMES else "has other bytes"
            differ |= {name: fault} if fault else {}
    first, second = (json.loads(read_checked(run.path, "result.json")) for run in (original, again))
    for name in FIGURES:
        if name in first:
            compared.append(name)
            if first[name] != second.get(name):
                differ[name] = figures_differ(first[name], second.get(name))
    because = reasons(origin.of(original), origin.of(again))
    return Comparison(not differ, tuple(compared), differ, tuple(because))


def frames_differ(before: bytes, after: bytes) -> str:
    """How two Parquet files differ in their values' bits; nothing if only the file's own facts do."""
    one, two = (pd.read_parquet(io.BytesIO(content)) for content in (before, after))
    if set(one.columns) < set(two.columns):
        two = two[list(one.columns)]  # a later version may keep more beside them
    if list(one.columns) != list(two.columns) or not one.index.equals(two.index):
        return f"has {two.shape[0]} rows and {two.shape[1]} columns, had {one.shape[0]} and {one.shape[1]}"
    reasons = []
    for name in one.columns:
        old, new = one[name].to_numpy(), two[name].to_numpy()  # (B,) each
        if old.dtype != new.dtype or old.tobytes() != new.tobytes():
            other = ~((old == new) | ((old != old) & (new != new)))  # noqa: PLR0124  NaN equals NaN here
            most = float(np.nanmax(np.abs(old[other].astype(float) - new[other].astype(float)), initial=0.0))
            reasons.append(f"{name} in {int(other.sum())} of {len(old)} rows, by up to {most:.3g}")
    return "; ".join(reasons)


def figures_differ(before: Any, after: Any) -> str:
    """Which figures of a group differ, with both values."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return f"{after}, was {before}"
    other = [name for name, value in before.items() if value != after.get(name)]
    return "; ".join(f"{name} {after.get(name)}, was {before[name]}" for name in other) or "more figures"


def reasons(before: Origin, after: Origin) -> list[str]:
    """What of data, versions, devices and machine is not as it was."""
    reasons = []
    if before.data != after.data:
        reasons.append("The market data are not those of the original: they have been changed or refetched.")
    if before.own_features != after.own_features:
        reasons.append("The file of own features has changed.")
    if before.own_model != after.own_model:
        reasons.append("The file of the model has changed.")
    if before.devices != after.devices:
        reasons.append(f"{after.devices} devices share a batch, {before.devices} did.")
    if before.machine != after.machine:
        reasons.append(f"Another machine: {after.machine}, was {before.machine}.")
    versions = [
        f"{name} {after.versions.get(name)}, was {version}"
        for name, version in before.versions.items()
        if after.versions.get(name) != version
    ]
    if versions:
        reasons.append(f"Other versions: {'; '.join(versions)}.")
    return reasons


def examine(run: RunFolder) -> list[str]:
    """Load a foreign run's model the guarded way; what it is, in sentences. Raises RepairDataError."""
    from engine.models import artifact, kinds

    if artifact.METADATA not in manifest_of(run.path):
        return [f"it holds no model; it used that of run {run.of}"]
    loaded = artifact.load(partial(read_checked, run.path), run.id)
    names = kinds.files(loaded.kind, len(loaded.models))
    scaler = type(loaded.scalers.features).__name__
    return [
        *(
            f"{name}: {kinds.described(loaded.kind, model)}"
            for name, model in zip(names, loaded.models, strict=True)
        ),
        f"scaler.joblib: {scaler} of {len(loaded.metadata.feature_names)} features, numbers only",
        f"metadata.joblib: trained with keras {loaded.metadata.versions.get('keras', '?')}, data only",
    ]
