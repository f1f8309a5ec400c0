"""Chronological split of samples into training, validation and test, with purging at the cuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ChangeSettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = {"training": 50, "validation": 10, "test": 10}


@dataclass(frozen=True)
class Split:
    """Positions into the samples, each part in their order; purged counts what the cuts cost.

    Training and validation hold only samples with a label; the test also holds the last bars,
    whose labels lie in the future, since a decision was due there all the same.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    purged: int
    unlabelled: int


def chronological(
    number: NDArray[np.int64],
    labelled: NDArray[np.bool_],
    horizon: int,
    validation: float,
    test: float,
) -> Split:
    """Cut N samples into shares of the target bars that there are; purge labels that reach over a cut.

    number: (N,) of the target bars, one more for the bar that follows; several samples may share a bar, as
    those of several symbols do, and fall into the same part. labelled: (N,) whether the label is known. A
    sample is purged when the bar `horizon` bars later follows the first target of the next part: its label
    would tell of prices that the next part is judged on. Raises ChangeSettingsError when a part comes out
    too small.
    """
    bars = np.unique(number)  # (B,)
    cuts = [int(len(bars) * (1.0 - test - validation)), int(len(bars) * (1.0 - test)), len(bars)]
    place = np.searchsorted(bars, number)  # (N,)
    clear = np.ones(len(number), bool)  # (N,) label does not reach over the next cut
    inside = []  # (N,) each: training, validation, test
    for begin, cut in zip((0, *cuts), cuts, strict=False):
        inside.append((place >= begin) & (place < cut))
        if cut < len(bars):
            clear[inside[-1]] = number[inside[-1]] + horizon <= bars[cut]
    train, validating, testing = inside
    parts = Split(
        train=np.flatnonzero(train & clear & labelled),
        validation=np.flatnonzero(validating & clear & labelled),
        test=np.flatnonzero(testing),
        purged=int(np.count_nonzero(~clear)),
        unlabelled=int(np.count_nonzero(clear & ~labelled & ~testing)),
    )
    refuse_too_few(parts, len(number))
    return parts


def refuse_too_few(parts: Split, count: int) -> None:
    """Raise ChangeSettingsError that names each part that is too small, with what it has and needs."""
    have = {"training": len(parts.train), "validation": len(parts.validation), "test": len(parts.test)}
    short = [
        f"{name} has {have[name]} and needs {FEWEST[name]}" for name in have if have[name] < FEWEST[name]
    ]
    if short:
        raise ChangeSettingsError(
            "data",
            f"too few samples, {count} in all: {', '.join(short)}",
            "Widen data.start … data.end, or shorten window.lookback and the slowest features",
        )
