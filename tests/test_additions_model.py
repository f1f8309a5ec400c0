"""A model made here alone: chosen in the settings, trained, saved, loaded, traded, told and audited.

One file (this one) and one entry of MODELS are all that it takes; one of the user's own is a file that the
settings name.
"""

import hashlib
import json

import pytest

from engine import pipeline
from engine.errors import ChangeSettingsError, RepairDataError, SettingsError
from engine.lineage import origin
from engine.models import registry
from engine.models.definition import NetworkKind
from engine.models.training import backend
from engine.preparation import Job
from engine.results.explanations import explained
from engine.results.trade_terms import COLUMNS
from engine.runs.manifest import verify
from engine.settings import MODELS, Model, allowed_values, load, make, to_toml
from engine.studies import fold_forecasts, folds
from engine.studies.leak_audit.audited_run import audit_run
from tests.studies.engines import TINY, home_with_market
from tests.studies.markets import END_MS, settings_of
from tui.settings.draft import catalogue

ANSWERS = (
    "evidence.resamples=200", "evidence.permutations=50", "training.epochs=2", "training.learning_rate=0.01",
)  # fmt: skip


def built(lookback, features, _settings, seed):
    import keras

    keras.utils.set_random_seed(seed)
    window = keras.Input((lookback, features), name="window")
    flat = keras.layers.Flatten(name="flat")(window)
    return keras.Model(window, keras.layers.Dense(1, name="forecast")(flat), name="toy")


TOY = NetworkKind("toy", built)

OWN = """
import keras

def build(lookback, features, seed):
    window = keras.Input((lookback, features))
    short = keras.layers.Conv1D(4, 3, padding="causal", activation="relu")(window)
    long = keras.layers.GRU(4, return_sequences=True)(window)
    joined = keras.layers.Dropout(0.2)(keras.layers.Concatenate()([short, long]))
    return keras.Model(window, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(joined)))
"""


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setitem(MODELS, "toy", f"{__name__}:TOY")


