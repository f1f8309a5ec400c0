"""What a kind of model is: all that building, training, saving and loading one takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.models import stock

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from engine.settings import Model


def every_weight_at_each_step(network: keras.Model) -> float:
    """Operations of a training step for one window: forward and backward, a multiply and an add a weight."""
    return float(6 * network.input_shape[1] * network.count_params())


@dataclass(frozen=True, eq=False)
class ModelKind:
    """One kind of model; `engine.settings.MODELS` names all of them.

    name: in settings, in results and in the keys of what is cached.
    build: (lookback, features, settings, seed) → a network (B, lookback, features) float32 → (B, 1) float32,
    the scaled return of the target row, of stock Keras layers; the seed decides every first value.
    fast_pass: (network, trainable, fixed, window, training) → (forecast, fixed), as the network's
    `stateless_call` and quicker on a processor; None: that one.
    operations: what a training step on one window costs; groups of batches are sized by it.
    allowed_classes, allowed_functions: (module, class) and the texts that its saved file may name.
    parameters: the config in that file → how many weights it asks for, told before any is made.
    sha256: of the file that it was read from, hex; empty for a built-in.
    """

    name: str
    build: Callable[[int, int, Model, int], keras.Model]
    fast_pass: Callable[..., Any] | None = None
    operations: Callable[[keras.Model], float] = every_weight_at_each_step
    allowed_classes: frozenset[tuple[str | None, str]] = stock.CLASSES
    allowed_functions: frozenset[str] = stock.FUNCTIONS
    parameters: Callable[[dict[str, Any]], int] = stock.parameters
    sha256: str = ""
