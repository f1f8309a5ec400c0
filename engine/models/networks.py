"""Networks of stock Keras layers: GRU, temporal convolution, attention and a multilayer perceptron.

Each makes of windows (B, lookback, features) the scaled return of the target row, (B, 1), or (B, 3) with its
quantiles. Row t of what is
between sees rows up to t alone. Every first value and every mask is drawn from the seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from engine.models.definition import NetworkKind
from engine.models.training.first_values import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.settings import Model

KERNEL = 3  # rows that a convolution sees
HEADS = 4


class Draw:
    """Layers whose chance comes from one seed."""

    def __init__(self, seed: int, count: int = 256) -> None:
        """So many draws at most."""
        self.seeds: Iterator[int] = map(int, np.random.SeedSequence(seed).generate_state(count))

    def glorot(self) -> keras.initializers.Initializer:
        """First weights."""
        return keras.initializers.GlorotUniform(next(self.seeds))

    def dense(self, units: int, **more: Any) -> keras.layers.Layer:
        """A dense layer."""
        return keras.layers.Dense(units, kernel_initializer=self.glorot(), **more)

    def convolution(self, units: int, **more: Any) -> keras.layers.Layer:
        """A causal convolution."""
        return keras.layers.Conv1D(units, KERNEL, padding="causal", kernel_initializer=self.glorot(), **more)

    def dropped(self, states: Any, share: float) -> Any:
        """The states after dropout, if there is any."""
        return keras.layers.Dropout(share, seed=next(self.seeds))(states) if share else states


def kind_of(name: str, states_of: Callable[[Any, Model, Draw], Any]) -> NetworkKind:
    """The kind whose windows become states (B, U) by that function, and these a forecast."""

    def build(lookback: int, features: int, model: Model, seed: int) -> keras.Model:
        def make() -> keras.Model:
            draw = Draw(seed)
            window = keras.Input((lookback, features), name="window")
            return keras.Model(
                window, draw.dense(model.outputs, name="forecast")(states_of(window, model, draw)), name=name
            )

        keras.utils.clear_session(free_memory=False)  # layers are numbered from 1
        made: keras.Model = at_once(make, name, repr(model), model.outputs, lookback, features)
        return made

    return NetworkKind(name, build)


def last(states: Any) -> Any:
    """The states after the last row, (B, L, U) to (B, U)."""
    lookback = states.shape[1]
    return keras.layers.Flatten()(keras.layers.Cropping1D((lookback - 1, 0))(states))


def gru(states: Any, model: Model, draw: Draw) -> Any:
    """GRU layers on top of each other. Source: Cho et al. 2014."""
    deepest = len(model.units) - 1
    for depth, units in enumerate(model.units):
        states = keras.layers.GRU(
            units,
            return_sequences=depth < deepest,
            kernel_initializer=draw.glorot(),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(draw.seeds)),
            seed=next(draw.seeds),
        )(states)
        if depth < deepest or not deepest:
            states = draw.dropped(states, model.dropout)
    return states


def tcn(states: Any, model: Model, draw: Draw) -> Any:
    """Residual blocks of two causal convolutions, each seeing twice as far back. Source: Bai et al. 2018."""
    for depth, units in enumerate(model.units):
        inner = states
        for _ in range(2):
            inner = draw.convolution(units, dilation_rate=2**depth, activation="relu")(inner)
            inner = draw.dropped(inner, model.dropout)
        if states.shape[2] != units:
            states = draw.dense(units)(states)
        states = keras.layers.ReLU()(keras.layers.Add()([states, inner]))
    return last(states)


def attention(states: Any, model: Model, draw: Draw) -> Any:
    """Causal transformer blocks; a convolution before each tells neighbours. Source: Vaswani et al. 2017."""
    for units in model.units:
        states = draw.convolution(units)(states)
        heads = keras.layers.MultiHeadAttention(
            HEADS, max(units // HEADS, 1), kernel_initializer=draw.glorot(), seed=next(draw.seeds)
        )
        normal = keras.layers.LayerNormalization()(states)
        seen = draw.dropped(heads(normal, normal, use_causal_mask=True), model.dropout)
        states = keras.layers.Add()([states, seen])
        wide = draw.dense(2 * units, activation="relu")(keras.layers.LayerNormalization()(states))
        states = keras.layers.Add()([states, draw.dropped(draw.dense(units)(wide), model.dropout)])
    return last(keras.layers.LayerNormalization()(states))


def mlp(states: Any, model: Model, draw: Draw) -> Any:
    """Dense layers on the last row of the window."""
    states = last(states)
    for units in model.units:
        states = draw.dropped(draw.dense(units, activation="relu")(states), model.dropout)
    return states


GRU, TCN, ATTENTION, MLP = (
    kind_of(name, states_of)
    for name, states_of in (("gru", gru), ("tcn", tcn), ("attention", attention), ("mlp", mlp))
)
