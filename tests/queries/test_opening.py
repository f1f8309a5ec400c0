"""Results opened: as they were recorded, and under other rules."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.errors import ChangeSettingsError, RepairDataError, SettingsError
from engine.outcome import FILES
from engine.queries import opening
from engine.results.backtest import BacktestResult
from engine.results.codec import plain
from engine.results.explanations import explained
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.runs.results import backtest_of
from engine.runs.trial_ledger import WHAT_IF
from engine.runs.trial_store import read
from engine.settings import make
from engine.studies.simulate_signals import simulate_signals
from tests.backtest.markets import HOUR_MS
from tests.queries.results import as_json, backtested, own_signals

ledger, opened, tried = map(as_json, (opening.ledger, opening.opened, opening.what_if))
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
    for name, column in (("strategy", "equity"), ("benchmark", "buy_and_hold")):
        whole = np.concatenate([[10_000.0], equity[column].to_numpy()])
        points = curves[name]["value"]
        assert (min(points), max(points)) == (whole.min(), whole.max())
        assert (points[0], points[-1]) == (whole[0], whole[-1])
        assert len(points) <= 2 * columns + 2
        assert curves[name]["time_ms"] == sorted(set(curves[name]["time_ms"]))
    depth = json.loads(kept.result_path.read_text())["metrics"]["max_drawdown"]
    assert min(curves["strategy_drawdown"]["value"]) == pytest.approx(-depth, rel=1e-12)


@pytest.mark.parametrize("columns", [1, 7, 80, 4000])
def test_stretches_without_forecast_are_those_of_its_bars_to_a_column(kept, columns):
    stretches = opened(ask(kept, columns=columns))["curves"]["without_forecast"]
    prediction = pd.read_parquet(kept.path / "predictions.parquet")["prediction"]
    closes = prediction.index.asi8 + HOUR_MS
    lacking = closes[prediction.isna()].tolist()
    assert all(any(begin <= close <= end for begin, end in stretches) for close in lacking)
    assert all(any(begin <= close <= end for close in lacking) for begin, end in stretches)
    if columns > len(closes):
        shown = [any(begin <= close < end for begin, end in stretches) for close in closes]
        assert shown == prediction.isna().tolist()


def test_bars_without_forecast_are_counted_in_the_notes(kept):
    missing = pd.read_parquet(kept.path / "predictions.parquet")["prediction"].isna().to_numpy()
    stretches = sum(lacks and not before for before, lacks in pairwise([False, *missing.tolist()]))
    notes = [note for note in opened(ask(kept))["result"]["notes"] if "without forecast" in note["code"]]
    assert notes == [
        {"code": "held without forecast", "values": {"bars": int(missing.sum()), "stretches": stretches}}
    ]
    flat = tried(ask(kept, overrides={"signal.without_forecast": "flat"}))["result"]["notes"]
    assert "closed without forecast" in [note["code"] for note in flat]


@pytest.mark.parametrize("columns", [0, -3, 2.5, "wide"])
def test_a_width_that_is_none_is_refused(kept, columns):
    with pytest.raises(ChangeSettingsError):
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
    [
        {"training.epochs": 3},
        {"signal.threshold_from": "validation"},
        {"backtest.span": "all"},
        {"backtest.volatility_span": 9},
        {"signal": 1},
        ["x"],
    ],
    ids=str,
)
def test_what_cannot_be_tried_is_refused(kept, overrides):
    with pytest.raises(ChangeSettingsError):
        tried(ask(kept, overrides=overrides))


@pytest.mark.parametrize(
    ("key", "value"), [("backtest.fee_bps", -1), ("backtest.fill", "magic"), ("backtest.feebps", 1.0)]
)
def test_wrong_values_are_told_with_their_key(kept, key, value):
    with pytest.raises(SettingsError, match=key):
        tried(ask(kept, overrides={key: value}))


def test_a_try_is_a_look_and_the_same_try_is_none(copied):
    home = Path(copied.path).parents[1]
    first = tried(ask(copied, overrides=OVERRIDES))["result"]["trials"]
    assert (first["looks"], first["what_ifs"], first["trials"]) == (1, 1, 1)
    again = tried(ask(copied, overrides=OVERRIDES))["result"]["trials"]
    assert again == first
    second = tried(ask(copied, overrides={"backtest.fee_bps": 3.0}))["result"]["trials"]
    assert (second["looks"], second["what_ifs"], second["trials"]) == (2, 2, 2)
    looks, _ = read(home)
    assert [look.kind for look in looks] == [WHAT_IF, WHAT_IF]
    assert {look.run for look in looks} == {look.of for look in looks} == {copied.id}
    assert looks[0].settings["backtest.stop_loss"] == 0.01


def test_the_runs_own_rules_are_no_new_look(tmp_path):
    run = backtested(Home(tmp_path), 700)
    trials = tried(ask(run, overrides={"backtest.fee_bps": 10.0}))["result"]["trials"]
    assert (trials["looks"], trials["what_ifs"]) == (1, 0)
    assert opened(ask(run))["result"]["trials"] == trials


def test_the_ledger_as_it_stands_counts_tries_and_deflates_by_them(tmp_path):
    run = backtested(Home(tmp_path), 1500)
    recorded = json.loads(run.result_path.read_text())["trials"]
    assert ledger(ask(run)) == recorded
    for fee in (1.0, 3.0, 30.0):
        tried(ask(run, overrides={"backtest.fee_bps": fee}))
    now = ledger(ask(run))
    assert (now["looks"], now["what_ifs"], now["trials"]) == (4, 3, 4)
    sharpes = [look.sharpe for look in read(tmp_path)[0]]
    assert now["sharpe_variance"] == pytest.approx(np.var(sharpes, ddof=1))
    assert now["deflated_sharpe"] < recorded["deflated_sharpe"]
    again = tried(ask(run, overrides={"backtest.fee_bps": 3.0}))["result"]
    assert "4 of them different" in explained(BacktestResult.from_json(again))["trials"]


def test_a_ledger_that_knows_fewer_looks_takes_none_away(tmp_path):
    run = backtested(Home(tmp_path), 700)
    recorded = json.loads(run.result_path.read_text())
    recorded["trials"] |= {"looks": 16, "deflated_sharpe": 0.125}  # by whoever ran it, on another machine
    run.result_path.write_text(json.dumps(recorded))
    assert ledger(ask(run)) == recorded["trials"]


def test_an_opened_result_has_its_fills(kept):
    document = opened(ask(kept))["result"]
    ways = {way["name"]: way for way in document["fills"]["scenarios"]}
    assert ways["next-open"]["total_return"] == document["metrics"]["total_return"]
    assert ways["worst-of-bar"]["total_return"] < document["metrics"]["total_return"]


def test_signals_that_hang_on_folds_stay_unless_the_threshold_is_moved(tmp_path):
    """A walk-forward may have a threshold for each fold: other costs must not decide anew."""
    run = backtested(Home(tmp_path), 900)
    path = run.path / "predictions.parquet"
    predictions = pd.read_parquet(path)
    later = np.arange(len(predictions)) >= 450
    predictions["signal"] = np.where(
        later & (predictions["prediction"].abs() < 0.004), 0, predictions["signal"]
    )
    predictions.astype({"signal": "int8"}).to_parquet(path)
    write_manifest(run.path, FILES)
    dearer = tried(ask(run, overrides={"backtest.fee_bps": 11.0}))
    assert dearer["trades"] < opened(ask(run))["trades"]
    lower = tried(ask(run, overrides={"signal.entry_threshold": 0.00051, "backtest.fee_bps": 11.0}))
    assert lower["trades"] > dearer["trades"]


def test_what_if_on_signals_of_ones_own_trades_the_same_weights(tmp_path):
    run, frame, weight = own_signals(tmp_path)
    answer = tried(ask(run, overrides={"backtest.fee_bps": 3.0, "backtest.stop_loss": 0.01}))
    again = simulate_signals(frame, weight, make({}, ["backtest.fee_bps=3", "backtest.stop_loss=0.01"]))
    assert plain(answer["result"])["metrics"]["final_value"] == pytest.approx(
        again.metrics["final_value"], rel=1e-12
    )
    assert answer["trades"] == len(again.trades)
    assert answer["result"]["symbol"] == json.loads(run.result_path.read_text())["symbol"]
    said = explained(backtest_of(run))["baselines"]
    assert said.startswith("The signals beat ")
    looks, _ = read(tmp_path)
    assert {look.market for look in looks} == {"file candles.csv candles"}
    assert answer["result"]["trials"]["looks"] == 2


@pytest.mark.parametrize("key", ["signal.entry_threshold", "signal.neutral", "backtest.short"])
def test_what_needs_forecasts_is_refused_for_signals_of_ones_own(tmp_path, key):
    run, _, _ = own_signals(tmp_path)
    with pytest.raises(ChangeSettingsError, match="not forecasts"):
        tried(ask(run, overrides={key: {"signal.neutral": "flat", "backtest.short": False}.get(key, 0.01)}))


@pytest.mark.parametrize("name", ["bars.parquet", "predictions.parquet", "equity.parquet", "trades.csv"])
def test_a_changed_file_is_refused_by_name(copied, name):
    content = bytearray((copied.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied.path / name).write_bytes(content)
    with pytest.raises(RepairDataError, match=name):
        opened(ask(copied))


@pytest.mark.parametrize("name", ["bars.parquet", "equity.parquet", "trades.csv"])
def test_a_file_of_the_manifest_that_is_no_table_is_refused_by_name(copied, name):
    (copied.path / name).write_bytes(b"this is no table\n1,2\n")
    write_manifest(copied.path, ["bars.parquet", "predictions.parquet", "equity.parquet", "trades.csv"])
    with pytest.raises(RepairDataError, match=name):
        opened(ask(copied))


def test_a_run_without_a_backtest_says_how_to_get_one(copied):
    copied.manifest_path.unlink()
    with pytest.raises(ChangeSettingsError, match=r"Start a new one: quantdeck .* run -c"):
        opened(ask(copied))


def test_a_result_that_has_changed_is_read_again(copied):
    before = opened(ask(copied))["result"]
    copied.result_path.write_text(json.dumps({**before, "symbol": "ETH/USDT"}))
    write_manifest(copied.path, ["bars.parquet", "predictions.parquet", "equity.parquet", "trades.csv"])
    assert opened(ask(copied))["result"]["symbol"] == "ETH/USDT"
