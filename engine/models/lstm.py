"""The stacked LSTM, stock Keras layers throughout, so that the saved model loads anywhere Keras does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import keras
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from engine.models.training.export_cache import ExportedProgram

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.settings import Model


def build(lookback: int, features: int, model: Model, seed: int) -> keras.Model:
    """(B, lookback, features) float32 → (B, 1) float32, the scaled return of the target row.

    Weights and dropout are drawn from `seed` alone: equal seeds give equal networks in any process.
    """
    key = ("lstm", model.units, model.dropout > 0, features)
    made: keras.Model = at_once(lambda: stacked(lookback, features, model, seed), *key)
    return made


def at_once(make: Callable[[], Any], *key: object) -> Any:
    """What `make` makes, its variables given their first values by one compiled call, the same to the bit.

    Keras draws each in calls of its own, most of a second in all. What `make` holds of arrays, such as
    seeds, is handed to the call as arguments, so that it is compiled once for all seeds; `key` is the rest.
    """
    made: list[Any] = []

    def drawn() -> list[jax.Array]:
        made.append(make())
        return [variable.value for variable in made[0].variables]

    program = jax.make_jaxpr(drawn)()

    def values_of(arrays: list[Any]) -> Any:
        return jaxpr_as_fun(ClosedJaxpr(program.jaxpr, arrays))()

    values = ExportedProgram(jax.jit(values_of), *key)(program.consts)
    for variable, value in zip(made[0].variables, values, strict=True):
        variable.assign(np.asarray(value))  # bound to no device, as Keras's own
    return made[0]


def stacked(lookback: int, features: int, model: Model, seed: int) -> keras.Model:
    """The network, its weights drawn by Keras."""
    drawn = map(int, np.random.SeedSequence(seed).generate_state(4 * len(model.units) + 1))
    layers: list[keras.Layer] = [keras.Input((lookback, features), name="window")]
    last = len(model.units) - 1
    for depth, units in enumerate(model.units):
        layers.append(
            keras.layers.LSTM(
                units,
                return_sequences=depth < last,
                kernel_initializer=keras.initializers.GlorotUniform(next(drawn)),
                recurrent_initializer=keras.initializers.Orthogonal(seed=next(drawn)),
                seed=next(drawn),
                name=f"lstm_{depth + 1}",
            )
        )
        if model.dropout and (depth < last or last == 0):
            layers.append(keras.layers.Dropout(model.dropout, seed=next(drawn), name=f"dropout_{depth + 1}"))
    first_weights = keras.initializers.GlorotUniform(next(drawn))
    layers.append(keras.layers.Dense(1, kernel_initializer=first_weights, name="forecast"))
    return keras.Sequential(layers, name="lstm")


def optimizer(model: Model, learning_rate: float, weights: Sequence[keras.Variable]) -> keras.Optimizer:
    """Adam with decoupled weight decay of all but the biases, gradients clipped by their global norm.

    Source: Loshchilov and Hutter 2019, Decoupled weight decay regularization. A step takes the share
    `weight_decay` of each weight away, and less as the learning rate falls. Either setting is off at 0.
    """

    def make() -> keras.Optimizer:
        made = keras.optimizers.AdamW(
            learning_rate,
            weight_decay=model.weight_decay / learning_rate,  # Keras multiplies by the learning rate
            global_clipnorm=model.gradient_clip or None,
        )
        made.exclude_from_weight_decay(var_names=["bias"])
        made.build(weights)
        return made

    return at_once(make, "optimizer", learning_rate, [tuple(weight.shape) for weight in weights])
