"""Fit the network with Keras's `fit` and its callbacks, telling what happens and leaving checkpoints."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from engine.models.training import checkpoint
from engine.models.training.by_symbol import LossBySymbol, apart
from engine.models.training.first_values import optimizer
from engine.models.training.recorder import Recorder
from engine.models.training.trainer import Groups, WindowTrainer, one_a_call

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.models.definition import NetworkKind, TrainingData
    from engine.models.training.fitted import Emit, Fitted
    from engine.settings import Settings, Training

# A group of batches is sized to about a quarter of a second on two slow cores, so that progress
# moves and a stop is heeded while Python is entered seldom. An epoch's first group is a sixteenth of
# that, so that a user sees soon that it goes on.
OPERATIONS_A_GROUP = 12e9
VALIDATION_BATCH = 512


def fit(
    kind: NetworkKind,
    network: keras.Model,
    lessons: TrainingData,
    settings: Settings,
    devices: int,
    keep: Path,
    emit: Emit,
) -> Fitted:
    """Train `network`, which is of that kind, in place and leave it with the weights of its best epoch.

    A checkpoint at `keep` is continued. Raises DivergedError when the loss is not
    finite; lets StopRequestedError from `emit` pass, the last epoch's checkpoint being on disk then.
    """
    model, training = settings.model, settings.training
    optimized = f"{model!r} {training.learning_rate!r}"
    trainer = WindowTrainer(
        kind, network, lessons.matrix, lessons.labels, model.loss, devices, optimized, model.huber_delta,
        lessons.weights, model.quantiles,
    )  # fmt: skip
    trainer.compile(optimizer=optimizer(model, training.learning_rate, network.trainable_variables))
    batches = batches_a_group(kind, network, training.batch_size)
    groups = Groups(lessons.train, training.batch_size, batches, training.seed, first=max(1, batches // 16))
    validation, counts = lessons.validation, lessons.held_out
    if counts:
        validation = apart(validation, list(counts.values()), batches * VALIDATION_BATCH)
    held_out = Groups(validation, VALIDATION_BATCH, batches, None)
    recorder = Recorder(groups, training, keep, emit, LossBySymbol(counts, held_out.groups))
    callbacks = [*stock_callbacks(training), recorder]
    recorder.watched = callbacks[:-1]
    recorder.origin = origin_of(kind, lessons, settings, devices)
    recorder.resumed = checkpoint.load(keep)
    begins = {"learning_rate": training.learning_rate, "patience": training.patience}
    emit({"kind": "model", "parameters": network.count_params(), "devices": devices, **begins})
    trainer.fit(
        groups,
        validation_data=held_out,
        epochs=training.epochs,
        initial_epoch=recorder.first_epoch(trainer),
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )
    return recorder.fitted()


def origin_of(kind: NetworkKind, lessons: TrainingData, settings: Settings, devices: int) -> str:
    """A hash of all that a training is given."""
    other = "".join(settings.model.unlike_default.values())
    key = f"{settings.model!r} {settings.training!r} {devices}{other}{kind.sha256}"
    digest = hashlib.sha256(key.encode())
    arrays: list[NDArray[Any]] = [lessons.matrix, lessons.labels, lessons.train, lessons.validation]
    for array in arrays + ([] if lessons.weights is None else [lessons.weights]):
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).data)
    return digest.hexdigest()


def stock_callbacks(training: Training) -> list[keras.callbacks.Callback]:
    """Early stopping with the best weights, and a learning rate that falls on a plateau."""
    return [
        keras.callbacks.EarlyStopping("val_loss", patience=training.patience, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau(
            "val_loss", factor=training.plateau_factor, patience=training.plateau_patience, min_delta=0.0
        ),
    ]


def batches_a_group(kind: NetworkKind, network: keras.Model, batch_size: int) -> int:
    """How many batches one compiled call walks, from what a step on one window costs."""
    if one_a_call(network):
        return 1
    operations = kind.operations(network)
    return int(np.clip(round(OPERATIONS_A_GROUP / (operations * batch_size)), 1, 256))
