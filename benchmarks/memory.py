"""Peak memory of training on a million bars: windows gathered on the device, against windows materialised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import work
from benchmarks.train_quantdeck import network, prepared

if TYPE_CHECKING:
    from collections.abc import Callable


def quantdeck(rows: str, batches: str, devices: str) -> dict[str, Callable[[], Any]]:
    """`train`: some batches drawn from all windows, by the engine's own fit; the process's peak tells."""
    import tempfile
    from pathlib import Path

    from engine.settings import Model, Settings, Training

    used = prepared(devices)
    from engine.models.definition import TrainingData
    from engine.models.lstm import LSTM
    from engine.models.training.fit import fit

    sequences = work.Sequences(int(rows))
    settings = Settings(
        model=Model(units=work.UNITS, dropout=work.DROPOUT),
        training=Training(batch_size=work.BATCH, epochs=1),
    )
    starts = np.random.default_rng(1).permutation(sequences.count)
    chosen = starts[: int(batches) * work.BATCH]

    lessons = TrainingData(sequences.matrix, sequences.labels, chosen, starts[-2048:], work.LOOKBACK)

    def train() -> float:
        with tempfile.TemporaryDirectory() as folder:
            keep = Path(folder) / "checkpoint.npz"
            fitted = fit(LSTM, network(work.DROPOUT), lessons, settings, used, keep, lambda _: None)
        return fitted.loss

    return {"train": train}


def materialised_mb(rows: int) -> float:
    """What the windows alone take when every one is written out, MB."""
    return rows * work.LOOKBACK * work.FEATURES * 4 / 2**20
