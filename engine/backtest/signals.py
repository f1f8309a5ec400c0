"""From predictions to signals, and from signals to target weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]


def threshold(prediction: Floats, entry_threshold: float | Floats) -> NDArray[np.int8]:
    """Signals (N,): +1 above the threshold, -1 below its negative, else 0; 0 where prediction is NaN.

    prediction (N,) and entry_threshold, one or (N,), are returns.
    """
    return signals_from_band(prediction, prediction, entry_threshold)


def signals_from_band(low: Floats, high: Floats, entry_threshold: float | Floats) -> NDArray[np.int8]:
    """Signals (N,): +1 where all of a band lies above the threshold, -1 where all lies below its negative.

    Else 0, and 0 where the band is NaN. low, high: (N,) returns. entry_threshold: one or (N,), 0 or more;
    of (V, 1) or (V, N) they are (V, N).
    """
    above = low > entry_threshold  # (N,) a NaN is neither above nor below
    below = high < -entry_threshold  # (N,)
    return above.astype(np.int8) - below.astype(np.int8)


def targets(
    signal: NDArray[np.integer],
    neutral: Literal["hold", "flat"] = "hold",
    *,
    short: bool = True,
    predicted: NDArray[np.bool_] | None = None,
    without_forecast: Literal["hold", "flat"] = "hold",
) -> NDArray[np.float64]:
    """Target weights (…, N) of signals (…, N): +1 long, -1 short, 0 close, NaN keep what is held.

    A neutral signal keeps (`hold`) or closes (`flat`); so does a bar that is not `predicted` (N,), as
    `without_forecast` says. Without `short` a -1 closes.
    """
    weight = signal.astype(np.float64)  # (…, N)
    if not short:
        np.copyto(weight, 0.0, where=signal < 0)
    if neutral == "hold":
        np.copyto(weight, np.nan, where=signal == 0)
    if predicted is not None:
        np.copyto(weight, 0.0 if without_forecast == "flat" else np.nan, where=~predicted)
    return weight


def hold_for_horizon(weight: NDArray[np.float64], bars: int) -> NDArray[np.float64]:
    """Target weights (N,) that are held for so many bars each, as they are held: (N,), 0 where flat.

    What is decided while a position is held counts for nothing; the decision of its last open counts again.
    """
    held = np.zeros(len(weight))  # (N,)
    entries = np.flatnonzero(np.nan_to_num(weight))  # (n,) rows that open a position, were it flat
    row = 0
    while (place := np.searchsorted(entries, row)) < len(entries):
        row = entries[place] + bars
        held[entries[place] : row] = weight[entries[place]]
    return held
