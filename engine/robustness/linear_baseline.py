"""The linear baseline: ridge regression on a run's windows, traded as the network's forecasts are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from engine import experiment
from engine.backtest import trading
from engine.lineage import provenance
from engine.models import ridge
from engine.settings import with_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.backtest.trading import Decisions
    from engine.experiment import Samples
    from engine.models.artifact import Metadata
    from engine.settings import Settings

FEWEST = {"train": 50, "validation": 10}


def decisions(
    samples: Samples,
    matrix: NDArray[np.float32],
    trained: Metadata,
    chosen: NDArray[np.bool_],
    settings: Settings,
) -> Decisions | None:
    """What ridge regression decides for the chosen windows (N,); None if its training bars are not there.

    matrix: (T, F) the scaled features. Fitted on the windows that the network was trained on; the penalty is
    chosen on validation, and so are the threshold and the band where the network's are.
    """
    label, start, target = samples.label, samples.windows.start, samples.windows.target  # (N,) each
    parts = {name: provenance.part(trained, name, samples.target_ms) & np.isfinite(label) for name in FEWEST}
    if any(np.count_nonzero(parts[name]) < fewest for name, fewest in FEWEST.items()):
        return None
    train, validation = parts["train"], parts["validation"]
    with threadpool_limits(1, user_api="blas"):  # several at these sizes only wait for each other
        model = ridge.fit(
            matrix, samples.windows.lookback, start[train], label[train], start[validation], label[validation]
        )
        if settings.signal.tuned:
            judged = model.predict(matrix, start[validation])
            best = trading.entry_threshold(samples.market, target[validation], judged, settings)
            settings = with_threshold(settings, best.threshold)
        forecast, band = model.predict(matrix, start[chosen]), None
        if settings.signal.by_band:
            judged = model.predict(matrix, start[validation])
            width = experiment.band_width(judged, samples, validation, settings)
            band = experiment.band(forecast, samples, chosen, width)
    return trading.decide(
        samples.market, target[chosen], forecast, samples.forward_return, settings, band=band
    )
