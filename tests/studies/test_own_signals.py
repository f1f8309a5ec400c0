"""Anybody's signals: from files, from frames, and as a run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.errors import ChangeSettingsError, RepairDataError
from engine.runs.folder import Home
from engine.runs.manifest import verify
from engine.settings import Settings, make
from engine.studies.simulate_signals import simulate_signals
from tests.studies.engines import followed, result_of

COUNT, STEP = 500, 3_600_000
CASES = Path(__file__).parent / "simulate"


@pytest.fixture
def market(tmp_path):
    rng = np.random.default_rng(2)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, COUNT)))
    opening = np.concatenate([[100], close[:-1]])
    time = pd.date_range("2024-01-01", periods=COUNT, freq="h", tz="UTC", name="time").as_unit("ms")
    frame = pd.DataFrame(
        {
            "open": opening,
            "high": np.maximum(opening, close) * 1.002,
            "low": np.minimum(opening, close) * 0.998,
            "close": close,
            "volume": rng.uniform(1, 9, COUNT),
        },
        index=time,
    )
    weight = pd.Series(rng.uniform(-1, 1, 40), index=time[20:420:10], name="weight")
    frame.to_csv(tmp_path / "candles.csv", date_format="%Y-%m-%dT%H:%M:%SZ")
    weight.to_frame().to_parquet(tmp_path / "weights.parquet")
    return frame, weight, tmp_path


def test_weights_trade_as_the_simulator_trades_them(market):
    frame, weight, _ = market
    judged = simulate_signals(frame, weight)
    target = np.full(COUNT - 20, np.nan)
    target[np.arange(0, 400, 10)] = weight.to_numpy()
    bars = Bars.of(frame, Settings().backtest.volatility_span).rows(slice(20, COUNT))
    reference = simulate(bars, target, Rules.of(Settings().backtest, bars.calendar))
    assert np.array_equal(judged.equity.to_numpy(), reference.equity)
    assert judged.metrics["final_value"] == reference.equity[-1]
    assert len(judged.trades) == judged.metrics["trades"] > 5
    assert judged.benchmark["trades"] == 1


def test_files_and_frames_come_to_the_same(market):
    frame, weight, folder = market
    from_files = simulate_signals(folder / "candles.csv", folder / "weights.parquet")
    assert from_files.metrics == pytest.approx(simulate_signals(frame, weight).metrics, nan_ok=True)


def test_a_column_named_signal_holds_at_0(market):
    frame, weight, _ = market
    sign = pd.Series(np.sign(weight.to_numpy()), weight.index, name="signal")
    sign.iloc[5] = 0.0
    held = simulate_signals(frame, sign)
    closed = simulate_signals(frame, sign.rename("weight"))
    flat = simulate_signals(frame, sign, make({}, ["signal.neutral=flat"]))
    assert closed.metrics == flat.metrics
    assert held.metrics["exposure"] > closed.metrics["exposure"]


def test_a_run_of_mode_simulate_gives_a_backtests_result(market):
    frame, weight, folder = market
    home = Home(folder / "home")
    run = home.create("simulate", make({}, ["backtest.fee_bps=5"]))
    paths = {"candles": str(folder / "candles.csv"), "signals": str(folder / "weights.parquet")}
    (run.path / "inputs.json").write_text(json.dumps(paths))
    told = result_of(followed(run))
    own = simulate_signals(frame, weight, make({}, ["backtest.fee_bps=5"]))
    assert told["metrics"]["final_value"] == pytest.approx(own.metrics["final_value"])
    assert len(pd.read_csv(run.path / told["files"]["trades"])) == told["metrics"]["trades"]
    assert (told["simulated"], told["symbol"]) == (False, "candles")
    assert verify(run.path) == []


def test_candles_in_the_place_of_signals_are_refused(market):
    _, _, folder = market
    with pytest.raises(ChangeSettingsError, match="not signals"):
        simulate_signals(folder / "candles.csv", folder / "candles.csv")
    with pytest.raises(ChangeSettingsError, match="not candles"):
        simulate_signals(folder / "weights.parquet", folder / "weights.parquet")


def of_case(name, *keys, folder=CASES):
    free = ("backtest.fee_bps=0", "backtest.slippage_bps=0")
    return simulate_signals(
        CASES / f"{name}.candles.csv", folder / f"{name}.signals.csv", make({}, [*free, *keys])
    )


@pytest.mark.parametrize(("neutral", "final"), [("hold", 14_177.78), ("flat", 11_717.17)])
def test_a_file_of_signals_trades_as_neutral_says(neutral, final):
    judged = of_case("hold", f"signal.neutral={neutral}")
    truth = pd.read_csv(CASES / f"{neutral}.truth.csv", parse_dates=["entry_time", "exit_time"])
    columns = ["side", "entry_price", "exit_price", "exit_reason", "pnl"]
    pd.testing.assert_frame_equal(judged.trades[columns], truth[columns], check_dtype=False, rtol=1e-9)
    for column in ("entry_time", "exit_time"):
        assert list(pd.to_datetime(judged.trades[column])) == list(truth[column])
    assert judged.metrics["final_value"] == pytest.approx(final, abs=0.005)


def test_a_word_among_weights_is_refused_with_its_row_and_what_it_says():
    with pytest.raises(RepairDataError, match=r"text\.signals\.csv.*row 2 says short in column weight"):
        of_case("text")


@pytest.mark.parametrize("cell", ["0.5", "2", "-0.1", "1e9"])
def test_a_number_that_is_no_signal_is_refused_in_a_column_of_signals_alone(tmp_path, cell):
    text = (CASES / "hold.signals.csv").read_text().replace("04T00:00:00Z,-1", f"04T00:00:00Z,{cell}")
    (tmp_path / "hold.signals.csv").write_text(text)
    with pytest.raises(RepairDataError, match="other numbers than 1, -1 and 0"):
        of_case("hold", folder=tmp_path)
    (tmp_path / "hold.signals.csv").write_text(text.replace("time,signal", "time,weight"))
    assert of_case("hold", folder=tmp_path).metrics["trades"] > 0


def test_an_empty_cell_says_nothing(tmp_path):
    lines = (CASES / "hold.signals.csv").read_text().splitlines()
    spoken = [line for line in lines if not line.endswith(",0")]
    assert len(spoken) < len(lines)
    silent = [line if line in spoken else line[:-1] for line in lines]
    found = {}
    for name, kept in (("silent", silent), ("left-out", spoken)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hold.signals.csv").write_text("\n".join(kept))
        found[name] = of_case("hold", "signal.neutral=flat", folder=tmp_path / name).trades
    pd.testing.assert_frame_equal(found["silent"], found["left-out"])
