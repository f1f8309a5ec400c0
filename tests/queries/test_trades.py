"""Windows of trades, filters, orders, exports and single trades."""

import csv
import io
import operator

import numpy as np
import pandas as pd
import pytest

from engine.errors import ChangeSettingsError
from engine.queries.result import result_of
from engine.queries.trade import one
from engine.queries.trades import export, window
from engine.results.trade_terms import COLUMNS
from engine.runs.home import Home
from tests.queries.results import backtested

MANY = [
    "signal.entry_threshold=0.0", "signal.exit=signal", "backtest.fee_bps=0.1", "backtest.slippage_bps=0.0",
]  # fmt: skip


def ask(run, **details):
    return {"run": str(run.path), **details}


def rows_of(run):
    """The trades straight from the file, texts as they stand there."""
    return list(csv.DictReader(io.StringIO((run.path / "trades.csv").read_text())))


def numbers(answer):
    return [row[0] for row in answer.rows]


def test_windows_laid_end_to_end_are_the_file(kept):
    recorded, given = rows_of(kept), []
    while len(given) < len(recorded):
        answer = window(ask(kept, **{"from": len(given), "count": 17}))
        assert answer.total == answer.all == len(recorded)
        given += answer.rows
    for row, text in zip(given, recorded, strict=True):
        trade = dict(zip(COLUMNS, row, strict=True))
        assert [trade["side"], trade["entry_time"], trade["exit_reason"]] == [
            text["side"], text["entry_time"], text["exit_reason"]
        ]  # fmt: skip
        assert [trade["pnl"], trade["bars"]] == [float(text["pnl"]), int(text["bars"])]
    assert window(ask(kept, **{"from": 10**6})).rows == ()


def lost_short(row):
    return float(row["pnl"]) < 0 and row["side"] == "short" and int(row["bars"]) > 4


def within(row):
    return row["entry_time"] >= "2020-10-01" and row["exit_time"] < "2020-10-20T12:00"


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("pnl<0", lambda row: float(row["pnl"]) < 0),
        ("pnl<0 side=short bars>4", lost_short),
        ("return >= 1%", lambda row: float(row["return"]) >= 0.01),
        ("why!=reversal", lambda row: row["exit_reason"] != "reversal"),
        ("entry>=2020-10-01 EXIT<2020-10-20T12:00", within),
        ("  trade=7 ", lambda row: row["trade"] == "7"),
        ("pnl>1e300", lambda row: float(row["pnl"]) > 1e300),
    ],
)
def test_filters_keep_what_they_say(kept, text, keep):
    answer = window(ask(kept, filter=text, count=1000))
    assert numbers(answer) == [int(row["trade"]) for row in rows_of(kept) if keep(row)]
    assert answer.total == len(answer.rows)
    assert answer.pnl == pytest.approx(sum(float(row["pnl"]) for row in rows_of(kept) if keep(row)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pnl", "is no comparison"), ("pnl<", "is no comparison"), ("pnl<0 and", "is no comparison"),
        ("pln<0", "Did you mean pnl"), ("side=sho", "long, short"), ("side<long", "no order"),
        ("bars>many", "no number"), ("pnl<nan", "no number"), ("entry>soon", "must be a date"),
        ("why=luck", "stop-loss"), ("\x1b[2J=1", "is no comparison"),
    ],
)  # fmt: skip
def test_filters_that_mean_nothing_say_why(kept, text, reason):
    with pytest.raises(ChangeSettingsError) as caught:
        window(ask(kept, filter=text))
    assert reason in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sort", ["pnl", "bars", "side", "entry", "why", "mfe"])
def test_sorting_orders_by_the_column_and_keeps_equal_ones_as_traded(kept, sort, reverse):
    answer = window(ask(kept, sort=sort, reverse=reverse, count=1000))
    column = {"entry": "entry_time", "why": "exit_reason"}.get(sort, sort)
    recorded = rows_of(kept)
    texts = column in {"side", "entry_time", "exit_reason"}
    key = (lambda row: row[column]) if texts else (lambda row: float(row[column]))
    assert numbers(answer) == [int(row["trade"]) for row in sorted(recorded, key=key, reverse=reverse)]


def test_undefined_values_come_last_either_way(copied):
    result = result_of(ask(copied))
    trades = result.recorded.trades
    trades.loc[trades.index[3], "prediction"] = np.nan
    for reverse in (False, True):
        answer = window(ask(copied, sort="prediction", reverse=reverse, count=1000))
        assert answer.rows[-1][0] == 4


def test_under_other_rules_the_trades_are_others(kept):
    answer = window(ask(kept, overrides={"signal.entry_threshold": 0.002}))
    assert 0 < answer.all < window(ask(kept)).all


def test_an_export_holds_the_lines_of_the_file(kept, tmp_path):
    path = tmp_path / "shown.csv"
    answer = export(ask(kept, path=str(path), filter="side=long pnl>0", sort="pnl", reverse=True))
    header, *lines = path.read_text().splitlines()
    every = (kept.path / "trades.csv").read_text().splitlines()
    assert header == every[0]
    assert set(lines) <= set(every)
    assert answer.rows == len(lines) > 1
    gained = [float(line.split(",")[COLUMNS.index("pnl")]) for line in lines]
    assert gained == sorted(gained, reverse=True)
    with pytest.raises(ChangeSettingsError, match="csv"):
        export(ask(kept, path=str(tmp_path / "trades.txt")))


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("most", [20, 400])
def test_a_trade_stands_among_the_bars_around_it(kept, number, most):
    answer = one(ask(kept, number=number, candles=most))
    trade, candles, joined = answer.trade, answer.candles, answer.bars_per_candle
    assert trade["trade"] == number
    assert len(candles.open) <= max(most, 10)
    bars = pd.read_parquet(kept.path / "bars.parquet")
    start = bars.index.get_loc(pd.Timestamp(candles.time_ms[0], unit="ms", tz="UTC"))
    for place in range(len(candles.open)):
        part = bars.iloc[start + place * joined : start + (place + 1) * joined]
        if place == len(candles.open) - 1:
            continue  # the last one may join fewer
        bar = [getattr(candles, name)[place] for name in ("open", "high", "low", "close")]
        assert bar == [part["open"].iloc[0], part["high"].max(), part["low"].min(), part["close"].iloc[-1]]
    for key, place in (("entry_time", answer.entry), ("exit_time", answer.exit)):
        moment = pd.Timestamp(trade[key]).value // 10**6
        assert 0 <= moment - candles.time_ms[place] < joined * 3_600_000


@pytest.mark.parametrize("number", [0, 10**6, -1, "1"])
def test_a_trade_that_does_not_exist_is_refused(kept, number):
    with pytest.raises(ChangeSettingsError):
        one(ask(kept, number=number))


def test_tens_of_thousands_of_trades(tmp_path):
    run = backtested(Home(tmp_path), 70_000, 1, MANY)
    answer = window(ask(run, sort="pnl", reverse=True, **{"from": 15_000, "count": 40}))
    table = pd.read_csv(run.path / "trades.csv")
    assert answer.all == len(table) > 30_000
    expected = table.sort_values("pnl", ascending=False, kind="stable")["trade"]
    assert numbers(answer) == expected.iloc[15_000:15_040].tolist()
    kept = table[operator.and_(table["pnl"] < 0, table["side"] == "short") & (table["bars"] > 2)]
    answer = window(ask(run, filter="pnl<0 side=short bars>2", **{"from": len(kept) - 5, "count": 40}))
    assert (answer.total, numbers(answer)) == (len(kept), kept["trade"].iloc[-5:].tolist())
