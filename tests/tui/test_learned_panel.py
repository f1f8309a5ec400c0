"""The panel of forecasts and features holds every figure there is, in the room there is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.results.learned import (
    BandCoverage,
    Decile,
    Estimate,
    FeatureDrift,
    ForecastCalibration,
    Importance,
    ImportanceResult,
    PartialIC,
)
from engine.results.learned_tables import basis_points
from engine.results.number_format import correlation
from engine.runs.home import Home
from engine.runs.results import backtest_of
from tests.queries.results import backtested
from tui.screens.backtest.learned import learned
from tui.widgets.lines import plain, width_of


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return backtest_of(backtested(Home(tmp_path_factory.mktemp("home")), 300))


def shown_of(name, lines):
    """The row of a feature; its name may be cut, behind the number that it begins with."""
    return [line for line in lines if line.startswith(f" {name[:7]}")][-1]  # sentences stand above


@given(st.integers(0, 2**32), st.integers(66, 200), *[st.booleans()] * 4)
@settings(max_examples=25, deadline=None)
def test_every_decile_and_every_feature_stands_whole(
    result, seed, width, measured, calibrated, banded, plain_characters
):
    generator = np.random.default_rng(seed)
    numbers = iter(generator.normal(0, 10.0 ** generator.integers(-5, 1), 200).tolist())
    count = int(generator.integers(1, 9))
    names = [f"{at}_{'x' * int(generator.integers(1, 22))}" for at in range(count)]
    deciles = tuple(Decile(30, next(numbers), next(numbers)) for _ in range(10))
    estimate = Estimate(next(numbers), next(numbers), next(numbers))
    parts = (PartialIC("month", "2024-05", 700, next(numbers), 0.5),)
    found = replace(
        result,
        calibration=ForecastCalibration(deciles, estimate, estimate, parts) if calibrated else None,
        band=BandCoverage(0.9, 700, estimate, abs(next(numbers))) if banded else None,
        drift=tuple(FeatureDrift(name, abs(next(numbers))) for name in names),
    )
    each = [Importance(name, 1, next(numbers), next(numbers), next(numbers)) for name in names]
    importance = ImportanceResult("b", "a", False, 900, 0.05, 20, 48, (), tuple(each)) if measured else None
    lines = learned(found, importance, "quantdeck importance RUN", width, ascii=plain_characters)
    assert all(width_of(line) <= width for line in lines)
    text = list(map(plain, lines))
    for decile in deciles if calibrated else ():
        shown = [basis_points(decile.forecast), basis_points(decile.forward_return)]
        assert any(line.split()[2:4] == shown for line in text)
    for drift in found.drift:
        line = shown_of(drift.name, text)
        assert line.split()[-1] == correlation(drift.psi)
    assert any(line.startswith(" bands ") for line in text) == banded
    assert any("IC lost" in line for line in text) == measured  # no column is empty
    for one in each if measured else ():
        line = shown_of(one.name, text)
        assert line.split()[1] == correlation(one.ic_drop)
    assert any("importance is not measured" in line for line in text) == (not measured)
    if plain_characters:
        assert not {"█", "│"} & set("".join(text))
