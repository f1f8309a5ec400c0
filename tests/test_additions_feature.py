"""A feature made here alone: chosen by name or by `all`, computed, told in metadata and docs, audited.

One function and one entry of the catalogue are all that it takes.
"""

from functools import partial

import numpy as np
import pytest

from engine import pipeline
from engine.errors import ChangeSettingsError
from engine.features import Feature, catalogue
from engine.models.training import backend
from engine.preparation import Job
from engine.runs.manifest import read_checked
from engine.settings import load
from engine.studies.leak_audit.audited_run import audit_run
from tests.studies.engines import TINY, home_with_market
from tests.studies.markets import END_MS, settings_of

OHLCV = ("open", "high", "low", "close", "volume")
QUICK = ("training.epochs=1", "evidence.resamples=200", "evidence.permutations=0")


def rise(bars):
    """close / open - 1, (T,)."""
    return bars.close / bars.open - 1


def next_rise(bars):
    """The rise of the bar after, (T,): a leak."""
    return np.append(rise(bars)[1:], 0.0)


@pytest.fixture
def register(monkeypatch):
    """The catalogue, as it was again afterwards."""
    for name in ("GROUPS", "BUILT_IN"):
        monkeypatch.setattr(catalogue, name, dict(getattr(catalogue, name)))
    return catalogue.add


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    backend.start(1)
    return home_with_market(tmp_path_factory.mktemp("home"))


def trained(home, names):
    run = home.create("train", settings_of(*TINY, *QUICK, f"features.names={names}"))
    pipeline.train(Job(load(run.settings_path), run, home, END_MS, emit=lambda _: None))
    return run


def test_it_is_chosen_by_name_by_all_and_on_longer_candles(register):
    register("Toys", (Feature("rise", 0, "close / open - 1", rise),))
    assert "rise" in catalogue.resolve(("all",), OHLCV)
    assert catalogue.resolve(("rise_4h", "rise"), OHLCV, step_ms=3_600_000) == ("rise_4h", "rise")
    with pytest.raises(ChangeSettingsError) as refused:
        catalogue.resolve(("rize",), OHLCV)
    assert "rise" in refused.value.remedy


def test_one_that_nobody_made_is_refused():
    with pytest.raises(ChangeSettingsError, match="there is no feature rise"):
        catalogue.resolve(("rise",), OHLCV)


def test_the_docs_tell_it_under_its_heading(register):
    register("Toys", (Feature("rise", 0, "close / open - 1", rise),))
    register("Candle", (Feature("rise_too", 3, "the same", rise),))
    page = catalogue.table()
    assert "| `rise` | close / open - 1 | 0 |  |  |" in page[page.index("### Toys") :]
    candle = page[page.index("### Candle") : page.index("### Calendar")]
    assert "| `rise_too` | the same | 3 | counted |  |" in candle
    assert "`bar_range`" in candle


@pytest.mark.parametrize(("compute", "status"), [(rise, "passed"), (next_rise, "failed")])
def test_a_run_trains_on_it_saves_it_and_is_audited(register, home, compute, status):
    register("Toys", (Feature("rise", 0, "close / open - 1", compute),))
    run = trained(home, "return_1,rise")
    from engine.models import artifact  # which needs the backend that the home has started

    assert artifact.load(partial(read_checked, run.path), run.id).metadata.feature_names == [
        "return_1",
        "rise",
    ]
    report = audit_run(run, home, lambda _: None)
    assert report.status == status
    assert {finding.column for finding in report.findings if finding.stage == "features"} == (
        set() if status == "passed" else {"rise"}
    )
