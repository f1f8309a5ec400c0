"""Train small models in a process of its own, as the engine does; print what came of each as JSON.

usage: python training_process.py CHECKPOINT STOPS EPOCHS [untraced] DEVICES:DROPOUT…

Two devices there are, and each training takes so many of them. The last checkpoint is gone on with once more
at the end. STOPS: after how many events the first training is stopped, once for each, such as 1,14; none: 0.
"""

import hashlib
import json
import sys
from pathlib import Path

from engine.errors import StopRequestedError
from engine.models.training import backend
from engine.settings import Model, Settings, Training

keep, stops, epochs, *how = Path(sys.argv[1]), *sys.argv[2:]
backend.start(2)

import numpy as np  # noqa: E402

from engine.models import lstm  # noqa: E402
from engine.models.definition import TrainingData  # noqa: E402
from engine.models.training import export_cache  # noqa: E402
from engine.models.training.fit import fit  # noqa: E402
from engine.models.training.predict import Predictor  # noqa: E402

untraced, pairs = how[0] == "untraced", [pair.split(":") for pair in how if ":" in pair]
if untraced:
    export_cache.ExportedProgram.__call__ = lambda self, *arguments: self.function(*arguments)
rng = np.random.default_rng(5)
matrix = rng.normal(size=(700, 3)).astype(np.float32)  # (T, F)
labels = (0.3 * np.roll(matrix[:, 0], 1) + rng.normal(size=700)).astype(np.float32)  # (T,)
lessons = TrainingData(matrix, labels, np.arange(0, 500), np.arange(500, 650), 8)


def settings_of(dropout):
    return Settings(
        model=Model(units=(6, 4), dropout=dropout),
        training=Training(
            epochs=int(epochs), batch_size=32, patience=4, plateau_patience=1, learning_rate=0.01
        ),
    )


def built(settings):
    return lstm.build(8, 3, settings.model, settings.training.seed)


def said(model, starts):
    """What the plain network says of windows."""
    return np.asarray(model(matrix[starts[:, None] + np.arange(8)]))[:, 0]


def fitted(model, devices, settings, path, stop_after=0):
    """How the training went; its weights and the kinds of its events."""
    events = []

    def emit(event):
        if event["kind"] != "alive":
            events.append(event)
        if 0 < stop_after == len(events):
            raise StopRequestedError("run", "was asked to stop")

    how_it_went = fit(lstm.LSTM, model, lessons, settings, devices, path, emit)
    weights = hashlib.sha256(b"".join(np.asarray(w).tobytes() for w in model.get_weights())).hexdigest()
    return how_it_went, {"weights": weights, "kinds": [event["kind"] for event in events]}


def trained(devices, dropout, path):
    settings = settings_of(dropout)
    model, quiet = built(settings), lambda _: None
    starts = np.arange(90)
    untrained = Predictor(model, devices)(matrix, starts, quiet)
    plain = said(model, starts)
    how_it_went, facts = fitted(model, devices, settings, path)
    predict, every = Predictor(model, devices), np.arange(690)
    forecast, shorter = predict(matrix, every, quiet), predict(matrix, every[:640], quiet)
    scattered = np.concatenate([rng.permutation(every)[:100], every[:5]])
    return facts | {
        "history": [[e["loss"], e["val_loss"], e["learning_rate"], e["wait"]] for e in how_it_went.history],
        "best_epoch": how_it_went.best_epoch,
        "stopped_early": how_it_went.stopped_early,
        "predict_prefix_equal": bool((forecast[:640] == shorter).all()),
        "predict_any_order_equal": bool((predict(matrix, scattered, quiet) == forecast[scattered]).all()),
        "untrained_error": float(np.abs(untrained - plain).max()),
        "predict_error": float(np.abs(forecast - said(model, every)).max()),
    }


def stopped(devices, dropout, after):
    """Whether the training at `keep` was stopped after so many events."""
    settings = settings_of(dropout)
    try:
        fitted(built(settings), devices, settings, keep, after)
    except StopRequestedError:
        return True
    return False


trainings = [(int(devices), float(dropout)) for devices, dropout in pairs]
if stops != "0":
    print(json.dumps([stopped(*trainings[0], int(after)) for after in stops.split(",")]))
    sys.exit()
paths = [keep.with_name(f"{place}-{keep.name}") if place else keep for place in range(len(trainings))]
document = {"trainings": [trained(*each, path) for each, path in zip(trainings, paths, strict=True)]}
if not untraced:
    settings = settings_of(trainings[-1][1])
    _, document["again"] = fitted(built(settings), trainings[-1][0], settings, paths[-1])
print(json.dumps(document))
