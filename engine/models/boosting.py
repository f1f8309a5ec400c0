"""Gradient boosting of trees on the last row of a window: scikit-learn fits it, its trees are kept as arrays.

A file of arrays holds nothing that could run, and forecasts do not hang on scikit-learn's version.
Source: Friedman 2001, Greedy function approximation; Ke et al. 2017, LightGBM, for the histograms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.compat import boosted_trees
from engine.models.arrays_file import need
from engine.models.definition import RegressionKind, TrainingData

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.settings import Settings

RATE = 0.05  # of what a tree says
LEAST_ROWS = 200  # of a leaf
SHARE = 0.5  # of the features that a split may choose from, drawn anew for each
PATIENCE = 20  # trees without gain
PARTS = ("", "low_", "high_")  # what the arrays of forecast and quantiles begin with in a file
SHAPES: dict[str, tuple[type[np.generic], int]] = {
    "value": (np.float64, 1), "feature": (np.int64, 1), "threshold": (np.float64, 1), "left": (np.int64, 1),
    "right": (np.int64, 1), "first": (np.int64, 1), "base": (np.float64, 0), "takes": (np.int64, 0),
    "lookback": (np.int64, 0),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Forest:
    """M nodes of K trees, one after the other; first: (K,) the place of each tree's root.

    value: of a leaf. left, right: places of the children, from the root's on; 0 for a leaf. base: what the
    sum of the leaves is added to. takes: how many features. lookback: rows of a window.
    """

    value: NDArray[np.float64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    first: NDArray[np.int64]
    base: float
    takes: int
    lookback: int

    def predict(self, matrix: NDArray[np.float32], start: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecasts (n,) for the windows of matrix (T, F) that begin at start (n,)."""
        rows = matrix[start + self.lookback - 1]  # (n, F)
        each, forecast = np.arange(len(rows)), np.full(len(rows), self.base)  # (n,)
        for root in self.first.tolist():
            node = np.full(len(rows), root)  # (n,)
            while (inner := self.left[node] > 0).any():
                goes_left = rows[each, self.feature[node]] <= self.threshold[node]  # (n,)
                child = np.where(goes_left, self.left[node], self.right[node])
                node = np.where(inner, root + child, node)
            forecast += self.value[node]
        return forecast


