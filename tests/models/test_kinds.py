"""Every kind of model: it learns, what is saved is what is loaded, no forecast hangs on other windows."""

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import RepairDataError, StopRequestedError
from engine.models import kinds, registry
from engine.models.training import backend
from engine.settings import MODELS, make

LOOKBACK, FEATURES, ROWS = 5, 3, 1400
TINY = ("model.units=8", "training.epochs=3", "training.batch_size=64", "training.learning_rate=0.02",
        "model.loss=huber", f"window.lookback={LOOKBACK}")  # fmt: skip
TRAIN, VALIDATION, TEST = np.arange(0, 900), np.arange(910, 1100), np.arange(1110, ROWS - LOOKBACK)


@pytest.fixture(scope="module", autouse=True)
def one_device():
    backend.start(1)


@pytest.fixture(scope="module")
def lessons():
    from engine.models.definition import TrainingData

    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    label = np.roll(matrix[:, 0], 1) + 0.5 * rng.normal(size=ROWS)  # the row before the target tells
    return TrainingData(matrix, label.astype(np.float32), TRAIN, VALIDATION, LOOKBACK)


def silent(_):
    pass


def fitted(name, lessons, folder, *overrides):
    chosen = make({}, [*TINY, f"model.kind={name}", *overrides])
    kind = registry.to_build(chosen.model)
    model, report = kinds.fit(kind, lessons, chosen, 1, folder / "checkpoint.npz", silent)
    return kind, model, report


@pytest.mark.parametrize("name", MODELS)
def test_it_learns_is_loaded_as_it_was_saved_and_looks_at_the_window_alone(name, lessons, tmp_path):
    kind, model, report = fitted(name, lessons, tmp_path)
    forecast = kinds.outputs(kind, model, 1)(lessons.matrix, TEST, silent)
    assert forecast.dtype == np.float32
    assert np.corrcoef(forecast, lessons.labels[TEST + LOOKBACK])[0, 1] > 0.5
    assert report.epochs >= report.best_epoch >= 1
    loaded = kinds.load(kind, kinds.files(kind, 1)[0], kinds.dump(kind, model))
    assert kinds.width(kind, loaded) == FEATURES
    assert "no code" in kinds.described(kind, loaded)
    chosen = TEST[20:90]
    later = lessons.matrix.copy()
    later[chosen[-1] + LOOKBACK :] = 7.0
    again = kinds.outputs(kind, loaded, 1)(later, chosen, silent)
    assert (again == forecast[20:90]).all()


@pytest.mark.parametrize("name", MODELS)
def test_the_seed_alone_decides(name, lessons, tmp_path):
    def forecast(folder, seed):
        (tmp_path / folder).mkdir()
        kind, model, _ = fitted(
            name, lessons, tmp_path / folder, f"training.seed={seed}", "training.epochs=1"
        )
        return kinds.outputs(kind, model, 1)(lessons.matrix, TEST, silent), kind.draws

    one, draws = forecast("one", 4)
    same, _ = forecast("same", 4)
    other, _ = forecast("other", 5)
    assert (one == same).all()
    assert (one == other).all() != draws


@pytest.mark.parametrize("name", ["mlp", "ridge", "boosting"])
def test_samples_count_as_their_weights_say(name, lessons, tmp_path):
    matrix, counts = lessons.matrix.copy(), np.zeros((2, ROWS), np.float32)
    matrix[:450] *= -1  # the first half of the training samples tells the opposite of all others
    counts[0, : 450 + LOOKBACK], counts[1, 450 + LOOKBACK :] = 2, 2
    correlations = []
    for number, each in enumerate(counts):
        (tmp_path / str(number)).mkdir()
        weighted = replace(lessons, matrix=matrix, weights=each)
        kind, model, _ = fitted(name, weighted, tmp_path / str(number), "model.trees=40")
        forecast = kinds.outputs(kind, model, 1)(matrix, TEST, silent)
        correlations.append(np.corrcoef(forecast, lessons.labels[TEST + LOOKBACK])[0, 1])
    first, second = correlations
    assert first < -0.3
    assert second > 0.5


def test_a_weighted_training_that_was_stopped_goes_on_to_the_same_bits_with_its_own_weights_alone(
    lessons, tmp_path
):
    def stopped(event):
        if event["kind"] == "epoch":
            raise StopRequestedError("run", "was asked to stop")

    chosen = make({}, [*TINY, "model.kind=mlp", "model.output=quantiles"])
    kind = registry.to_build(chosen.model)
    weighted = replace(lessons, weights=np.linspace(0, 2, ROWS).astype(np.float32))
    whole, _ = kinds.fit(kind, weighted, chosen, 1, tmp_path / "whole.npz", silent)
    keep = tmp_path / "stopped.npz"
    with pytest.raises(StopRequestedError):
        kinds.fit(kind, weighted, chosen, 1, keep, stopped)
    with pytest.raises(RepairDataError, match="other data, settings or devices"):
        kinds.fit(kind, lessons, chosen, 1, keep, silent)
    resumed, _ = kinds.fit(kind, weighted, chosen, 1, keep, silent)
    pairs = zip(whole.get_weights(), resumed.get_weights(), strict=True)
    assert all((one == other).all() for one, other in pairs)


