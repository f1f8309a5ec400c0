"""Training and prediction of the reference work by quantdeck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import work
from engine.model import backend
from engine.settings import Model, Training

if TYPE_CHECKING:
    from collections.abc import Callable


def training(count: str, devices: str) -> dict[str, Callable[[], Any]]:
    """`losses`: running mean losses of 40 steps without dropout. `epoch`: one epoch with it."""
    sequences = work.Sequences(int(count))
    used = prepared(devices)
    import keras

    from engine.model.trainer import Groups, WindowTrainer

    def trainer(dropout: float) -> Any:
        made = WindowTrainer(network(dropout), sequences.matrix, sequences.labels, "mse", used)
        made.compile(optimizer=keras.optimizers.Adam(work.RATE))
        made.optimizer.build(made.network.trainable_variables)
        return made

    def losses() -> list[float]:
        told: list[float] = []
        tell = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda _, logs: told.append(float(logs["loss"]))
        )
        groups = Groups(sequences.order(0)[: 40 * work.BATCH], work.BATCH, 1, None)
        trainer(0.0).fit(groups, shuffle=False, verbose=0, callbacks=[tell])
        return told

    from engine.model.fit import batches_a_group

    timed = trainer(work.DROPOUT)
    batches = batches_a_group(timed.network, work.BATCH)
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

    from engine.model.predict import predict

    model = network(0.0)
    starts = np.arange(sequences.count)

    def act() -> list[float]:
        found = predict(model, sequences.matrix, starts, used, lambda _: None)
        return [float(each) for each in found[:: max(1, len(found) // 100)]]

    return {"predict": act}


def first_step(devices: str) -> dict[str, Callable[[], Any]]:
    """Nothing to do once prepared: by then a first group of batches is trained (see benchmarks.start)."""
    import tempfile
    from pathlib import Path

    import numpy as np

    from engine.errors import StopAsked
    from engine.settings import Settings

    settings = Settings(training=Training(devices=int(devices)))
    used = backend.prepare(settings.training)
    from engine.model.fit import fit
    from engine.model.network import build

    sequences = work.Sequences(20_000)

    def tell(event: dict[str, object]) -> None:
        if event["kind"] == "batch":
            raise StopAsked("benchmark", "has seen the first group of batches")

    starts = np.arange(sequences.count)
    made = build(work.LOOKBACK, work.FEATURES, settings.model, 1)
    with tempfile.TemporaryDirectory() as folder:
        try:
            fit(
                made, sequences.matrix, sequences.labels, starts[:17_000], starts[17_000:], settings, used,
                Path(folder) / "checkpoint.npz", tell,
            )  # fmt: skip
        except StopAsked:
            return {}
    raise RuntimeError("no batch was told")


def prepared(devices: str) -> int:
    """Settle the devices before keras is imported."""
    return backend.prepare(Training(batch_size=work.BATCH, devices=int(devices)))


def network(dropout: float) -> Any:
    """The reference network with the reference weights."""
    from engine.model.network import build

    made = build(work.LOOKBACK, work.FEATURES, Model(units=work.UNITS, dropout=dropout), 1)
    made.set_weights(work.weights())
    return made
