"""What happens while Keras's `fit` is at work, as events and checkpoints."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from engine.errors import DivergedError, RepairDataError
from engine.models.training import checkpoint
from engine.models.training.fitted import Fitted
from engine.results.notes import Note, log_event

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.training.fitted import Emit
    from engine.models.training.trainer import Groups, WindowTrainer
    from engine.settings import Training

REMEMBERED = {
    keras.callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "cooldown_counter", "best"),
}


class Recorder(keras.callbacks.Callback):
    """Turns what happens in `fit` into events and checkpoints; guards against a loss gone astray."""

    def __init__(self, groups: Groups, training: Training, keep: Path, emit: Emit) -> None:
        """`watched` are the callbacks whose counters go into the checkpoint."""
        super().__init__()
        self.groups, self.training, self.keep, self.emit = groups, training, keep, emit
        self.watched: list[keras.callbacks.Callback] = []
        self.resumed: checkpoint.Checkpoint | None = None
        self.origin = ""
        self.history: list[dict[str, Any]] = []
        self.epoch = 0
        self.compiling = True  # the first group's time says nothing about those after it

    def first_epoch(self, trainer: WindowTrainer) -> int:
        """Put the checkpoint's variables in place; return the epoch, from 0, to go on with."""
        if self.resumed is None:
            return 0
        variables = [*trainer.network.variables, *trainer.optimizer.variables]
        values = [*self.resumed.network, *self.resumed.optimizer]
        alike = self.resumed.origin == self.origin
        if not alike or [tuple(v.shape) for v in variables] != [v.shape for v in values]:
            reason = "was made with other data, settings or devices than the run has now"
            raise RepairDataError(str(self.keep), reason, "Delete it to train from the start")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.history = self.resumed.history
        stopping = self.resumed.callbacks["EarlyStopping"]
        return self.training.epochs if stopping["stopped_epoch"] else self.resumed.epoch + 1

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Give the other callbacks their counters back, after they have reset themselves."""
        if self.resumed is None:
            return
        for callback in self.watched:
            for name, value in self.resumed.callbacks[type(callback).__name__].items():
                setattr(callback, name, value)
        self.stopping.best_weights = self.resumed.best
        self.emit_epoch(self.history[-1])  # a kill may have come between the checkpoint and the telling

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Draw the epoch's order."""
        self.epoch, self.started = epoch, time.perf_counter()
        self.timed = (0, self.started)
        self.rate = float(self.model.optimizer.learning_rate)
        self.groups.shuffle(epoch)
        self.emit({"kind": "alive"})

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tell progress after each group, its speed from the second on; refuse a loss that is not finite."""
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            self.diverged(loss)
        done, now = self.groups.done(batch + 1), time.perf_counter()
        speed = None if self.compiling else (done - self.timed[0]) / (now - self.timed[1])
        if self.compiling:
            self.compiling, self.timed = False, (done, now)
        left = len(self.groups.starts) * (self.training.epochs - self.epoch) - done
        self.emit(
            {
                "kind": "batch",
                "epoch": self.epoch + 1,
                "epochs": self.training.epochs,
                "batch": -(-done // self.groups.batch_size),
                "batches": -(-len(self.groups.starts) // self.groups.batch_size),
                "loss": loss,
                "sequences_per_s": speed,
                "left_s": left / speed if speed else None,
            }
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep a checkpoint, then tell: a stop that `emit` raises finds the epoch safe."""
        loss, val_loss = float((logs or {})["loss"]), float((logs or {})["val_loss"])
        if not math.isfinite(val_loss):
            self.diverged(val_loss)
        seconds = time.perf_counter() - self.started
        facts = {
            "epoch": epoch + 1,
            "epochs": self.training.epochs,
            "loss": loss,
            "val_loss": val_loss,
            "learning_rate": self.rate,
            "seconds": seconds,
            "sequences_per_s": len(self.groups.starts) / seconds,
            "best": float(self.stopping.best),
            "best_epoch": int(self.stopping.best_epoch) + 1,
            "wait": int(self.stopping.wait),
            "patience": self.training.patience,
        }
        self.history.append(facts)
        self.save(epoch)
        self.emit_epoch(facts)

    def emit_epoch(self, facts: dict[str, Any]) -> None:
        """Tell of a finished epoch and what it has led to."""
        self.emit({"kind": "epoch", **facts})
        before, after = facts["learning_rate"], float(self.model.optimizer.learning_rate)
        if after != before:
            self.emit({"kind": "learning_rate", "epoch": facts["epoch"], "before": before, "after": after})
        if self.stopping.stopped_epoch:
            reached = {"epoch": facts["epoch"], "best_epoch": facts["best_epoch"]}
            self.emit({"kind": "early_stopped", **reached})

    def save(self, epoch: int) -> None:
        """Write the checkpoint of a finished epoch."""
        kept = {
            type(callback).__name__: {
                name: plain(getattr(callback, name)) for name in REMEMBERED[type(callback)]
            }
            for callback in self.watched
        }
        checkpoint.save(
            self.keep,
            checkpoint.Checkpoint(
                epoch=epoch,
                network=[np.asarray(variable) for variable in self.model.network.variables],
                optimizer=[np.asarray(variable) for variable in self.model.optimizer.variables],
                best=self.stopping.best_weights,
                callbacks=kept,
                history=self.history,
                origin=self.origin,
            ),
        )

    @property
    def stopping(self) -> keras.callbacks.EarlyStopping:
        """The early stopping among the watched."""
        return self.watched[0]

    def fitted(self) -> Fitted:
        """The result, once `fit` has returned."""
        best = self.history[int(self.stopping.best_epoch)]
        return Fitted(
            epochs=len(self.history),
            best_epoch=best["epoch"],
            loss=best["loss"],
            val_loss=best["val_loss"],
            stopped_early=bool(self.stopping.stopped_epoch),
            history=self.history,
        )

    def diverged(self, loss: float) -> None:
        """Stop with what a user can do about it."""
        self.emit(log_event(Note("loss is no number", {"loss": str(loss), "epoch": self.epoch + 1}), "alarm"))
        raise DivergedError(
            f"training, epoch {self.epoch + 1}",
            f"the loss is {loss}; the checkpoint of epoch {self.epoch} is kept",
            "Lower training.learning_rate or model.gradient_clip, or look for extreme values in the data",
        )


def plain(value: Any) -> Any:
    """A callback's counter as JSON holds it; a float survives bit for bit."""
    return value if value is None or isinstance(value, int) else float(value)
