"""Folds of a walk-forward: which samples train, validate and test each of several trainings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.samples.split import Split, refuse_too_few

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.settings import Settings


@dataclass(frozen=True)
class Fold(Split):
    """The split of one training, numbered from 1; test spans of successive folds lie end to end."""

    number: int


def folds(
    bar: NDArray[np.int64],
    labelled: NDArray[np.bool_],
    settings: Settings,
    begins: NDArray[np.int64] | None = None,
) -> list[Fold]:
    """Cut N samples by their target bars, (N,), into the folds that settings.walk_forward asks for.

    Shares and lengths count the bars that there are; samples of several symbols may share one. What follows
    the share `first_test` is cut into test spans of equal length. A fold trains and validates on the samples
    before its test: all of them (anchored), or as many as the first fold has (rolling), the last
    split.validation of them being validation. Where `begins`, (K,) bars, says when tests begin, that
    stands in the place of first_test and folds. A sample is purged when its label reaches, with the
    embargo's bars on top, beyond the first target of the next part. Raises ChangeSettingsError when a part
    comes out too small.
    """
    chosen, bars = settings.walk_forward, np.unique(bar)  # (B,)
    place = np.searchsorted(bars, bar)  # (N,)
    if begins is None:
        bounds = cuts(len(bars), chosen.first_test, chosen.folds)
    else:
        bounds = np.append(np.searchsorted(bars, begins), len(bars))
    first = int(bounds[0])
    reach = settings.label.horizon + chosen.embargo  # bars
    found = []
    for number, (begin, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True), 1):
        start = begin - first if chosen.window == "rolling" else 0
        cut = begin - max(int((begin - start) * settings.split.validation), 1)
        train, validation, test = (
            np.flatnonzero((place >= low) & (place < high))
            for low, high in ((start, cut), (cut, begin), (begin, end))
        )
        kept = []
        for part, following in ((train, validation), (validation, test)):
            if not len(following):
                kept.append(part[:0])
                continue
            kept.append(part[bar[part] + reach <= bar[following].min()])
        clear = sum(map(len, kept))
        purged = len(train) + len(validation) - clear
        kept = [part[labelled[part]] for part in kept]
        fold = Fold(kept[0], kept[1], test, purged, clear - sum(map(len, kept)), number)
        refuse_too_few(fold, len(bar))
        found.append(fold)
    return found


def cuts(count: int, first_test: float, tests: int) -> NDArray[np.int64]:
    """Where test spans of equal length begin among `count` samples, and where the last ends, (tests + 1,)."""
    return np.linspace(int(count * first_test), count, tests + 1).astype(np.int64)
