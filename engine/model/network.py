"""The stacked LSTM, stock Keras layers throughout, so that the saved model loads anywhere Keras does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from engine.settings import Model


def build(lookback: int, features: int, model: Model, seed: int) -> keras.Model:
    """(B, lookback, features) float32 → (B, 1) float32, the scaled return of the target row.

    Weights and dropout are drawn from `seed` alone: equal seeds give equal networks in any process.
    """
    keras.utils.set_random_seed(seed)
    layers: list[keras.Layer] = [keras.Input((lookback, features), name="window")]
    last = len(model.units) - 1
    for depth, units in enumerate(model.units):
        layers.append(keras.layers.LSTM(units, return_sequences=depth < last, name=f"lstm_{depth + 1}"))
        if model.dropout and (depth < last or last == 0):
            layers.append(keras.layers.Dropout(model.dropout, seed=seed + depth, name=f"dropout_{depth + 1}"))
    layers.append(keras.layers.Dense(1, name="forecast"))
    return keras.Sequential(layers, name="lstm")


def optimizer(model: Model, learning_rate: float) -> keras.Optimizer:
    """Adam, with gradients clipped by their global norm unless the setting is 0."""
    return keras.optimizers.Adam(learning_rate, global_clipnorm=model.gradient_clip or None)
