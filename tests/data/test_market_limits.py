"""The smallest order and the step of an exchange's market, and a backtest that keeps to them."""

import asyncio
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine import outcome
from engine.backtest import trading
from engine.data.collect import collect
from engine.data.demo.server import demo_exchange
from engine.data.exchange.client import DECIMAL_PLACES, TICK_SIZE, limits_of
from engine.data.store import Store
from engine.queries.opening import what_if
from engine.runs.home import Home
from engine.settings import Data, Demo, Settings, make, with_limits
from tests.queries.results import decided
from tests.studies.engines import TINY, followed, home_with_market, result_of
from tests.studies.markets import settings_of

NOW = 1_717_200_000_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("market", "mode", "expected"),
    [
        ({"limits": {"cost": {"min": 5.0}}, "precision": {"amount": 1e-5}}, TICK_SIZE, (5.0, 1e-5)),
        ({"limits": {"cost": {"min": 10}}, "precision": {"amount": 3}}, DECIMAL_PLACES, (10.0, 0.001)),
        ({"limits": {"cost": {"min": None}}, "precision": {"amount": 0.0}}, TICK_SIZE, (None, None)),
        ({"limits": {"cost": None}, "precision": None}, TICK_SIZE, (None, None)),
        ({"precision": {"amount": 0.1}, "contract": True, "contractSize": 0.01}, TICK_SIZE, (None, 0.001)),
        ({"precision": {"amount": 5}}, 3, (None, None)),  # significant digits are no step
        ({"limits": {"cost": {"min": float("inf")}}}, TICK_SIZE, (None, None)),
    ],
)
def test_what_a_market_tells(market, mode, expected):
    found = limits_of(market, mode)
    assert (found.get("minimum_notional"), found.get("quantity_step")) == (
        expected[0],
        pytest.approx(expected[1]),
    )


def test_they_are_kept_with_the_candles(tmp_path):
    async def collected():
        async with demo_exchange(3, 0.1, "1h", NOW) as running:
            data = Data(exchange="demo", start="2024-05-20", end="2024-05-25")
            return await collect(
                data, Store(tmp_path), NOW, lambda _: None, Demo(seed=3, edge=0.1), running.url
            )

    primary = asyncio.run(collected()).primary
    assert primary.limits == {"quantity_step": 1e-5}
    store = Store(tmp_path)
    assert store.facts(primary.name).limits == primary.limits
    assert store.read(primary.name).limits == primary.limits


def test_they_replace_the_settings_only_if_asked_for():
    limits = {"minimum_notional": 5.0, "quantity_step": 0.001}
    assert with_limits(Settings(), limits) == Settings()
    asked = make({}, ["backtest.limits_from=exchange", "backtest.minimum_notional=7"])
    assert with_limits(asked, limits).backtest.minimum_notional == 5.0
    assert with_limits(asked, {"quantity_step": 0.001}).backtest.minimum_notional == 7.0


def test_orders_below_the_minimum_are_not_filled_and_sizes_lie_on_the_step():
    settings = make(
        {}, ["backtest.limits_from=exchange", "backtest.fraction=0.001", "backtest.stop_loss=0.03"]
    )
    decisions = decided(800, 5, settings)
    free, _ = trading.trade(decisions, with_limits(settings, {}))
    assert "not known" in " ".join(note.text for note in outcome.remarks(free, settings))
    stepped, _ = trading.trade(decisions, with_limits(settings, {"quantity_step": 0.01}))
    pieces = stepped.trades["quantity"] / 0.01
    np.testing.assert_allclose(pieces, np.round(pieces), atol=1e-6)
    assert (stepped.trades["quantity"] <= 10_000 * 0.001 / decisions.bars.low.min()).all()
    none, _ = trading.trade(decisions, with_limits(settings, {"minimum_notional": 50.0}))
    assert len(none.trades) == 0
    assert none.too_small > 0
    assert len(free.trades) > 50


def test_a_run_takes_them_and_so_do_what_ifs(tmp_path):
    home = Home(tmp_path)
    home_with_market(tmp_path)
    store = Store(home.data)
    name = next(name for name in store.names() if "second" not in name and name.endswith("candles"))
    with store.locked(name):
        store.write(replace(store.read(name), limits={"minimum_notional": 20.0, "quantity_step": 0.5}))
    chosen = settings_of(
        *TINY, "training.epochs=1", "backtest.limits_from=exchange", "evidence.permutations=0",
        "evidence.resamples=100", "backtest.initial_capital=10000000",
    )  # fmt: skip
    run = followed(home.create("run", chosen))
    document = result_of(run)
    assert (document["costs"]["minimum_notional"], document["costs"]["quantity_step"]) == (20.0, 0.5)
    quantity = pd.read_csv(run.path / "trades.csv")["quantity"]
    assert len(quantity) > 0
    assert (quantity % 0.5 == 0).all()
    same = what_if({"run": str(run.path), "overrides": {"backtest.fee_bps": 10.0}}).result
    assert same.metrics["final_value"] == document["metrics"]["final_value"]
