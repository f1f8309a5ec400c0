"""Ridge regression on the windows that a network sees: a kind of model, and the linear baseline.

A window of L rows and F features is one row of L·F numbers. Overlapping windows share their rows, so the
products of all windows follow from products of lagged rows, and the table of N·L·F numbers is never built:
memory is that of one matrix of L·F by L·F, whatever N is. Where a window holds more than LARGEST numbers,
only its last rows are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.models.arrays_file import need
from engine.models.definition import RegressionKind, TrainingData

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.settings import Settings

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Matrix = NDArray[np.floating[Any]]

LARGEST = 2048
AT_ONCE = 20_000  # windows
LAID_OUT = 2_000  # windows whose rows are copied side by side
PENALTIES = (0.1, 1.0, 10.0, 100.0)  # per training window, on numbers of variance 1


@dataclass(frozen=True)
class Ridge:
    """A linear forecast of the label from the last K rows of a window of `lookback` rows.

    coefficient: (K, F). intercept in label units. penalty: the one of PENALTIES that validation chose.
    """

    coefficient: Floats
    intercept: float
    penalty: float
    lookback: int

    def predict(self, matrix: Matrix, start: Rows) -> Floats:
        """Forecasts (N,) for the windows of matrix (T, F) that begin at start (N,)."""
        first = start + self.lookback - len(self.coefficient)
        forecast = np.full(len(start), self.intercept)
        for lag, coefficient in enumerate(self.coefficient):
            for part in parts(len(start)):
                # row by row, so that no forecast hangs on which others are asked for
                forecast[part] += (matrix[first[part] + lag] * coefficient).sum(axis=1)
        return forecast


def fit(
    matrix: Matrix,
    lookback: int,
    train: Rows,
    label: Floats,
    validation: Rows,
    validation_label: Floats,
    largest: int = LARGEST,
    weight: Floats | None = None,
) -> Ridge:
    """Fit on the windows of matrix (T, F) that begin at train (N,), with their labels (N,).

    weight: (N,) how much each counts; None: all alike.
    The penalty is the one whose forecasts of the validation windows (M,) have the least squared error.
    Features are centred and scaled by the training windows' own mean and deviation.
    """
    from scipy.linalg import cho_factor, cho_solve

    features = matrix.shape[1]
    rows = max(1, min(lookback, largest // features))  # K
    first = train + lookback - rows
    centre = float(np.average(label, weights=weight))
    if weight is None:
        mean, products, crossed = sums(matrix, first, rows, label - centre)
    else:
        mean, products, crossed = weighted_sums(matrix, first, rows, label - centre, weight)
    products -= np.outer(mean, mean)  # (KF, KF) covariance of the flattened windows
    scale = np.sqrt(np.maximum(np.diag(products), 0.0))
    scale[scale <= 1e-9 * max(1.0, float(scale.max()))] = np.inf  # a constant takes no part
    products /= np.outer(scale, scale)
    diagonal = np.arange(len(products))
    found: list[tuple[float, Ridge]] = []
    for penalty in PENALTIES:
        system = products.copy()
        system[diagonal, diagonal] += penalty
        slope = cho_solve(cho_factor(system, overwrite_a=True), crossed / scale) / scale  # (KF,)
        ridge = Ridge(slope.reshape(rows, features), float(centre - mean @ slope), penalty, lookback)
        error = float(np.square(validation_label - ridge.predict(matrix, validation)).mean())
        found.append((error, ridge))
    return min(found, key=lambda each: each[0])[1]


def sums(matrix: Matrix, first: Rows, rows: int, label: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean (KF,), mean outer product (KF, KF) and mean product with the label (KF,) of windows of K rows.

    first: (N,) their first rows. The product of rows i and i+d over all windows follows from that of rows
    i-1 and i-1+d by what enters and leaves at the ends of each run of consecutive windows.
    """
    count, features = len(first), matrix.shape[1]
    enters = first[np.append(np.diff(first) != 1, True)] + 1  # (R,) the row after a run's last window began
    leaves = first[np.insert(np.diff(first) != 1, 0, True)]  # (R,)
    products = np.empty((rows, features, rows, features))
    mean, crossed = np.zeros((2, rows, features))
    for lag in range(rows):
        product = np.zeros((features, features))  # of row i and row i + lag of the window, over all windows
        for part in parts(count):
            here, there = (matrix[first[part] + ahead].astype(np.float64) for ahead in (0, lag))
            product += here.T @ there
            mean[lag] += there.sum(axis=0)
            crossed[lag] += label[part] @ there
        for row in range(rows - lag):
            products[row, :, row + lag, :] = product
            products[row + lag, :, row, :] = product.T
            for ends, sign in ((enters, 1.0), (leaves, -1.0)):
                if row + lag + 1 < rows:
                    product = product + sign * outer(matrix, ends + row, ends + row + lag)
    size = rows * features
    return mean.ravel() / count, products.reshape(size, size) / count, crossed.ravel() / count


