"""train --seeds and walkforward, from the command line on the real engine."""

import pytest

from tests.studies.markets import filled_store, settings_of
from tests.tui.test_honesty import given

pytestmark = pytest.mark.slow


@pytest.fixture
def market(real):
    filled_store(real.home.data, settings_of())
    return real


@pytest.mark.long
def test_seeds_tell_the_spread_and_the_ensemble(market):
    chosen = given("training.epochs=1", "parallel.workers=1")
    document = market.json("train", "--seeds", "2", *chosen)
    result = document["result"]
    assert [each["seed"] for each in result["seeds"]] == [1, 2]
    values = [each["figures"]["total_return"] for each in result["seeds"]]
    assert result["spread"]["total_return"]["least"] == min(values)
    assert result["spread"]["total_return"]["greatest"] == max(values)
    assert result["ensemble"]["trades"] > 0
    assert {each["run"] for each in result["seeds"]} | {document["run"]} == {
        run.id for run in market.home.all()
    }
    assert sum(span["looks"] for span in market.json("ledger")["spans"]) == 2


@pytest.mark.parametrize("seeds", ["1", "-3", "many"])
def test_a_number_of_seeds_that_is_none_is_refused(real, seeds):
    assert real.json("train", "--seeds", seeds, code=2)["error"]["exit_code"] == 2
    assert real.home.all() == []


@pytest.mark.long
def test_walkforward_tells_every_fold_and_one_curve(market):
    chosen = given("training.epochs=1", "parallel.workers=1", "walk_forward.folds=2")
    document = market.json("walkforward", *chosen)
    folds = document["folds"]
    assert [fold["fold"] for fold in folds] == [1, 2]
    assert sum(fold["test"] for fold in folds) <= document["bars"]
    assert folds[0]["test_end"] < folds[1]["test_start"]
    grown = (1 + folds[0]["total_return"]) * (1 + folds[1]["total_return"]) - 1
    assert grown == pytest.approx(document["result"]["total_return"], abs=0.02)  # the last close is paid for
    tried = market.json("whatif", document["run"], "-s", "fee_bps=0")
    assert tried["result"]["total_return"] > document["result"]["total_return"]
    assert market.json("walkforward", "-s", "walk_forward.folds=1", code=2)["error"]["exit_code"] == 2
