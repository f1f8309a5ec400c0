"""Scaling of features and label, fitted on rows that training windows use and on no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from engine.samples import windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Kind = Literal["standard", "robust", "minmax", "none"]
ROWS_AT_A_TIME = 65_536  # scaling is done in float64, which as a whole would take more room than training
KINDS = {"standard": StandardScaler, "robust": RobustScaler, "minmax": MinMaxScaler}


@dataclass(frozen=True)
class Scalers:
    """scikit-learn's scalers of the features (None = unscaled) and of the label."""

    features: Any
    label: Any

    def matrix(self, values: Floats) -> NDArray[np.float32]:
        """Scale all rows, (T, F) float64 to float32; rows that are not ready become 0.

        Those rows are in no window. They are zeroed so that no NaN is ever handed to the model.
        """
        matrix: NDArray[np.float32] = windows.aligned(values.shape)  # (T, F)
        for first in range(0, len(values), ROWS_AT_A_TIME):
            rows = values[first : first + ROWS_AT_A_TIME]
            scaled = self.features.transform(rows) if self.features is not None else rows
            matrix[first : first + ROWS_AT_A_TIME] = np.where(np.isfinite(scaled), scaled, 0.0)
        return matrix

    def to_label(self, returns: Floats) -> NDArray[np.float32]:
        """Returns (N,) as what the network is trained on, float32."""
        return self.label.transform(returns[:, None])[:, 0].astype(np.float32)  # type: ignore[no-any-return]

    def to_return(self, predicted: NDArray[np.float32]) -> Floats:
        """The network's outputs (N,) back in return units, float64."""
        return self.label.inverse_transform(predicted[:, None].astype(np.float64))[:, 0]  # type: ignore[no-any-return]


def fit(kind: Kind, training_rows: Floats, training_returns: Floats) -> Scalers:
    """Fit on training rows (n, F) and training labels (m,) in return units."""
    features = KINDS[kind]().fit(training_rows) if kind != "none" else None
    return Scalers(features, StandardScaler().fit(training_returns[:, None]))
