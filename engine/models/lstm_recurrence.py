"""What a stack of stock LSTM layers computes, written so that a processor takes its gradient quickly.

Equal to the network's own pass but for rounding. What makes the difference: the forward walk keeps each gate
in an array of its own, and the gradients of the weights are one product over all steps at the end instead
of one a step. On a GPU the layers' own pass is better: it takes cuDNN.

Arrays are time first: (L, B, F) and (L, B, U) for L steps, B sequences, F features, U units. A layer has a
kernel (F, 4U), a recurrent kernel (U, 4U), a bias (4U,); gates in Keras's order: input, forget, cell, output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.extend.random import threefry_2x32

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVELS = 65_536  # of the random numbers that dropout is decided by


def forward(
    network: keras.Model,
    trainable: Sequence[jax.Array],
    fixed: Sequence[jax.Array],
    window: jax.Array,
    training: bool,
) -> tuple[jax.Array, list[jax.Array]]:
    """As `network.stateless_call`: (B, L, F) to (B, 1), and the fixed variables after it.

    The network is one of engine.models.lstm.build. Dropout's masks are other ones than the layer's own.
    """
    weights, fixed = iter(trainable), list(fixed)
    states = jnp.swapaxes(window, 0, 1)  # (L, B, F)
    for layer in network.layers:
        if isinstance(layer, keras.layers.LSTM):
            states = lstm(states, next(weights), next(weights), next(weights))  # (L, B, U)
            if not layer.return_sequences:
                states = states[-1]  # (B, U)
        elif isinstance(layer, keras.layers.Dropout):
            if training:
                place = position(layer.seed_generator.state, network.non_trainable_variables)
                states = dropped(states, fixed[place], layer.rate)
                fixed[place] = fixed[place] + jnp.array([0, 1], jnp.uint32)  # as Keras counts draws
        else:
            states = states @ next(weights) + next(weights)  # (B, 1)
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

    Source: Hochreiter and Schmidhuber 1997, Long short-term memory, with the forget gate, as Keras has it.
    """
    return walked(inputs, kernel, recurrent, bias)[0]


def walked(
    inputs: jax.Array, kernel: jax.Array, recurrent: jax.Array, bias: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """The states, and what the way back needs."""
    units, nothing = recurrent.shape[0], jnp.zeros((inputs.shape[1], recurrent.shape[0]))
    both = jnp.concatenate([kernel, recurrent])  # (F + U, 4U)
    # sigmoid(z) = tanh(z / 2) / 2 + 1/2, so that one call of tanh makes all four gates
    half = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], np.float32), units)  # (4U,)
    up = 1.0 - half  # (4U,)

    def step(carried: tuple[jax.Array, jax.Array], now: jax.Array) -> Any:
        state, cell = carried  # (B, U) each
        drive = jnp.concatenate([now, state], axis=1) @ both + bias  # (B, 4U)
        write, keep, fresh, show = jnp.split(jnp.tanh(drive * half) * half + up, 4, axis=1)
        after = keep * cell + write * fresh
        bent = jnp.tanh(after)
        state = show * bent
        return (state, after), (state, cell, bent, write, keep, fresh, show)

    _, kept = jax.lax.scan(step, (nothing, nothing), inputs)
    return kept[0], (inputs, kernel, recurrent, *kept)


def walked_back(kept: tuple[jax.Array, ...], gradient: jax.Array) -> tuple[jax.Array, ...]:
    """Gradients of inputs, kernel, recurrent kernel and bias from that of the states, (L, B, U)."""
    inputs, kernel, recurrent, states, *steps = kept
    length, batch, features = inputs.shape
    nothing, back = jnp.zeros(states.shape[1:]), recurrent.T

    def step(carried: tuple[jax.Array, jax.Array], now: tuple[jax.Array, ...]) -> Any:
        by_state, by_cell = carried  # (B, U) each
        above, cell, bent, write, keep, fresh, show = now
        by_state = by_state + above
        by_cell = by_cell + by_state * show * (1.0 - bent * bent)
        by_drive = jnp.concatenate(
            [
                by_cell * fresh * write * (1.0 - write),
                by_cell * cell * keep * (1.0 - keep),
                by_cell * write * (1.0 - fresh * fresh),
                by_state * bent * show * (1.0 - show),
            ],
            axis=1,
        )  # (B, 4U)
        return (by_drive @ back, by_cell * keep), by_drive

    _, drive = jax.lax.scan(step, (nothing, nothing), (gradient, *steps), reverse=True)  # (L, B, 4U)
    flat = drive.reshape(length * batch, -1)  # (L·B, 4U)
    before = states[:-1].reshape((length - 1) * batch, -1)  # (L·B - B, U) the first step starts from nothing
    return (
        (flat @ kernel.T).reshape(inputs.shape),
        inputs.reshape(length * batch, features).T @ flat,
        before.T @ flat[batch:],
        flat.sum(axis=0),
    )


lstm.defvjp(walked, walked_back)
