"""Training and prediction of the reference networks by quantdeck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import work
from benchmarks.first_weights import in_order_of
from engine.models.training import backend
from engine.settings import Model, Training

if TYPE_CHECKING:
    from collections.abc import Callable


def training(count: str, devices: str, kind: str = "lstm") -> dict[str, Callable[[], Any]]:
    """`losses`: running mean losses of 40 steps without dropout. `epoch`: one epoch with it."""
    sequences = work.Sequences(int(count))
    used = prepared(devices)
    import keras

    from engine.models.registry import named
    from engine.models.training.fit import batches_a_group
    from engine.models.training.trainer import Groups, WindowTrainer

    chosen = named(kind)

    def trainer(dropout: float) -> Any:
        made = network(dropout, kind)
        walker = WindowTrainer(chosen, made, sequences.matrix, sequences.labels, "mse", used)
        walker.compile(optimizer=keras.optimizers.Adam(work.RATE))
        walker.optimizer.build(made.trainable_variables)
        return walker

    def losses() -> list[float]:
        by_batch: list[float] = []
        emit = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda _, logs: by_batch.append(float(logs["loss"]))
        )
        groups = Groups(sequences.order(0)[: 40 * work.BATCH], work.BATCH, 1, None)
        trainer(0.0).fit(groups, shuffle=False, verbose=0, callbacks=[emit])
        return by_batch

    timed = trainer(work.DROPOUT)
    batches = batches_a_group(chosen, timed.network, work.BATCH)
    epochs = iter(range(1_000_000))

    def epoch() -> float:
        groups = Groups(sequences.order(next(epochs)), work.BATCH, batches, None)
        return float(timed.fit(groups, shuffle=False, verbose=0).history["loss"][-1])

    return {"losses": losses, "epoch": epoch}


def prediction(count: str, devices: str) -> dict[str, Callable[[], Any]]:
    """`predict`: every window; answers a hundred of the predictions."""
    sequences = work.Sequences(int(count))
    used = prepared(devices)
    import numpy as np

    from engine.models.training.predict import Predictor

    model = network(0.0)
    starts = np.arange(sequences.count)

    def act() -> list[float]:
        found = Predictor(model, used)(sequences.matrix, starts, lambda _: None)
        return [float(each) for each in found[:: max(1, len(found) // 100)]]

    return {"predict": act}


def prepared(devices: str) -> int:
    """Settle the devices before keras is imported."""
    return backend.prepare(Training(batch_size=work.BATCH, devices=int(devices)))


def network(dropout: float, kind: str = "lstm") -> Any:
    """The reference network of a kind with the reference weights."""
    from engine.models.registry import named

    chosen = Model(kind=kind, units=work.UNITS, dropout=dropout)
    made = named(kind).build(work.LOOKBACK, work.FEATURES, chosen, 1)
    made.set_weights(in_order_of([each.shape for each in made.weights], kind))
    return made