@dataclass(frozen=True, eq=False)
class Forests:
    """The forecast, and what its lower and upper quantile are learned by."""

    forecast: Forest
    low: Forest
    high: Forest

    def predict(self, matrix: NDArray[np.float32], start: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast, lower and upper quantile, (n, 3), for the windows that begin at start (n,)."""
        return np.stack([each.predict(matrix, start) for each in vars(self).values()], axis=1)


def fitted(lessons: TrainingData, settings: Settings) -> tuple[Forest | Forests, NDArray[np.float64]]:
    """The trees of the forecast, of its quantiles where these are asked for, and the forecast's losses."""
    forecast, losses = grown(lessons, settings, {"loss": "squared_error"})
    if not settings.model.quantiles:
        return forecast, losses
    ends = [
        grown(lessons, settings, {"loss": "quantile", "quantile": share})[0]
        for share in settings.model.quantiles
    ]
    return Forests(forecast, *ends), losses


def grown(
    lessons: TrainingData, settings: Settings, loss: dict[str, Any]
) -> tuple[Forest, NDArray[np.float64]]:
    """The trees up to the one with the least loss on validation, and the losses after each, (K, 2)."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    chosen, last = settings.model, lessons.lookback - 1
    train, validation = lessons.train, lessons.validation
    label = lessons.labels.astype(np.float64)
    boosting = HistGradientBoostingRegressor(
        learning_rate=RATE, max_iter=chosen.trees, max_leaf_nodes=chosen.leaves, min_samples_leaf=LEAST_ROWS,
        max_features=SHARE, early_stopping=True, n_iter_no_change=PATIENCE, scoring="loss",
        random_state=settings.training.seed, **loss,
    )  # fmt: skip
    with threadpool_limits(1):  # sums in one order
        boosting.fit(
            lessons.matrix[train + last], label[train + last + 1],
            sample_weight=lessons.weights[train + last + 1] if lessons.weights is not None else None,
            X_val=lessons.matrix[validation + last], y_val=label[validation + last + 1],
        )  # fmt: skip
    losses = -np.stack([boosting.train_score_, boosting.validation_score_], axis=1)[1:]  # (K, 2)
    base, trees = boosted_trees.trees(boosting)
    kept = trees[: int(np.argmin(losses[:, 1])) + 1]
    sizes = [len(tree["value"]) for tree in kept]
    nodes = {name: np.concatenate([tree[name] for tree in kept]) for name in boosted_trees.COLUMNS}
    first = np.cumsum([0, *sizes[:-1]])
    return Forest(**nodes, first=first, base=base, takes=lessons.matrix.shape[1], lookback=last + 1), losses


def arrays(model: Forest | Forests) -> dict[str, NDArray[Any]]:
    """What its file holds; what is of a quantile bears its name."""
    forests = zip(PARTS, vars(model).values() if isinstance(model, Forests) else [model], strict=False)
    return {part + name: array for part, forest in forests for name, array in of_forest(forest).items()}


def of_forest(forest: Forest) -> dict[str, NDArray[Any]]:
    """The arrays of some trees."""
    return {name: np.asarray(getattr(forest, name), dtype) for name, (dtype, _) in SHAPES.items()}


def made(found: dict[str, NDArray[Any]]) -> Forest | Forests:
    """The model of such arrays. Raises ValueError for what is none."""
    if len(found) != len(PARTS) * len(SHAPES):
        return forest_of(found)
    forecast, low, high = (
        forest_of({name: found[part + name] for name in SHAPES if part + name in found}) for part in PARTS
    )
    if len({(each.takes, each.lookback) for each in (forecast, low, high)}) > 1:
        raise ValueError("its quantiles look at other windows than the forecast")
    return Forests(forecast, low, high)


def forest_of(found: dict[str, NDArray[Any]]) -> Forest:
    """The forest of such arrays. Raises ValueError for trees that do not end or ask for other features."""
    need(found, SHAPES)
    count, first = len(found["value"]), found["first"]
    if any(len(found[name]) != count for name in boosted_trees.COLUMNS) or not len(first):
        raise ValueError("its columns have different lengths")
    if first[0] != 0 or (np.diff(first, append=count) <= 0).any():
        raise ValueError("its trees do not follow each other")
    size = np.diff(first, append=count)  # (K,)
    place = np.arange(count) - np.repeat(first, size)  # (M,) within its tree
    left, right, most = found["left"], found["right"], np.repeat(size, size)
    leaf = (left == 0) & (right == 0)
    if not (leaf | ((place < np.minimum(left, right)) & (np.maximum(left, right) < most))).all():
        raise ValueError("its children do not come after their parents")
    takes, lookback = int(found["takes"]), int(found["lookback"])
    if lookback < 1 or not ((found["feature"] >= 0) & (found["feature"] < takes)).all():
        raise ValueError(f"it looks at features beyond {takes}, or at windows of {lookback} rows")
    nodes = {name: found[name] for name in (*boosted_trees.COLUMNS, "first")}
    return Forest(**nodes, base=float(found["base"]), takes=takes, lookback=lookback)


def predict(
    model: Forest | Forests, matrix: NDArray[np.float32], start: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What the model says of windows: (n,), or (n, 3) with quantiles."""
    return model.predict(matrix, start)


def features(model: Forest | Forests) -> int:
    """How many a row has."""
    return model.takes if isinstance(model, Forest) else model.forecast.takes


BOOSTING = RegressionKind("boosting", fitted, predict, arrays, made, features, draws=True)