@pytest.fixture(scope="module", autouse=True)
def one_device():
    backend.start(1)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return home_with_market(tmp_path_factory.mktemp("home"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return path


def job(home, mode, *overrides, of=""):
    run = home.create(mode, settings_of(*TINY, *ANSWERS, *overrides), of=of)
    return Job(load(run.settings_path), run, home, END_MS, emit=lambda _: None)


def files_of(run, *names):
    return [(run.path / name).read_bytes() for name in names]


def origin_key(run):
    return json.loads(run.origin_path.read_bytes())["key"]


def test_it_is_chosen_in_the_settings_and_in_the_form(known):
    assert make({}, ["model.kind=toy"]).model.kind == "toy"
    assert "toy" in allowed_values("model.kind").split(", ")
    assert f"kind of model ({', '.join(MODELS)})" in to_toml(make({}), comments=True)
    assert catalogue()["model.kind"].choices == tuple(MODELS)


def test_one_that_nobody_made_is_refused_by_its_name():
    with pytest.raises(SettingsError, match=r'model.kind = "toy"\W+must be lstm'):
        make({}, ["model.kind=toy"])


def test_it_is_trained_saved_loaded_traded_told_and_audited(known, home):
    first, again = (job(home, "run", "model.kind=toy") for _ in range(2))
    results = [pipeline.train_and_backtest(each) for each in (first, again)]
    assert results[0].training.epochs == 2
    assert results[0].decided_by == "toy"
    assert "The toy model" in explained(results[0])["baselines"]
    names = ("model.keras", "scaler.joblib", "trades.csv")
    assert files_of(first.run, *names) == files_of(again.run, *names)
    assert verify(first.run.path) == []
    assert tuple((first.run.path / "trades.csv").read_text().split("\n")[0].split(",")) == COLUMNS
    traded = job(home, "backtest", "model.kind=toy", of=first.run.id)
    assert pipeline.backtest(traded).metrics == results[0].metrics
    assert files_of(traded.run, "trades.csv") == files_of(first.run, "trades.csv")
    assert audit_run(first.run, home, lambda _: None).status == "passed"
    with pytest.raises(ChangeSettingsError, match=r"model\.kind = 'lstm', trained with 'toy'"):
        pipeline.backtest(job(home, "backtest", of=first.run.id))


def test_a_walk_forward_trains_it(known, home):
    settings = settings_of(*TINY, *ANSWERS, "model.kind=toy")
    data = pipeline.prepare(job(home, "walkforward"), settings.features.chosen)
    samples = pipeline.experiment.samples_of(data.market, data.table, settings)
    parts = pipeline.experiment.split_samples(samples.market, samples.target_ms, samples.label, settings)
    fold = folds.Fold(**vars(parts), number=1)
    forecasts = fold_forecasts.train_fold(settings, samples, fold, "market")
    assert len(forecasts.test) == len(fold.test)
    assert forecasts.epochs == 2


def test_a_model_of_a_file_is_trained_and_needs_the_file_no_more(home, file):
    made = job(home, "run", f"model.file={file}")
    result = pipeline.train_and_backtest(made)
    assert result.decided_by == "own"
    assert (
        registry.file_hash(made.settings.model) == json.loads(made.run.origin_path.read_bytes())["own_model"]
    )
    again = job(home, "train", f"model.file={file}")
    pipeline.train(again)
    assert files_of(again.run, "model.keras", "scaler.joblib") == files_of(
        made.run, "model.keras", "scaler.joblib"
    )
    assert origin_key(again.run) == origin_key(made.run)
    file.unlink()
    traded = job(home, "backtest", f"model.file={file}", of=made.run.id)
    assert pipeline.backtest(traded).metrics == result.metrics
    assert origin_key(traded.run) == origin_key(made.run)
    assert audit_run(made.run, home, lambda _: None).status == "passed"


HEAD = """
import keras
def build(lookback, features, seed):
    return keras.Sequential([keras.Input((lookback, features)), """
REFUSED = {
    "no function": ("x = 1", ChangeSettingsError, "holds no function build"),
    "no Python": ("def build(:", RepairDataError, "line 1: is not Python"),
    "raises": (
        "def build(*_):\n    return 1 / 0",
        RepairDataError,
        "line 2: build divides by 0",
    ),
    "no model": (
        "def build(*_): return 7",
        RepairDataError,
        "build returns a int where a Keras model is due",
    ),
    "other shapes": (
        HEAD + "keras.layers.Dense(1)])",
        RepairDataError,
        r"makes \(None, 12, 1\) of \(None, 12, 5\)",
    ),
}
for layer, name in (
    ("Lambda(lambda x: x)", "layers.Lambda"),
    ("BatchNormalization()", "layers.BatchNormalization"),
    ("Dense(2, kernel_regularizer='l2')", "regularizers.L2"),
):
    text = f"{HEAD}keras.layers.{layer}, keras.layers.Flatten(), keras.layers.Dense(1)])"
    REFUSED[name] = (text, RepairDataError, f"build wants to load keras.{name}")


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_holds_no_fit_model_is_refused_with_its_place(file, case):
    text, error, message = REFUSED[case]
    file.write_text(text)
    with pytest.raises(error, match=message) as caught:
        registry.to_build(Model(file=str(file))).build(12, 5, Model(), 1)
    assert str(file) in str(caught.value)


def test_a_model_of_ones_own_makes_three_numbers_where_quantiles_are_asked_for(file):
    asked = Model(file=str(file), output="quantiles")
    file.write_text(HEAD + "keras.layers.Flatten(), keras.layers.Dense(1)])")
    with pytest.raises(RepairDataError, match=r"must make \(None, 3\)"):
        registry.to_build(asked).build(12, 5, asked, 1)
    file.write_text(HEAD + "keras.layers.Flatten(), keras.layers.Dense(3)])")
    assert registry.to_build(asked).build(12, 5, asked, 1).output_shape == (None, 3)


def test_keys_of_runs_that_name_no_kind_leave_it_out(home, known, file):
    settings = make({}, ["training.devices=1"])
    plain = origin.key(settings, "data", "features", "", 1)
    groups = {name: getattr(settings, name).model_dump(mode="json") for name in origin.DECIDES_WEIGHTS}
    for name in ("kind", "file", "output", "quantile_share"):
        del groups["model"][name]
    content = json.dumps([groups, "data", "features"], sort_keys=True)
    assert plain == hashlib.sha256(content.encode()).hexdigest()
    toy = origin.key(make({}, ["training.devices=1", "model.kind=toy"]), "data", "features", "", 1)
    own = origin.key(make({}, [f"model.file={file}", "training.devices=1"]), "data", "features", "a", 1)
    other = origin.key(make({}, [f"model.file={file}", "training.devices=1"]), "data", "features", "b", 1)
    quantiles = [
        origin.key(
            make({}, ["training.devices=1", "model.output=quantiles", more]), "data", "features", "", 1
        )
        for more in ("model.quantile_share=0.8", "model.quantile_share=0.5")
    ]
    assert len({plain, toy, own, other, *quantiles}) == 6
