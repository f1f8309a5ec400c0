"""How a regression was fitted, told as a network's training is: each of its steps stands for an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.models.training.fitted import Fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.models.training.fitted import Emit


def fitted(losses: NDArray[np.float64], emit: Emit) -> Fitted:
    """Tell the last of the steps; losses: (K, 2) on training and validation after each of K steps."""
    steps, best = len(losses), int(np.argmin(losses[:, 1]))
    emit({"kind": "model", "devices": 1})
    facts = {
        "epoch": steps, "epochs": steps, "loss": float(losses[-1, 0]), "val_loss": float(losses[-1, 1]),
        "best": float(losses[best, 1]), "best_epoch": best + 1, "wait": steps - 1 - best,
    }  # fmt: skip
    emit({"kind": "epoch", **facts})
    return Fitted(
        epochs=steps,
        best_epoch=best + 1,
        loss=float(losses[best, 0]),
        val_loss=float(losses[best, 1]),
        stopped_early=best < steps - 1,
        history=[facts],
    )
