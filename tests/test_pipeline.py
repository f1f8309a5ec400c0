"""The pipeline as a user runs it: real engine processes on the demo exchange and on real candles."""

from pathlib import Path

import empyrical
import pandas as pd
import pytest

from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.errors import ChangeSettingsError, RepairDataError
from engine.market.calendar import Calendar
from engine.market.spacing import MINUTE_MS
from engine.market.times import milliseconds
from engine.results.trade_terms import COLUMNS
from engine.runs.home import Home
from engine.runs.launch import alive
from engine.runs.manifest import verify
from engine.runs.results import backtest_of
from engine.runs.state import state_of
from engine.settings import load, make
from tests.data.test_sessions import write
from tests.studies.engines import followed, killed, result_of

REAL = Path(__file__).parents[2] / "shared" / "data" / "Binance_BTCUSDT_1h.csv.gz"
SMALL = [
    "window.lookback=24", "model.units=[8]", "model.members=1", "training.epochs=3",
    "training.batch_size=128",
    "signal.entry_threshold=0.0002",
]  # fmt: skip
DEMO = [
    "data.exchange=demo", "data.funding=true", "data.second_exchange=demo", "data.start=2025-01-01",
    "data.end=2025-06-01", *SMALL,
]  # fmt: skip


def carried_out(home, mode, chosen, of=""):
    return followed(home.create(mode, chosen, of=of))


def notes_of(run):
    return [note.text for note in backtest_of(run).notes]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def whole(home):
    return carried_out(home, "run", make({}, DEMO))


def test_the_whole_pipeline_ends_with_a_result_that_says_simulated(whole):
    document = result_of(whole)
    state = state_of(whole)
    assert document["simulated"] is True
    assert state.simulated
    assert set(state.stages) >= {"collect", "merge", "features", "windows", "split", "scale", "fit", "save"}
    assert set(state.stages) >= {"load", "predict", "signals", "simulate", "metrics"}
    assert len(state.history) == 3
    trades = pd.read_csv(whole.path / "trades.csv", parse_dates=["entry_time", "exit_time"])
    assert tuple(trades.columns) == COLUMNS
    assert len(trades) == document["metrics"]["trades"]
    gained = document["metrics"]["final_value"] - 10_000
    assert trades["pnl"].sum() == pytest.approx(gained, rel=1e-9, abs=1e-6)
    costs = trades[["fees", "slippage", "funding", "borrow"]].sum(axis=1)
    assert (trades["gross_pnl"] - costs - trades["pnl"]).abs().max() < 1e-6
    assert document["benchmark"]["trades"] == 1
    equity = pd.read_parquet(whole.path / "equity.parquet")
    assert (equity["cash"] + equity["position"] * equity["close"] - equity["equity"]).abs().max() < 1e-6
    assert verify(whole.path) == []


def test_a_backtest_of_the_run_repeats_its_trades_byte_for_byte(home, whole):
    again = carried_out(home, "backtest", load(whole.settings_path), of=whole.id)
    assert result_of(again)["metrics"] == result_of(whole)["metrics"]
    assert (again.path / "trades.csv").read_bytes() == (whole.path / "trades.csv").read_bytes()


def test_bars_that_the_model_was_trained_on_are_called_in_sample(home, whole):
    chosen = make({}, [*DEMO, "backtest.span=all"])
    notes = backtest_of(carried_out(home, "backtest", chosen, of=whole.id)).notes
    (note,) = (each for each in notes if each.code == "in-sample")
    assert 0 < note.values["inside"] < note.values["bars"]  # noqa: PD011


def test_a_run_without_a_trade_says_why(home, whole):
    chosen = make({}, [*DEMO, "signal.entry_threshold=0.9"])
    run = carried_out(home, "backtest", chosen, of=whole.id)
    assert result_of(run)["metrics"]["trades"] == 0
    largest = pd.read_parquet(whole.path / "predictions.parquet")["prediction"].abs().max()
    because = f"No forecast goes beyond signal.entry_threshold, 0.9: the largest is {largest:.2g}."
    assert any(note.startswith(because) for note in notes_of(run))
    assert not any("No forecast goes" in note for note in notes_of(whole))


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("window.lookback=30", "window.lookback = 30, trained with 24"),
        ("features.names=rsi_14", "features.names"),
        ("data.end=2025-02-01", "no bar of"),
    ],
)
def test_a_backtest_that_the_model_cannot_do_is_refused(home, whole, override, reason):
    run = carried_out(home, "backtest", make({}, [*DEMO, override]), of=whole.id)
    error = state_of(run).error
    assert isinstance(error, ChangeSettingsError)
    assert reason in error.thing + error.reason


