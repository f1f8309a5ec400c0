"""What is kept of a trial, a file each: a search that is killed goes on from these and draws the same."""

from __future__ import annotations

import contextlib
import io
import json
import math
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.disk import read_with_digest, write_with_digest
from engine.errors import RepairDataError

if TYPE_CHECKING:
    from pathlib import Path

    from engine.settings import Value

Floats = NDArray[np.float64]
ARRAYS = ("days", "returns", "others", "benchmark")
EARLIER_FACTS = "told"  # the name of the facts in earlier files


@dataclass(frozen=True, eq=False)
class Trial:
    """A trial that is done.

    key: of the search that it belongs to. drawn: values by setting, without the rules. attributes: what the
    sampler keeps of it. rules: the best of `variants` tried. objectives: in the order of search.objective.
    begun: validation's loss after the first epoch as a multiple of that of forecasting 0, NaN without; steps:
    what the first objective came to after each fold but the last; both where trials are pruned. days: (D,)
    int64 since 1970; returns: (D,) of these, out of fold; others: (V, D) of other rules; benchmark: (D,) buy
    and hold's, of trial 0 alone.
    """

    key: str
    number: int
    state: Literal["complete", "pruned", "failed"]
    drawn: dict[str, Value]
    attributes: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Value] = field(default_factory=dict)
    variants: int = 0
    objectives: tuple[float, ...] = ()
    begun: float = math.nan
    steps: tuple[float, ...] = ()
    epochs: int = 0
    reason: str = ""
    days: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    returns: Floats = field(default_factory=lambda: np.empty(0))
    others: Floats = field(default_factory=lambda: np.empty((0, 0)))
    benchmark: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def complete(self) -> bool:
        """Whether it has its objectives."""
        return self.state == "complete"

    @property
    def chosen(self) -> dict[str, Value]:
        """All that was drawn for it, its best rules too."""
        return self.drawn | self.rules

    def of(self, number: int, attributes: dict[str, Any]) -> Trial:
        """The same under another number: what was drawn again is not trained again."""
        return replace(self, number=number, attributes=attributes)

    def content(self) -> bytes:
        """As the bytes of an npz file."""
        facts = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ARRAYS}
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {name: getattr(self, name) for name in ARRAYS}
        np.savez(buffer, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8), **arrays)
        return buffer.getvalue()

    @classmethod
    def read(cls, content: bytes) -> Trial:
        """From those bytes."""
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            facts = json.loads(kept["facts" if "facts" in kept else EARLIER_FACTS].tobytes())
            facts["objectives"] = tuple(facts["objectives"])
            facts["steps"] = tuple(facts["steps"])
            return cls(**facts, **{name: kept[name] for name in ARRAYS})


def file_of(number: int) -> str:
    """The file of a trial."""
    return f"trial-{number:05d}.npz"


def keep(folder: Path, trial: Trial) -> None:
    """Write a trial's file. Raises MakeRoomError."""
    write_with_digest(folder / file_of(trial.number), trial.content())


def saved(folder: Path, number: int, key: str, drawn: dict[str, Value]) -> Trial | None:
    """The trial of that number, if it is done, whole, of this very search and as it was drawn."""
    try:
        found = Trial.read(read_with_digest(folder / file_of(number)))
    except (RepairDataError, ValueError, KeyError, TypeError, OSError):
        return None
    return found if found.key == key and found.drawn == drawn else None


def saved_of_others(folder: Path, key: str) -> int:
    """How many whole trials there are of another search than this: the data have changed in between."""
    found = 0
    for path in folder.glob("trial-*.npz"):
        with contextlib.suppress(RepairDataError, ValueError, KeyError, TypeError, OSError):
            found += Trial.read(read_with_digest(path)).key != key
    return found
