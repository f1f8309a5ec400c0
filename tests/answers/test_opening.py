"""Results opened: as they were recorded, and under other rules."""

import json

import numpy as np
import pandas as pd
import pytest

from engine.answers.opening import fills, opened, tried
from engine.errors import ChangeSettings, RepairData, SettingsError
from engine.runs.events import plain
from engine.runs.folder import Home
from engine.runs.manifest import write_manifest
from tests.answers.results import backtested

OVERRIDES = {"signal.entry_threshold": 0.002, "backtest.fee_bps": 3.0, "backtest.stop_loss": 0.01}


def ask(run, **details):
    return {"run": str(run.path), **details}


def test_what_is_opened_is_what_was_recorded(kept):
    answer = opened(ask(kept))
    assert answer["result"] == json.loads(kept.result_path.read_text())
    assert answer["settings"]["backtest.fee_bps"] == 10.0


@pytest.mark.parametrize("columns", [1, 7, 80, 4000])
def test_curves_keep_every_columns_extremes_and_both_ends(kept, columns):
    curves = opened(ask(kept, columns=columns))["curves"]
    equity = pd.read_parquet(kept.path / "equity.parquet")
    for name, column in (("strategy", "equity"), ("holding", "buy_and_hold")):
        whole = np.concatenate([[10_000.0], equity[column].to_numpy()])
        told = curves[name]["value"]
        assert (min(told), max(told)) == (whole.min(), whole.max())
        assert (told[0], told[-1]) == (whole[0], whole[-1])
        assert len(told) <= 2 * columns + 2
        assert curves[name]["time_ms"] == sorted(set(curves[name]["time_ms"]))
    depth = json.loads(kept.result_path.read_text())["metrics"]["max_drawdown"]
    assert min(curves["strategy_drawdown"]["value"]) == pytest.approx(-depth, rel=1e-12)


@pytest.mark.parametrize("columns", [0, -3, 2.5, "wide"])
def test_a_width_that_is_none_is_refused(kept, columns):
    with pytest.raises(ChangeSettings):
        opened(ask(kept, columns=columns))


def test_without_overrides_a_what_if_is_the_record(kept):
    assert tried(ask(kept, overrides={})) == opened(ask(kept))


def test_the_runs_own_rules_give_the_recorded_figures(kept):
    answer = tried(ask(kept, overrides={"backtest.fee_bps": 10.0}))
    recorded = opened(ask(kept))
    assert plain(answer["result"])["metrics"] == recorded["result"]["metrics"]
    assert answer["curves"] == recorded["curves"]


def test_a_what_if_is_what_a_backtest_by_these_rules_gives(kept, tmp_path):
    run = backtested(Home(tmp_path), 1500, 1, [f"{key}={value}" for key, value in OVERRIDES.items()])
    answer = plain(tried(ask(kept, overrides=OVERRIDES))["result"])
    recorded = json.loads(run.result_path.read_text())
    for part in ("metrics", "benchmark", "forecast", "months", "costs", "drawdown", "notes"):
        assert answer[part] == recorded[part], part


@pytest.mark.parametrize(
    "overrides",
    [{"training.epochs": 3}, {"backtest.span": "all"}, {"backtest.volatility_span": 9}, {"signal": 1}, ["x"]],
    ids=str,
)
def test_what_cannot_be_tried_is_refused(kept, overrides):
    with pytest.raises(ChangeSettings):
        tried(ask(kept, overrides=overrides))


@pytest.mark.parametrize(
    ("key", "value"), [("backtest.fee_bps", -1), ("backtest.fill", "magic"), ("backtest.feebps", 1.0)]
)
def test_wrong_values_are_told_with_their_key(kept, key, value):
    with pytest.raises(SettingsError, match=key):
        tried(ask(kept, overrides={key: value}))


def test_fills_show_the_recorded_way_and_the_others(kept):
    answer = fills(ask(kept))
    ways = {way["name"]: way for way in answer["fills"]}
    recorded = json.loads(kept.result_path.read_text())["metrics"]
    assert ways["next open, at these costs"]["total_return"] == recorded["total_return"]
    assert ways["worst of the bar"]["total_return"] < recorded["total_return"]
    assert ways["next open, no costs"]["total_return"] > recorded["total_return"]
    low, high = answer["sharpe_interval"]
    assert low < recorded["sharpe"] < high


@pytest.mark.parametrize("name", ["bars.parquet", "predictions.parquet", "equity.parquet", "trades.csv"])
def test_a_changed_file_is_refused_by_name(copied, name):
    content = bytearray((copied.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied.path / name).write_bytes(content)
    with pytest.raises(RepairData, match=name):
        opened(ask(copied))


@pytest.mark.parametrize("name", ["bars.parquet", "equity.parquet", "trades.csv"])
def test_a_file_of_the_manifest_that_is_no_table_is_refused_by_name(copied, name):
    (copied.path / name).write_bytes(b"this is no table\n1,2\n")
    write_manifest(copied.path, ["bars.parquet", "predictions.parquet", "equity.parquet", "trades.csv"])
    with pytest.raises(RepairData, match=name):
        opened(ask(copied))


def test_a_run_without_a_backtest_says_how_to_get_one(copied):
    copied.manifest_path.unlink()
    with pytest.raises(ChangeSettings, match=f"quantdeck backtest {copied.id}"):
        opened(ask(copied))


def test_a_result_that_has_changed_is_read_again(copied):
    before = opened(ask(copied))["result"]
    copied.result_path.write_text(json.dumps({**before, "symbol": "ETH/USDT"}))
    write_manifest(copied.path, ["bars.parquet", "predictions.parquet", "equity.parquet", "trades.csv"])
    assert opened(ask(copied))["result"]["symbol"] == "ETH/USDT"
