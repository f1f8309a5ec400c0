"""The stacked LSTM: its network of stock Keras layers, and the same pass written for processors.

The saved model loads anywhere Keras does. The pass is equal to the layers' own but for rounding. What makes
the difference: it keeps each gate in an array of its own, and the gradients of the weights are one product
over all steps at the end instead of one a step. On a GPU the layers' own pass is better: it takes cuDNN.

Arrays of the pass are time first: (L, B, F) and (L, B, U) for L steps, B sequences, F features, U units. A
layer has a kernel (F, 4U), a recurrent kernel (U, 4U), a bias (4U,); gates in Keras's order: input i, forget
f, cell g, output o.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.extend.random import threefry_2x32

from engine.compat.keras_archive import MODEL, UNTRUSTED
from engine.errors import InternalError, RepairDataError
from engine.models.definition import NetworkKind
from engine.models.stock import LONGEST
from engine.models.training.first_values import at_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.settings import Model

LEVELS = 65_536  # of the random numbers that dropout is decided by


def build(lookback: int, features: int, model: Model, seed: int) -> keras.Model:
    """(B, lookback, features) float32 → (B, 1) float32, the scaled return of the target row.

    (B, 3) where quantiles are asked for: the return, the lower and the upper one.
    Weights and dropout are drawn from `seed` alone: equal seeds give equal networks in any process.
    """
    key = ("lstm", model.units, model.dropout > 0, features, model.outputs)
    made: keras.Model = at_once(lambda: stacked(lookback, features, model, seed), *key)
    return made


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
    layers.append(keras.layers.Dense(model.outputs, kernel_initializer=first_weights, name="forecast"))
    return keras.Sequential(layers, name="lstm")


def forward(
    network: keras.Model,
    trainable: Sequence[jax.Array],
    fixed: Sequence[jax.Array],
    window: jax.Array,
    training: bool,
) -> tuple[jax.Array, list[jax.Array]]:
    """As `network.stateless_call` of what `build` makes: (B, L, F) to (B, 1), and the fixed variables after.

    Dropout's masks are other ones than the layer's own. Raises InternalError for a layer that `build` does
    not make.
    """
    weights, fixed = iter(trainable), list(fixed)
    states = jnp.swapaxes(window, 0, 1)  # (L, B, F)
    for layer in network.layers:
        match layer:
            case keras.layers.LSTM():
                states = lstm(states, next(weights), next(weights), next(weights))  # (L, B, U)
                if not layer.return_sequences:
                    states = states[-1]  # (B, U)
            case keras.layers.Dropout() if training:
                place = position(layer.seed_generator.state, network.non_trainable_variables)
                states = dropped(states, fixed[place], layer.rate)
                fixed[place] = fixed[place] + jnp.array([0, 1], jnp.uint32)  # as Keras counts draws
            case keras.layers.Dropout():
                pass
            case keras.layers.Dense():
                states = states @ next(weights) + next(weights)  # (B, 1)
            case _:
                raise InternalError(f"model {network.name}", f"holds a {type(layer).__name__}")
    return states, fixed


def position(variable: Any, variables: Sequence[Any]) -> int:
    """Where a variable stands among others."""
    return next(index for index, each in enumerate(variables) if each is variable)


def dropped(states: jax.Array, seed: jax.Array, rate: float) -> jax.Array:
    """The states with a share of them set to 0 and the others enlarged, so that the mean stays.

    Half a random word decides for each state; `seed` is (2,) uint32. The share is the rate to 1/65,536.
    """
    out = round(rate * LEVELS)
    words = threefry_2x32(seed, jnp.arange(-(-states.size // 2), dtype=jnp.uint32))
    drawn = jax.lax.bitcast_convert_type(words, jnp.uint16).reshape(-1)[: states.size]
    return jnp.where(drawn.reshape(states.shape) >= out, states * (LEVELS / (LEVELS - out)), 0.0)


@jax.custom_vjp
def lstm(inputs: jax.Array, kernel: jax.Array, recurrent: jax.Array, bias: jax.Array) -> jax.Array:
    """States after each step, (L, B, F) to (L, B, U).

    With x the inputs, h the states, c the cell and z = [x, h] · [kernel, recurrent] + bias at each step:
    i, f, o = sigmoid of their parts of z, g = tanh(z_g), c = f·c + i·g, h = o·tanh(c).
    Source: Hochreiter and Schmidhuber 1997, Long short-term memory, with the forget gate, as Keras has it.
    """
    return lstm_forward(inputs, kernel, recurrent, bias)[0]


def lstm_forward(
    inputs: jax.Array, kernel: jax.Array, recurrent: jax.Array, bias: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """The states, and what the gradient needs."""
    units, nothing = recurrent.shape[0], jnp.zeros((inputs.shape[1], recurrent.shape[0]))
    both = jnp.concatenate([kernel, recurrent])  # (F + U, 4U)
    # sigmoid(z) = tanh(z / 2) / 2 + 1/2, so that one call of tanh makes all four gates
    half = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], np.float32), units)  # (4U,)
    up = 1.0 - half  # (4U,)

    def step(carried: tuple[jax.Array, jax.Array], x: jax.Array) -> Any:
        h, c = carried  # (B, U) each
        z = jnp.concatenate([x, h], axis=1) @ both + bias  # (B, 4U)
        i, f, g, o = jnp.split(jnp.tanh(z * half) * half + up, 4, axis=1)  # (B, U) each
        c_next = f * c + i * g
        tanh_c = jnp.tanh(c_next)
        h = o * tanh_c
        return (h, c_next), (h, c, tanh_c, i, f, g, o)

    _, steps = jax.lax.scan(step, (nothing, nothing), inputs)
    return steps[0], (inputs, kernel, recurrent, *steps)


def lstm_backward(saved: tuple[jax.Array, ...], gradient: jax.Array) -> tuple[jax.Array, ...]:
    """Gradients of inputs, kernel, recurrent kernel and bias from that of the states, (L, B, U)."""
    inputs, kernel, recurrent, states, *steps = saved
    length, batch, features = inputs.shape
    nothing, back = jnp.zeros(states.shape[1:]), recurrent.T

    def step(carried: tuple[jax.Array, jax.Array], now: tuple[jax.Array, ...]) -> Any:
        dh, dc = carried  # (B, U) each
        dh_above, c, tanh_c, i, f, g, o = now
        dh = dh + dh_above
        dc = dc + dh * o * (1.0 - tanh_c * tanh_c)
        dz = jnp.concatenate(
            [
                dc * g * i * (1.0 - i),
                dc * c * f * (1.0 - f),
                dc * i * (1.0 - g * g),
                dh * tanh_c * o * (1.0 - o),
            ],
            axis=1,
        )  # (B, 4U)
        return (dz @ back, dc * f), dz

    _, dz = jax.lax.scan(step, (nothing, nothing), (gradient, *steps), reverse=True)  # (L, B, 4U)
    flat = dz.reshape(length * batch, -1)  # (L·B, 4U)
    before = states[:-1].reshape((length - 1) * batch, -1)  # (L·B - B, U) the first step starts from nothing
    return (
        (flat @ kernel.T).reshape(inputs.shape),
        inputs.reshape(length * batch, features).T @ flat,
        before.T @ flat[batch:],
        flat.sum(axis=0),
    )


lstm.defvjp(lstm_forward, lstm_backward)


def parameters(config: dict[str, Any]) -> int:
    """How many weights a config asks for. Raises RepairDataError unless it is a stack of these layers."""
    if config["class_name"] != "Sequential":
        raise RepairDataError(MODEL, f"is a {config['class_name']}, not a Sequential", UNTRUSTED)
    first, *layers = config["config"]["layers"]
    _, lookback, width = first["config"]["batch_shape"]
    count = 0
    for layer in layers:
        units = layer["config"].get("units", 0)
        match layer["class_name"]:
            case "LSTM":
                count += 4 * units * (width + units + 1)
            case "Dense":
                count += units * (width + 1)
            case "Dropout":
                pass
            case other:
                raise RepairDataError(MODEL, f"holds a {other} among its layers", UNTRUSTED)
        width = units or width
    if not 0 < lookback <= LONGEST or count <= 0:
        raise RepairDataError(MODEL, f"asks for windows of {lookback} rows and {count} weights", UNTRUSTED)
    return count


LSTM = NetworkKind(
    "lstm",
    build,
    fast_pass=forward,
    allowed_classes=frozenset(
        {
            ("keras", "Sequential"),
            ("keras", "DTypePolicy"),
            *(("keras.layers", name) for name in ("InputLayer", "LSTM", "Dropout", "Dense")),
            *(("keras.initializers", name) for name in ("GlorotUniform", "Orthogonal", "Zeros")),
        }
    ),
    allowed_functions=frozenset({"tanh", "sigmoid", "linear"}),
    parameters=parameters,
)
