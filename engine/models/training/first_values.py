"""Networks and optimizers whose variables get their first values by one compiled call each."""

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
