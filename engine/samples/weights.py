"""How much each training sample counts: less the older it is, and the more others share its label's bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]


def sample_weights(
    number: Rows, target: Rows, horizon: int, half_life: int, *, uniqueness: bool
) -> Floats | None:
    """Weights of training samples, (n,) of mean 1, by recency and uniqueness as far as asked for.

    number, target: (n,) the bar's number and row of each one's target, the rows ascending. half_life: bars;
    0: recency does not count. None where all samples weigh the same.
    """
    weight = np.ones(len(target))  # (n,)
    if half_life:
        weight *= recency(number, half_life)
    if uniqueness:
        weight *= label_uniqueness(target, horizon)
    if len(weight) == 0 or (weight == weight[0]).all():
        return None
    return np.asarray(weight / weight.mean())


def recency(number: Rows, half_life: int) -> Floats:
    """Weights (n,) that halve every `half_life` bars back from the last of the bars numbered (n,)."""
    return np.asarray(0.5 ** ((number.max(initial=0) - number) / half_life))


def label_uniqueness(target: Rows, horizon: int) -> Floats:
    """How far each label is its own, (n,), above 0 to 1: mean over its bars of 1 / labels that share it.

    A label is of the rows t … t+horizon-1 of its target row t; target: (n,) in ascending order.
    Source: López de Prado 2018, Advances in Financial Machine Learning, 4.3 and 4.4, average uniqueness.
    """
    if len(target) == 0:
        return np.empty(0)
    first = target - target[0]  # (n,)
    edges = np.zeros(int(first[-1]) + horizon + 1, np.int64)  # +1 where labels begin, -1 after their ends
    np.add.at(edges, first, 1)
    np.add.at(edges, first + horizon, -1)
    sharing = np.cumsum(edges[:-1])  # (R,) labels at each row, from the first target on
    share = np.divide(1.0, sharing, out=np.zeros(len(sharing)), where=sharing > 0)  # (R,)
    before = np.concatenate([[0.0], np.cumsum(share)])  # (R+1,)
    return np.asarray((before[first + horizon] - before[first]) / horizon)
