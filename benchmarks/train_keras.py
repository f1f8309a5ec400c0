"""Training of the reference networks by stock Keras: windows materialised, `fit` as it comes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from benchmarks import work
from benchmarks.first_weights import in_order_of

if TYPE_CHECKING:
    from collections.abc import Callable


def training(count: str, kind: str = "lstm") -> dict[str, Callable[[], Any]]:
    """`losses`: running mean losses of 40 steps without dropout. `epoch`: one epoch with it."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    sequences = work.Sequences(int(count))
    windows = sequences.windows()  # (N, L, F)
    labels = sequences.labels[work.LOOKBACK :]  # (N,)

    def model(dropout: float) -> Any:
        made = stacked_lstm(dropout) if kind == "lstm" else stock(kind, dropout)
        made.set_weights(in_order_of([each.shape for each in made.weights], kind))
        made.compile(optimizer=keras.optimizers.Adam(work.RATE), loss="mse")
        return made

    def fit(made: Any, order: Any, callbacks: Any = ()) -> float:
        history = made.fit(
            windows[order],
            labels[order],
            batch_size=work.BATCH,
            shuffle=False,
            verbose=0,
            callbacks=list(callbacks),
        )
        return float(history.history["loss"][-1])

    def losses() -> list[float]:
        by_batch: list[float] = []
        emit = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda _, logs: by_batch.append(float(logs["loss"]))
        )
        fit(model(0.0), sequences.order(0)[: 40 * work.BATCH], [emit])
        return by_batch

    timed = model(work.DROPOUT)
    epochs = iter(range(1_000_000))
    return {"losses": losses, "epoch": lambda: fit(timed, sequences.order(next(epochs)))}


def stacked_lstm(dropout: float) -> Any:
    """The reference network as anybody would write it."""
    import keras

    layers = [
        keras.Input((work.LOOKBACK, work.FEATURES)),
        keras.layers.LSTM(work.UNITS[0], return_sequences=True),
    ]
    layers += [keras.layers.Dropout(dropout, seed=1)] if dropout else []
    return keras.Sequential([*layers, keras.layers.LSTM(work.UNITS[1]), keras.layers.Dense(1)])


def stock(kind: str, dropout: float) -> Any:
    """The network of stock layers that quantdeck trains."""
    from engine.models.registry import to_build
    from engine.settings import Model

    chosen = Model(kind=kind, units=work.UNITS, dropout=dropout)
    return to_build(chosen).build(work.LOOKBACK, work.FEATURES, chosen, 1)