def test_an_edited_artifact_is_refused_by_name(home):
    trained = carried_out(home, "train", make({}, [*DEMO, "training.epochs=1"]))
    with (trained.path / "scaler.joblib").open("ab") as file:
        file.write(b"x")
    error = state_of(carried_out(home, "backtest", load(trained.settings_path), of=trained.id)).error
    assert isinstance(error, RepairDataError)
    assert "scaler.joblib" in error.thing


def test_a_run_killed_in_training_resumes_to_the_same_trades(home, whole):
    run = killed(home.create("run", load(whole.settings_path)), {"kind": "epoch", "epoch": 2})
    followed(run)
    assert result_of(run)["metrics"] == result_of(whole)["metrics"]
    assert (run.path / "trades.csv").read_bytes() == (whole.path / "trades.csv").read_bytes()


def test_too_few_rows_and_unknown_features_are_refused_in_words(home):
    short = carried_out(home, "train", make({}, [*DEMO, "data.end=2025-01-03"]))
    assert "too few samples" in state_of(short).error.reason
    odd = carried_out(home, "train", make({}, [*DEMO, "features.names=rsi_15"]))
    assert "rsi_14" in str(state_of(odd).error)
    assert not alive(odd)


@pytest.mark.skipif(not REAL.exists(), reason="needs the recorded real candles beside the checkout")
def test_real_candles_train_and_trade_the_same_twice(tmp_path):
    from engine.results.series import ImportReport
    from engine.runs.requests import ask

    home = Home(tmp_path)
    report = ask({"do": "data.import", "path": str(REAL), "name": "", "home": str(home.path)}, ImportReport)
    assert report.series == "Binance_BTCUSDT_1h"
    assert (report.rows_read, report.rows_stored, report.duplicates) == (36_062, 33_413, 2_649)
    assert (report.missing, report.gaps) == (16, 8)
    assert report.flag_list[0].start == "2017-08-17T04:00:00Z"
    chosen = make({}, ["data.series=Binance_BTCUSDT_1h", "data.start=2020-06-01", *SMALL])
    first, second = (carried_out(home, "run", chosen) for _ in range(2))
    assert result_of(first)["metrics"] == result_of(second)["metrics"]
    assert not result_of(first)["simulated"]
    assert (first.path / "trades.csv").read_bytes() == (second.path / "trades.csv").read_bytes()
    assert len((first.path / "trades.csv").read_text().splitlines()) > 1


@pytest.mark.parametrize(
    ("text", "minutes"), [("mon-fri", 1440), ("mon-fri 09:30-16:30 America/New_York", 60)]
)
def test_a_file_of_a_market_with_sessions_runs_without_a_flag(tmp_path, text, minutes):
    frame, _ = write(tmp_path / "mine.csv", text, minutes, 1400 if minutes == 1440 else 500)
    home = Home(tmp_path / "home")
    import_file(tmp_path / "mine.csv", Store(home.data), now_ms=2**53)
    small = (
        "model.units=[4]",
        "model.members=1",
        "training.epochs=1",
        "window.lookback=12",
        "signal.entry_threshold=0",
    )
    run = carried_out(home, "run", make({}, ["data.series=mine", *small]))
    document = result_of(run)
    calendar = Calendar.parse(text, minutes * MINUTE_MS)
    assert (document["calendar"], document["symbol"]) == (text, "mine")
    assert any(note.code == "market with sessions" for note in backtest_of(run).notes)
    equity = pd.read_parquet(run.path / "equity.parquet")
    assert equity.index.isin(frame.index).all()
    assert len(equity) == len(frame.loc[equity.index[0] : equity.index[-1]])  # no bar is without a forecast
    trades = pd.read_csv(run.path / "trades.csv", parse_dates=["entry_time", "exit_time"])
    assert len(trades) >= 1
    assert trades["entry_time"].isin(frame.index).all()
    daily = equity["equity"].groupby(calendar.sessions(milliseconds(equity.index))).last()
    returns = pd.concat([pd.Series([10_000.0]), daily]).pct_change().iloc[1:]
    assert document["metrics"]["sharpe"] == pytest.approx(
        empyrical.sharpe_ratio(returns, annualization=252), rel=1e-9
    )
    assert document["metrics"]["cagr"] == pytest.approx(empyrical.cagr(returns, annualization=252), rel=1e-9)
