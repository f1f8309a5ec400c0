"""Train a small model in a process of its own, as the engine does; print what came of it as JSON.

usage: python training_process.py CHECKPOINT DEVICES DROPOUT STOP_AFTER_EVENTS EPOCHS [untraced]
"""

import hashlib
import json
import sys
from pathlib import Path

from engine.errors import StopRequestedError
from engine.models.training import backend
from engine.settings import Model, Settings, Training

keep, devices, dropout, stop_after, epochs, *how = Path(sys.argv[1]), *sys.argv[2:]
settings = Settings(
    model=Model(units=(6, 4), dropout=float(dropout)),
    training=Training(
        epochs=int(epochs),
        batch_size=32,
        devices=int(devices),
        patience=4,
        plateau_patience=1,
        learning_rate=0.01,
    ),
)
count = backend.prepare(settings.training)

import numpy as np  # noqa: E402

from engine.models import lstm  # noqa: E402
from engine.models.definition import TrainingData  # noqa: E402
from engine.models.training import export_cache  # noqa: E402
from engine.models.training.fit import fit  # noqa: E402
from engine.models.training.predict import Predictor  # noqa: E402

if how == ["untraced"]:
    export_cache.ExportedProgram.__call__ = lambda self, *arguments: self.function(*arguments)
rng = np.random.default_rng(5)
matrix = rng.normal(size=(700, 3)).astype(np.float32)  # (T, F)
labels = (0.3 * np.roll(matrix[:, 0], 1) + rng.normal(size=700)).astype(np.float32)  # (T,)
events = []


def emit(event):
    if event["kind"] != "alive":
        events.append(event)
    if 0 < int(stop_after) == len(events):
        raise StopRequestedError("run", "was asked to stop")


model = lstm.build(8, 3, settings.model, settings.training.seed)
untrained = Predictor(model, count)(matrix, np.arange(0, 90), emit)
plain = np.asarray(model(matrix[np.arange(90)[:, None] + np.arange(8)]))[:, 0]
train, validation = np.arange(0, 500), np.arange(500, 650)
try:
    lessons = TrainingData(matrix, labels, train, validation, 8)
    fitted = fit(lstm.LSTM, model, lessons, settings, count, keep, emit)
except StopRequestedError:
    print(json.dumps({"stopped": True}))
    sys.exit()
weights = hashlib.sha256(b"".join(np.asarray(w).tobytes() for w in model.get_weights())).hexdigest()
predict = Predictor(model, count)
forecast = predict(matrix, np.arange(0, 690), emit)
longer = predict(matrix, np.arange(0, 640), emit)
slow = np.asarray(model(matrix[np.arange(690)[:, None] + np.arange(8)]))[:, 0]
print(
    json.dumps(
        {
            "weights": weights,
            "history": [[e["loss"], e["val_loss"], e["learning_rate"], e["wait"]] for e in fitted.history],
            "best_epoch": fitted.best_epoch,
            "stopped_early": fitted.stopped_early,
            "kinds": [event["kind"] for event in events],
            "predict_prefix_equal": bool((forecast[:640] == longer).all()),
            "untrained_error": float(np.abs(untrained - plain).max()),
            "predict_error": float(np.abs(forecast - slow).max()),
        }
    )
)
