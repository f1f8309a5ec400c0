"""What a kind of model is, and what any is fitted on; engine/models/kinds.py says what is done with one.

There are two: networks (NetworkKind), which the trainer of engine/models/training fits, and regressions
(RegressionKind), which fit themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.models import stock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import keras
    import numpy as np
    from numpy.typing import NDArray

    from engine.models.training.fitted import Emit
    from engine.settings import Model, Settings

    Matrix = NDArray[np.float32]
    Rows = NDArray[np.int64]
    # (scaled features (T, F), first rows of windows (n,), emit) → the model's outputs, (n,) or (n, 3)
    Outputs = Callable[[Matrix, Rows, Emit], Matrix]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a model is fitted on: windows of `lookback` rows over a matrix.

    matrix: (T, F) scaled features. labels: (T,) scaled label of each target row, NaN where it is not known.
    train, validation: first rows of windows. weights: (T,) how much the training sample of each target row
    counts, of mean 1 over them; None: all alike. Validation's always count alike.
    held_out: how many of validation's windows are of each symbol, which lie one after the other; empty where
    there is one symbol.
    """

    matrix: Matrix
    labels: Matrix
    train: Rows
    validation: Rows
    lookback: int
    weights: Matrix | None = None
    held_out: Mapping[str, int] = field(default_factory=dict)


def every_weight_at_each_step(network: keras.Model) -> float:
    """Operations of a training step for one window: forward and backward, a multiply and an add a weight."""
    return float(6 * network.input_shape[1] * network.count_params())


@dataclass(frozen=True, eq=False)
class NetworkKind:
    """A kind of network; `engine.settings.MODELS` names all of them.

    name: in settings, in results and in the keys of what is cached.
    build: (lookback, features, settings, seed) → a network (B, lookback, features) float32 → (B, 1) float32,
    the scaled return of the target row, of stock Keras layers; the seed decides every first value. With
    model.output = quantiles it makes (B, 3): the return, its lower and its upper quantile.
    fast_pass: (network, trainable, fixed, window, training) → (forecast, fixed), as the network's
    `stateless_call` and quicker on a processor; None: that one.
    operations: what a training step on one window costs; groups of batches are sized by it.
    allowed_classes, allowed_functions: (module, class) and the texts that its saved file may name.
    parameters: the config in that file → how many weights it asks for, told before any is made.
    sha256: of the file that it was read from, hex; empty for a built-in. draws: whether
    its seed matters.
    """

    name: str
    build: Callable[[int, int, Model, int], keras.Model]
    fast_pass: Callable[..., Any] | None = None
    operations: Callable[[keras.Model], float] = every_weight_at_each_step
    allowed_classes: frozenset[tuple[str | None, str]] = stock.CLASSES
    allowed_functions: frozenset[str] = stock.FUNCTIONS
    parameters: Callable[[dict[str, Any]], int] = stock.parameters
    sha256: str = ""
    draws: bool = True


@dataclass(frozen=True, eq=False)
class RegressionKind:
    """A kind that fits itself on rows. Its model is a frozen dataclass of arrays and numbers.

    fitted: (lessons, settings) → the model, and its losses on training and validation after each step.
    predict: (model, matrix (T, F), first rows of windows (n,)) → (n,) float64, or (n, 3) with quantiles; a
    window's own rows decide.
    arrays: the model → the arrays of its file by name. made: those arrays → the model, checked.
    features: the model → how many it takes. The others are as a network's.
    """

    name: str
    fitted: Callable[[TrainingData, Settings], tuple[Any, NDArray[np.float64]]]
    predict: Callable[[Any, Matrix, Rows], NDArray[np.float64]]
    arrays: Callable[[Any], dict[str, NDArray[Any]]]
    made: Callable[[dict[str, NDArray[Any]]], Any]
    features: Callable[[Any], int]
    draws: bool = False
    sha256: str = ""


Kind: TypeAlias = NetworkKind | RegressionKind


def members_of(model: Model, kind: Kind) -> int:
    """How many models are fitted: one where seeds make no difference."""
    return model.members if kind.draws else 1
