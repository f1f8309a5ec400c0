"""Everything that training needs to go on as if it had never stopped, in one file written whole."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.disk import read_with_digest, write_with_digest
from engine.errors import RepairDataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands after an epoch.

    network and optimizer hold every variable in Keras's order, dropout's seeds included; best holds
    the best epoch's weights; callbacks holds each callback's own counters by the callback's name; origin
    says, as a hash, what the training was given: rows, labels, samples and settings.
    """

    epoch: int
    network: list[NDArray[Any]]
    optimizer: list[NDArray[Any]]
    best: list[NDArray[Any]]
    callbacks: dict[str, dict[str, Any]]
    history: list[dict[str, Any]]
    origin: str = ""


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint as .npz with its SHA-256 behind it, whole. Raises MakeRoomError."""
    facts = {"epoch": checkpoint.epoch, "callbacks": checkpoint.callbacks, "history": checkpoint.history}
    facts["origin"] = checkpoint.origin
    arrays = {
        **numbered("network", checkpoint.network),
        **numbered("optimizer", checkpoint.optimizer),
        **numbered("best", checkpoint.best),
        "facts": np.frombuffer(json.dumps(facts).encode(), np.uint8),
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_with_digest(path, buffer.getvalue())


def load(path: Path) -> Checkpoint | None:
    """The checkpoint at `path`, None if there is none. Raises RepairDataError when it is not whole."""
    if not path.exists():
        return None
    content = read_with_digest(path)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        facts = json.loads(arrays.pop("facts").tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RepairDataError(
            str(path), f"is no whole checkpoint ({error})", "Delete it to train from the start"
        ) from error
    return Checkpoint(
        epoch=facts["epoch"],
        network=ordered(arrays, "network"),
        optimizer=ordered(arrays, "optimizer"),
        best=ordered(arrays, "best"),
        callbacks=facts["callbacks"],
        history=facts["history"],
        origin=facts["origin"],
    )


def numbered(part: str, values: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays under names that keep their order."""
    return {f"{part}_{place}": np.asarray(value) for place, value in enumerate(values)}


def ordered(arrays: dict[str, NDArray[Any]], part: str) -> list[NDArray[Any]]:
    """The arrays of one part in their order."""
    count = sum(name.startswith(f"{part}_") for name in arrays)
    return [arrays[f"{part}_{place}"] for place in range(count)]
