"""Permutation importance: what a forecast's rank correlation loses without the order of a feature."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.statistics.forecast import ic_influence, information_coefficient
from engine.statistics.long_run import Bootstrapped, bootstrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.statistics.bootstrap import Rows
    from engine.statistics.returns import Floats


def block_permuted(count: int, least: int, generator: np.random.Generator) -> Rows:
    """The numbers 0 … N - 1 in another order, (N,): blocks of `least` or more in a row change places.

    Where the first block begins is drawn too; the last number is followed by the first.
    """
    around = np.roll(np.arange(count), int(generator.integers(count)))
    blocks = np.array_split(around, max(count // least, 1))
    return np.concatenate([blocks[number] for number in generator.permutation(len(blocks))])


def ic_drop(
    forecast: Floats,
    permuted: Sequence[Floats],
    forward_return: Floats,
    horizon: int,
    resamples: int,
    generator: np.random.Generator,
) -> tuple[float, Bootstrapped]:
    """The IC of a forecast less the mean IC of forecasts of permuted features, and its interval.

    forecast, forward_return, each of permuted: (N,) without NaN. The interval is the studentised stationary
    bootstrap of the difference's influence values. [0, 0] where no permutation moves a forecast: what a model
    does not look at has no importance; NaN where an IC is not defined.
    """
    if all(np.array_equal(each, forecast) for each in permuted):
        return 0.0, Bootstrapped(0.0, 0.0, 1.0)
    without = [information_coefficient(each, forward_return) for each in permuted]
    drop = information_coefficient(forecast, forward_return) - float(np.mean(without))
    if not math.isfinite(drop):
        return math.nan, Bootstrapped()
    influence = ic_influence(forecast, forward_return) - np.mean(
        [ic_influence(each, forward_return) for each in permuted], axis=0
    )
    return drop, bootstrapped(drop, influence, resamples, generator, horizon=horizon)