@pytest.mark.parametrize("name", ["lstm", "mlp", "boosting"])
def test_quantiles_are_learned_beside_the_forecast(name, lessons, tmp_path):
    rng = np.random.default_rng(2)
    spread = np.exp(0.8 * np.roll(lessons.matrix[:, 1], 1))  # what the row before the target tells of it
    label = np.roll(lessons.matrix[:, 0], 1) + 0.6 * spread * rng.normal(size=ROWS)
    wide = replace(lessons, labels=label.astype(np.float32))
    chosen = ("model.output=quantiles", "model.quantile_share=0.7", "training.epochs=20", "model.trees=80",
              "model.units=32")  # fmt: skip
    kind, model, _ = fitted(name, wide, tmp_path, *chosen)
    forecasts = kinds.outputs(kind, model, 1)(wide.matrix, TEST, silent)
    assert forecasts.shape == (len(TEST), 3)
    truth = wide.labels[TEST + LOOKBACK]
    assert np.corrcoef(forecasts[:, 0], truth)[0, 1] > 0.4
    assert (
        np.corrcoef(forecasts[:, 2] - forecasts[:, 1], spread[TEST + LOOKBACK])[0, 1] > 5 / len(TEST) ** 0.5
    )
    assert np.mean(truth < forecasts[:, 1]) == pytest.approx(0.15, abs=0.08)
    assert np.mean(truth > forecasts[:, 2]) == pytest.approx(0.15, abs=0.08)
    loaded = kinds.load(kind, kinds.files(kind, 1)[0], kinds.dump(kind, model))
    assert (kinds.outputs(kind, loaded, 1)(wide.matrix, TEST, silent) == forecasts).all()
    assert kinds.width(kind, loaded) == FEATURES


def changed(arrays, name, value):
    return {**arrays, name: value}


def test_boosting_forecasts_what_scikit_learn_would(lessons, tmp_path, monkeypatch):
    from engine.compat import boosted_trees

    kept, trees = [], boosted_trees.trees
    monkeypatch.setattr(boosted_trees, "trees", lambda found: (kept.append(found), trees(found))[1])
    kind, model, report = fitted("boosting", lessons, tmp_path)
    rows = lessons.matrix[TEST + LOOKBACK - 1]
    theirs = list(kept[0].staged_predict(rows))[report.best_epoch - 1]
    assert np.allclose(kind.predict(model, lessons.matrix, TEST), theirs, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "craft"),
    [
        ("boosting", lambda a: changed(a, "left", a["left"] * 0 + 1)),  # a child that is its own parent
        ("boosting", lambda a: changed(a, "right", a["right"] + len(a["right"]))),
        ("boosting", lambda a: changed(a, "feature", a["feature"] + FEATURES)),
        ("boosting", lambda a: changed(a, "feature", a["feature"] - 9)),
        ("boosting", lambda a: changed(a, "first", a["first"][::-1].copy())),
        ("boosting", lambda a: changed(a, "lookback", np.int64(0))),
        ("boosting", lambda a: changed(a, "value", a["value"][:-1])),
        ("boosting", lambda a: changed(a, "value", a["value"] * np.nan)),
        ("ridge", lambda a: changed(a, "coefficient", a["coefficient"].astype(complex))),
        ("ridge", lambda a: changed(a, "lookback", np.int64(1))),
        ("ridge", lambda a: changed(a, "penalty", np.array(["1"]))),
        ("ridge", lambda a: {name: array for name, array in a.items() if name != "penalty"}),
        ("ridge", lambda a: changed(a, "more", np.zeros(3))),
    ],
)
def test_crafted_arrays_are_refused(name, craft, lessons, tmp_path):
    from engine.models import arrays_file

    kind, model, _ = fitted(name, lessons, tmp_path)
    crafted = arrays_file.dump(craft(kind.arrays(model)))
    with pytest.raises(RepairDataError, match=r"model\.npz: holds no such model"):
        kinds.load(kind, "model.npz", crafted)


def test_crafted_quantiles_are_refused(lessons, tmp_path):
    from engine.models import arrays_file

    kind, model, _ = fitted("boosting", lessons, tmp_path, "model.output=quantiles", "model.trees=20")
    honest = kind.arrays(model)
    assert arrays_file.load("model.npz", arrays_file.dump(honest), kind.made)
    for crafted in (
        changed(honest, "low_takes", honest["takes"] + 1),
        changed(honest, "high_lookback", honest["lookback"] + 1),
        changed(honest, "high_left", honest["high_left"] * 0 + 1),
        changed({name: array for name, array in honest.items() if name != "low_base"}, "more", np.zeros(3)),
        {name: array for name, array in honest.items() if not name.startswith("high_")},
    ):
        with pytest.raises(RepairDataError, match=r"model\.npz: holds no such model"):
            kinds.load(kind, "model.npz", arrays_file.dump(crafted))


def test_files_that_could_run_or_grow_are_refused(lessons, tmp_path):
    import io
    import zipfile

    class Trick:
        def __reduce__(self):
            return (tmp_path.joinpath("executed").touch, ())

    kind, model, _ = fitted("ridge", lessons, tmp_path)
    honest = kind.arrays(model)
    pickled, pressed, vast = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(pickled, **changed(honest, "penalty", np.array([Trick()], object)))
    np.savez_compressed(pressed, **honest)
    with zipfile.ZipFile(vast, "w") as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**10)}
        )
        archive.writestr("coefficient.npy", header.getvalue())
    for content in (pickled, pressed, vast, io.BytesIO(b""), io.BytesIO(b"PK\x03\x04 no archive")):
        with pytest.raises(RepairDataError, match=r"model\.npz"):
            kinds.load(kind, "model.npz", content.getvalue())
    assert not (tmp_path / "executed").exists()
