"""What scikit-learn's histogram gradient boosting has learned, as arrays; only private names tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = {
    "value": ("value", np.float64), "feature": ("feature_idx", np.int64),
    "threshold": ("num_threshold", np.float64), "left": ("left", np.int64), "right": ("right", np.int64),
}  # fmt: skip


def trees(fitted: Any) -> tuple[float, list[dict[str, NDArray[Any]]]]:
    """The first forecast, and each tree's nodes (M,): value, feature, threshold, left and right child.

    A row goes left where its feature is at most the threshold. A leaf has 0 for both children.
    """
    found = []
    for (predictor,) in fitted._predictors:  # noqa: SLF001
        nodes = predictor.nodes
        inner = nodes["is_leaf"] == 0  # (M,)
        tree = {name: nodes[theirs].astype(dtype) for name, (theirs, dtype) in COLUMNS.items()}
        found.append({name: np.where(inner | (name == "value"), array, 0) for name, array in tree.items()})
    return float(fitted._baseline_prediction.ravel()[0]), found  # noqa: SLF001
