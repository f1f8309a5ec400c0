"""Anybody's signals: from files, from frames, and as a run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.data.importing.hints import Hints
from engine.errors import ChangeSettingsError, RepairDataError
from engine.results.notes import Note
from engine.runs.home import Home
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


@pytest.mark.parametrize("horizon", [1, 3, 24])
def test_signals_close_what_they_opened_unless_another_exit_is_named_which_is_told(market, horizon):
    frame, _, _ = market
    sign = pd.Series([1.0, 1.0], frame.index[[20, 200]], name="signal")
    assert simulate_signals(frame, sign).metrics["trades"] == 1
    settings = make({}, ["signal.exit=horizon", f"label.horizon={horizon}"])
    closed = simulate_signals(frame, sign, settings=settings)
    assert list(closed.trades["bars"]) == [horizon, horizon]
    assert list(closed.notes) == [Note("closed after the horizon", {"bars": horizon})]


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
    document = result_of(followed(run))
    own = simulate_signals(frame, weight, make({}, ["backtest.fee_bps=5"]))
    assert document["metrics"]["final_value"] == pytest.approx(own.metrics["final_value"])
    assert len(pd.read_csv(run.path / document["files"]["trades"])) == document["metrics"]["trades"]
    assert (document["simulated"], document["symbol"]) == (False, "candles")
    assert verify(run.path) == []


def test_candles_in_the_place_of_signals_are_refused(market):
    _, _, folder = market
    with pytest.raises(ChangeSettingsError, match="not signals"):
        simulate_signals(folder / "candles.csv", folder / "candles.csv")
    with pytest.raises(ChangeSettingsError, match="not candles"):
        simulate_signals(folder / "weights.parquet", folder / "weights.parquet")


def of_case(name, *keys, folder=CASES, **files):
    free = ("backtest.fee_bps=0", "backtest.slippage_bps=0")
    rules = make({}, [*free, *keys])
    return simulate_signals(CASES / f"{name}.candles.csv", folder / f"{name}.signals.csv", rules, **files)


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
    if abs(float(cell)) <= 1:
        assert of_case("hold", folder=tmp_path).metrics["trades"] > 0
    else:
        with pytest.raises(RepairDataError, match=r"at 2024-01-04T00:00:00Z.*backtest\.max_leverage"):
            of_case("hold", folder=tmp_path)


@pytest.mark.parametrize(("most", "largest"), [(1.0, 1.0), (3.0, 2.5), (3.0, 3.0), (3.0, 3.1), (1.0, 50.0)])
def test_weights_are_refused_beyond_the_leverage_and_told_within_it(market, most, largest):
    frame, weight, _ = market
    given, rules = weight.copy(), make({}, [f"backtest.max_leverage={most}"])
    given.iloc[7] = -largest
    if largest > most:
        with pytest.raises(RepairDataError, match=f"-{largest:g} at .*1 of them"):
            simulate_signals(frame, given, rules)
        return
    notes = {note.code: vars(note)["values"] for note in simulate_signals(frame, given, rules).notes}
    assert ("weights with leverage" in notes) == (largest > 1)
    if largest > 1:
        assert notes["weights with leverage"] == {"rows": 1, "largest": largest}


@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize(
    ("later", "noise", "early"), [(0, 0.0, True), (0, 1.0, True), (-1, 0.0, False), (1, 0.0, False)]
)
def test_signals_made_of_their_own_bar_are_called_out(every, later, noise, early):
    """later 0: made of the bar in which they are filled; -1: of the bar before; 1: of the next one."""
    rng = np.random.default_rng(11)
    frame = frame_of(np.cumsum(rng.normal(0, 0.01, 3000)))
    moved = np.log(frame["close"] / frame["open"])
    made = moved.shift(-later) + noise * rng.normal(0, moved.std(), len(moved))
    signal = np.sign(made).fillna(1.0).rename("signal").iloc[5:-5:every]
    codes = [note.code for note in simulate_signals(frame, signal).notes]
    assert ("signals look early" in codes) == early


def frame_of(log_price, **columns):
    close = 100 * np.exp(log_price)
    opening = np.concatenate([[100], close[:-1]])
    time = pd.date_range("2024-01-01", periods=len(close), freq="h", tz="UTC", name="time").as_unit("ms")
    prices = {"open": opening, "high": np.maximum(opening, close), "low": np.minimum(opening, close)}
    return pd.DataFrame(prices | {"close": close, "volume": 5.0} | columns, index=time)


def test_a_candle_of_unknown_volume_stops_a_trade():
    judged = of_case("crash", "backtest.stop_loss=0.06")
    assert truth_of("crash", judged) == pytest.approx(9_400)
    assert {note.code: vars(note)["values"]["rows"] for note in judged.notes} == {"volume not known": 1}


def test_a_share_of_an_unknown_volume_is_nothing():
    """The stop cannot be filled in that bar; it is where the volume is known again."""
    keys = ("backtest.stop_loss=0.06", "backtest.max_volume_share=1", "backtest.unfilled=wait")
    trades = of_case("crash", *keys).trades
    assert list(trades["exit_time"]) == [pd.Timestamp("2024-02-05T15", tz="UTC")]


def test_rates_of_a_file_are_charged_by_stamp():
    judged = of_case("funding", funding=CASES / "funding.rates.csv")
    assert truth_of("funding", judged) == pytest.approx(9_707.90)
    rates = pd.read_csv(CASES / "funding.rates.csv", parse_dates=["time"]).set_index("time")["funding_rate"]
    assert of_case("funding", funding=rates).metrics["funding"] == judged.metrics["funding"]
    assert of_case("funding").metrics["funding"] == 0


def truth_of(name, judged):
    """The final value, after comparing the trades."""
    truth = pd.read_csv(CASES / f"{name}.truth.csv", parse_dates=["entry_time", "exit_time"])
    columns = ["side", "entry_price", "exit_price", "exit_reason", "funding", "pnl"]
    pd.testing.assert_frame_equal(judged.trades[columns], truth[columns], check_dtype=False, atol=1e-6)
    for column in ("entry_time", "exit_time"):
        assert list(pd.to_datetime(judged.trades[column])) == list(truth[column])
    return judged.metrics["final_value"]


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


def test_options_of_an_import_are_those_of_a_simulation(market):
    frame, weight, folder = market
    days = frame.index.strftime("%d/%m/%Y %H:%M")
    early = frame.set_axis(days)[:240]  # days up to the tenth: two readings fit
    early.to_csv(folder / "early.csv", index_label="time")
    weight.set_axis(weight.index.strftime("%d/%m/%Y %H:%M"))[:20].to_csv(
        folder / "early-weights.csv", index_label="time"
    )
    files = {"candles": folder / "early.csv", "signals": folder / "early-weights.csv"}
    with pytest.raises(RepairDataError, match="--dates"):
        simulate_signals(**files)
    run = Home(folder / "home").create("simulate", Settings(), name="")
    said = {"hints": {"dates": "day-first"}}
    (run.path / "inputs.json").write_text(
        json.dumps({**{name: str(path) for name, path in files.items()}, **said})
    )
    expected = simulate_signals(frame[:240], weight[:20])
    assert result_of(followed(run))["metrics"]["final_value"] == expected.metrics["final_value"]


def test_losses_are_accepted_where_that_is_said(market):
    frame, weight, _ = market
    broken = frame.copy()
    broken.iloc[101:109, broken.columns.get_loc("high")] = 0.0
    with pytest.raises(RepairDataError, match="would lose 8"):
        simulate_signals(broken, weight)
    judged = simulate_signals(broken, weight, hints=Hints(accept_losses=True))
    assert any("8 rejected" in note.text or "8 " in note.text for note in judged.notes)
