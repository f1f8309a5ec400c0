"""The linear baseline: ridge regression on a run's windows, traded as the network's forecasts are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from engine.backtest import trading
from engine.lineage import provenance
from engine.models import ridge
from engine.settings import with_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.backtest.trading import Decisions
    from engine.market.merge import Market
    from engine.models.artifact import Metadata
    from engine.samples.windows import Windows
    from engine.settings import Settings

    Floats = NDArray[np.float64]

FEWEST = {"train": 50, "validation": 10}


@dataclass(frozen=True)
class Samples:
    """What the network saw: the scaled features (T, F), the windows (N), and every row's label (T,)."""

    market: Market
    matrix: NDArray[np.floating[Any]]
    windows: Windows
    forward_return: Floats

    def start(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """First rows of the chosen windows, (N,) bool."""
        return self.windows.start[chosen]

    def labelled(self, trained: Metadata, part: str, target_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which windows are training's or validation's and have a label, (N,)."""
        return provenance.part(trained, part, target_ms) & np.isfinite(
            self.forward_return[self.windows.target]
        )


def decisions(
    samples: Samples,
    trained: Metadata,
    target_ms: NDArray[np.int64],
    chosen: NDArray[np.bool_],
    settings: Settings,
) -> Decisions | None:
    """What ridge regression decides for the chosen windows (N,); None if its training bars are not there.

    target_ms: (N,) open times of the target rows. Fitted on the training windows; the penalty is
    chosen on validation, and so is the threshold where the network's is.
    """
    parts = {name: samples.labelled(trained, name, target_ms) for name in FEWEST}
    if any(np.count_nonzero(parts[name]) < fewest for name, fewest in FEWEST.items()):
        return None
    label = samples.forward_return[samples.windows.target]  # (N,)
    with threadpool_limits(1, user_api="blas"):  # several at these sizes only wait for each other
        model = ridge.fit(
            samples.matrix,
            samples.windows.lookback,
            samples.start(parts["train"]),
            label[parts["train"]],
            samples.start(parts["validation"]),
            label[parts["validation"]],
        )
        if settings.signal.threshold_from == "validation":
            settings = with_own_threshold(samples, model, parts["validation"], settings)
        forecast = model.predict(samples.matrix, samples.start(chosen))
    return trading.decide(
        samples.market, samples.windows.target[chosen], forecast, samples.forward_return, settings
    )


def with_own_threshold(
    samples: Samples, model: ridge.Ridge, validation: NDArray[np.bool_], settings: Settings
) -> Settings:
    """The settings with the entry threshold that validation chooses for the ridge regression."""
    forecast = model.predict(samples.matrix, samples.start(validation))
    target = samples.windows.target[validation]
    made = trading.decide(samples.market, target, forecast, samples.forward_return, settings)
    return with_threshold(settings, trading.best_threshold(made, settings, samples.market.step_ms))
