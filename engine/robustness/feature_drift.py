"""Whether a feature is distributed over the bars that are traded as over those that were trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.lineage import provenance
from engine.results.learned import FeatureDrift
from engine.statistics.calibration import population_stability

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.experiment import Samples
    from engine.models.artifact import Metadata


def feature_drift(samples: Samples, trained: Metadata, chosen: NDArray[np.bool_]) -> tuple[FeatureDrift, ...]:
    """Every feature's population stability index, the largest first; nothing without the training's bars.

    Each window counts by its last row, so a bar counts once. chosen: (N,) the windows that are traded.
    """
    learned = provenance.part(trained, "train", samples.target_ms)  # (N,)
    if not learned.any():
        return ()
    values, last = samples.table.to_numpy(), samples.windows.target - 1  # (T, F), (N,)
    before, after = last[learned], last[chosen]
    found = [
        FeatureDrift(name, population_stability(values[before, column], values[after, column]))
        for column, name in enumerate(samples.table.columns)
    ]
    return tuple(sorted(found, key=lambda each: -each.psi))
