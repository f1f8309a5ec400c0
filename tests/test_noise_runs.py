"""A run without an edge claims no skill: the short form of soak.noise_runs; and its reading of sentences."""

from types import SimpleNamespace

import pytest

from engine.results.explanations import on_baselines
from engine.runs.home import Home
from soak import noise_runs

FEW = ("evidence.resamples=200", "evidence.permutations=100", "training.epochs=1")


@pytest.mark.parametrize("seed", [0, 1])
def test_a_run_on_noise_claims_no_skill(tmp_path, seed):
    result = noise_runs.carried_out(Home(tmp_path / "home"), seed, tmp_path, *FEW)
    assert result.metrics["trades"] > 0
    assert noise_runs.claims(result) == []


@pytest.mark.parametrize("beaten", [True, False])
def test_a_claim_is_seen_as_one(monkeypatch, beaten):
    rows = [SimpleNamespace(name="buy and hold", beaten=beaten), SimpleNamespace(name="ridge", beaten=False)]
    monkeypatch.setattr(noise_runs, "explained", lambda _: {"baselines": on_baselines(rows, "lstm")})
    assert bool(noise_runs.claims(None)) == beaten
