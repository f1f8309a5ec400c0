"""Importance on a run's model, and where the truth is known: the short form of soak.importance."""

import numpy as np
import pytest

from engine.errors import ChangeSettingsError
from engine.features import BUILT_IN, group_of
from engine.features.catalogue import GROUPS, OWN
from engine.models.training import backend
from engine.runs.results import importance_of
from engine.studies.importance import Permuted
from soak.importance import NOISE, PLANTED, importances, planted_samples, settings_of
from tests.studies.engines import TINY, followed, home_with_market, result_of
from tests.studies.markets import settings_of as settings_with


def test_what_alone_carries_the_edge_comes_first_and_too_few_samples_are_refused():
    backend.start(1)
    settings = settings_of("ridge", 1, "window.lookback=4", "evidence.resamples=100")
    samples = planted_samples(settings, 1, 0.3, 2500, NOISE[:4])
    found = importances(settings, samples)
    assert found[0].name == PLANTED
    assert found[0].low > 0
    assert sum(each.low <= 0 <= each.high for each in found if each.name in NOISE) >= 3
    assert [each.ic_drop for each in found] == sorted((each.ic_drop for each in found), reverse=True)
    with pytest.raises(ChangeSettingsError, match=r"validation: has 20 .* split\.validation"):
        Permuted.of(None, samples, np.arange(20), settings, print)


def test_a_trained_run_is_measured_on_its_validation_and_the_backtest_finds_it(tmp_path):
    home = home_with_market(tmp_path)
    chosen = settings_with(*TINY, "model.kind=ridge", "features.names=return_1,hour_sin,return_6")
    trained = followed(home.create("run", chosen))
    assert importance_of(trained) is None
    document = result_of(followed(home.create("importance", chosen, of=trained.id)))
    assert sorted(each["name"] for each in document["features"]) == ["hour_sin", "return_1", "return_6"]
    assert {each["name"]: each["features"] for each in document["groups"]} == {"Returns": 2, "Calendar": 1}
    assert importance_of(trained).run == document["run"]
    found = result_of(trained)
    assert (
        sum(each["forecasts"] for each in found["calibration"]["deciles"]) == found["forecast"]["forecasts"]
    )
    assert found["band"]["forecasts"] == found["forecast"]["forecasts"]
    assert sorted(each["name"] for each in found["drift"]) == ["hour_sin", "return_1", "return_6"]


def test_every_built_in_feature_has_its_group():
    for title, group in GROUPS.items():
        assert {group_of(each.name) for each in group} == {title}
    assert group_of("rsi_14_4h") == group_of("rsi_14")
    assert not {"mine", "rsi_14_mine"} & BUILT_IN.keys()
    assert {group_of("mine"), group_of("rsi_14_mine")} == {OWN}