def weighted_sums(
    matrix: Matrix, first: Rows, rows: int, label: Floats, weight: Floats
) -> tuple[Floats, Floats, Floats]:
    """What `sums` gives, of windows of which each counts by its weight, (N,).

    Weights do not move with rows as windows do, so windows are laid out, a few at a time.
    """
    size = rows * matrix.shape[1]
    products, (mean, crossed) = np.zeros((size, size)), np.zeros((2, size))
    for begin in range(0, len(first), LAID_OUT):
        part = slice(begin, begin + LAID_OUT)
        laid_out = matrix[first[part, None] + np.arange(rows)].reshape(-1, size).astype(np.float64)  # (n, KF)
        weighed = laid_out * weight[part, None]  # (n, KF)
        products += laid_out.T @ weighed
        mean += weighed.sum(axis=0)
        crossed += label[part] @ weighed
    whole = weight.sum()
    return mean / whole, products / whole, crossed / whole


def outer(matrix: Matrix, left: Rows, right: Rows) -> Floats:
    """Sum of the outer products of rows, (F, F)."""
    found: Floats = matrix[left].astype(np.float64).T @ matrix[right].astype(np.float64)
    return found


def parts(count: int) -> Iterator[slice]:
    """Slices of so many windows, AT_ONCE at a time."""
    return (slice(begin, begin + AT_ONCE) for begin in range(0, count, AT_ONCE))


SHAPES: dict[str, tuple[type[np.generic], int]] = {
    "coefficient": (np.float64, 2), "intercept": (np.float64, 0), "penalty": (np.float64, 0),
    "lookback": (np.int64, 0),
}  # fmt: skip


def fitted(lessons: TrainingData, settings: Settings) -> tuple[Ridge, Floats]:  # noqa: ARG001
    """Ridge regression as a model, and its squared errors on training and validation, (1, 2)."""
    from threadpoolctl import threadpool_limits

    matrix, parts = lessons.matrix, (lessons.train, lessons.validation)
    labels = [lessons.labels[part + lessons.lookback].astype(np.float64) for part in parts]
    of_rows = lessons.weights  # (T,)
    weight = None if of_rows is None else of_rows[parts[0] + lessons.lookback].astype(np.float64)  # (N,)
    with threadpool_limits(1, user_api="blas"):  # sums in one order
        model = fit(matrix, lessons.lookback, parts[0], labels[0], parts[1], labels[1], weight=weight)
        errors = [
            np.average(np.square(label - model.predict(matrix, part)), weights=counts)
            for part, label, counts in zip(parts, labels, (weight, None), strict=True)
        ]
    return model, np.array([errors])


def arrays(model: Ridge) -> dict[str, NDArray[Any]]:
    """What its file holds."""
    return {name: np.asarray(getattr(model, name), dtype) for name, (dtype, _) in SHAPES.items()}


def made(found: dict[str, NDArray[Any]]) -> Ridge:
    """The model of such arrays. Raises ValueError where it asks for more rows than a window has."""
    need(found, SHAPES)
    lookback = int(found["lookback"])
    if not 1 <= len(found["coefficient"]) <= lookback:
        raise ValueError(f"{len(found['coefficient'])} rows of windows of {lookback}")
    return Ridge(found["coefficient"], float(found["intercept"]), float(found["penalty"]), lookback)


RIDGE = RegressionKind("ridge", fitted, Ridge.predict, arrays, made, lambda model: model.coefficient.shape[1])
