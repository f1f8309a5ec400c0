from __future__ import annotations

import io

import numpy as np
import pandas as pd

from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.backtest.trades import to_csv_bytes, trade_table
from engine.results.trade_terms import COLUMNS
from tests.backtest.markets import HOUR_MS, random_bars, random_targets

RULES = Rules(10_000.0, fee=0.001, slippage=0.0002, bars_per_year=8760, stop_loss=0.03, borrow_rate=0.1)


def simulated(count=300, seed=1):
    generator = np.random.default_rng(seed)
    bars = random_bars(count, generator)
    return simulate(bars, random_targets(count, generator), RULES, generator.normal(0, 0.01, count))


def test_the_columns_are_those_of_the_definitions_with_borrow_and_absorbed_last():
    table = trade_table(simulated(), "BTC/USDT")
    assert ", ".join(table.columns) == (
        "trade, symbol, side, entry_time, exit_time, bars, quantity, entry_price, exit_price, gross_pnl, "
        "fees, slippage, funding, pnl, return, mae, mfe, prediction, exit_reason, equity_after, borrow, "
        "absorbed"
    )
    assert str(table["entry_time"].dtype) == "datetime64[ms, UTC]"
    assert set(table["side"]) == {"long", "short"}
    assert set(table["symbol"]) == {"BTC/USDT"}
    assert {"stop-loss", "reversal"} <= set(table["exit_reason"])


def test_times_are_the_bars_open_times():
    result = simulated()
    table = trade_table(result, "X")
    expected = pd.DatetimeIndex(result.time[result.trades["exit_bar"]], tz="UTC")
    assert (pd.DatetimeIndex(table["exit_time"]) == expected).all()
    assert (table["exit_time"] >= table["entry_time"]).all()


def test_the_csv_reads_back_exactly_and_is_the_same_each_time():
    table = trade_table(simulated(), "BTC/USDT:USDT")
    written = to_csv_bytes(table)
    assert written == to_csv_bytes(trade_table(simulated(), "BTC/USDT:USDT"))
    lines = written.decode().split("\n")
    assert lines[0] == ",".join(COLUMNS)
    assert lines[-1] == ""
    assert len(lines) == len(table) + 2
    assert b"\r" not in written
    read = pd.read_csv(io.BytesIO(written), dtype=str)
    for name in COLUMNS:
        if table[name].dtype == float:
            assert (read[name].map(float) == table[name]).all(), name
    assert read["entry_time"].str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").all()
    assert (pd.to_datetime(read["exit_time"]) == table["exit_time"]).all()


def test_milliseconds_are_kept_where_there_are_any():
    table = trade_table(simulated(), "X")
    table["entry_time"] += pd.Timedelta(17, "ms")
    assert b".017Z" in to_csv_bytes(table)


def test_no_trades_are_a_header():
    generator = np.random.default_rng(1)
    result = simulate(random_bars(10, generator), np.full(10, np.nan), RULES)
    table = trade_table(result, "X")
    assert len(table) == 0
    assert to_csv_bytes(table) == (",".join(COLUMNS) + "\n").encode()
    assert result.calendar.step_ms == HOUR_MS
