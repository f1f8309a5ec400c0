"""From predictions to signals, and from signals to target weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def threshold(prediction: NDArray[np.floating], entry_threshold: float) -> NDArray[np.int8]:
    """Signals (N,): +1 above the threshold, -1 below its negative, else 0; 0 where prediction is NaN.

    prediction (N,) and entry_threshold are returns.
    """
    above = prediction > entry_threshold  # (N,) a NaN is neither above nor below
    below = prediction < -entry_threshold  # (N,)
    return above.astype(np.int8) - below.astype(np.int8)


def targets(
    signal: NDArray[np.integer],
    neutral: Literal["hold", "flat"] = "hold",
    *,
    short: bool = True,
    predicted: NDArray[np.bool_] | None = None,
    without_forecast: Literal["hold", "flat"] = "hold",
) -> NDArray[np.float64]:
    """Target weights (N,) of signals (N,): +1 long, -1 short, 0 close, NaN keep what is held.

    A neutral signal keeps (`hold`) or closes (`flat`); so does a bar that is not `predicted` (N,), as
    `without_forecast` says. Without `short` a -1 closes.
    """
    weight = signal.astype(np.float64)  # (N,)
    if not short:
        weight[signal < 0] = 0.0
    if neutral == "hold":
        weight[signal == 0] = np.nan
    if predicted is not None:
        weight[~predicted] = 0.0 if without_forecast == "flat" else np.nan
    return weight
