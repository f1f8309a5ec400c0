"""Scaling of features and label, fitted on rows that training windows use and on no other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from engine.samples import aligned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Kind = Literal["standard", "robust", "minmax", "none"]
LEAST = 0.1  # of the typical volatility: calmer moments are taken for as volatile as that
ROWS_AT_A_TIME = 65_536  # scaling is done in float64, which as a whole would take more room than training
KINDS = {"standard": StandardScaler, "robust": RobustScaler, "minmax": MinMaxScaler}


@dataclass(frozen=True)
class Scalers:
    """scikit-learn's scalers of the features (None = unscaled) and of the label.

    clip, label_clip: where scaled features and labels are cut off, on both sides of 0; 0: nowhere.
    volatility: what the volatility at training targets typically is; 0: returns are not divided by it.
    by_symbol: scalers of the features of each symbol of a universe that has its own.
    """

    features: Any
    label: Any
    clip: float = 0.0
    label_clip: float = 0.0
    volatility: float = 0.0
    by_symbol: Mapping[str, Any] = field(default_factory=dict)

    def matrix(self, values: Floats) -> NDArray[np.float32]:
        """Scale all rows, (T, F) float64 to float32, and cut them off; rows that are not ready become 0.

        Those rows are in no window. They are zeroed so that no NaN is ever handed to the model.
        """
        matrix: NDArray[np.float32] = aligned.empty(values.shape)  # (T, F)
        for first in range(0, len(values), ROWS_AT_A_TIME):
            rows = values[first : first + ROWS_AT_A_TIME]
            scaled = self.features.transform(rows) if self.features is not None else rows
            scaled = np.clip(scaled, -self.clip, self.clip) if self.clip else scaled
            matrix[first : first + ROWS_AT_A_TIME] = np.where(np.isfinite(scaled), scaled, 0.0)
        return matrix

    def unit(self, volatility: Floats) -> Floats:
        """What returns are divided by, (N,): the volatility, (N,), and the typical one where it is not known.

        Never less than LEAST of the typical one, since a market at rest would make any return enormous.
        """
        if not self.volatility:
            return np.ones(len(volatility))
        known = np.where(np.isfinite(volatility), volatility, self.volatility)
        return np.maximum(known, LEAST * self.volatility)

    def to_label(self, returns: Floats, volatility: Floats) -> NDArray[np.float32]:
        """Returns (N,) as what the model is trained on, float32. volatility: (N,) at their decisions."""
        scaled = self.label.transform((returns / self.unit(volatility))[:, None])[:, 0]
        scaled = np.clip(scaled, -self.label_clip, self.label_clip) if self.label_clip else scaled
        return scaled.astype(np.float32)  # type: ignore[no-any-return]

    def to_return(self, predicted: NDArray[np.float32], volatility: Floats) -> Floats:
        """The model's outputs (N,) back in return units, float64. volatility: (N,) at their decisions."""
        scaled = self.label.inverse_transform(predicted[:, None].astype(np.float64))[:, 0]
        return scaled * self.unit(volatility)  # type: ignore[no-any-return]


def fit(
    kind: Kind,
    training_rows: Floats,
    training_returns: Floats,
    volatility: Floats | None = None,
    clip: float = 0.0,
    label_clip: float = 0.0,
) -> Scalers:
    """Fit on training rows (n, F) and training labels (m,) in return units.

    volatility: (m,) at the training decisions, where labels are to be divided by it.
    """
    features = fitted(kind, training_rows) if kind != "none" else None
    known = volatility[np.isfinite(volatility)] if volatility is not None else np.empty(0)
    typical = float(np.median(known)) if len(known) else 0.0
    scalers = Scalers(features, None, clip, label_clip, typical)
    unit = scalers.unit(volatility) if volatility is not None else 1.0
    return replace(scalers, label=StandardScaler().fit((training_returns / unit)[:, None]))


def fitted(kind: Kind, rows: NDArray[Any]) -> Any:
    """A scaler of rows (n, F): of float32 ones, which are of several symbols and many, a block at a time.

    As a whole they would be fitted in float64, with a copy beside it. Quantiles need all rows at once.
    """
    scaler = KINDS[kind]()
    if rows.dtype != np.float32 or kind == "robust":
        return scaler.fit(rows)
    for first in range(0, len(rows), ROWS_AT_A_TIME):
        scaler.partial_fit(rows[first : first + ROWS_AT_A_TIME])
    return scaler
