"""A price chart of any stretch holds what bars, forecasts and trades say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ChangeSettingsError
from engine.queries.price import chart
from engine.queries.result import result_of
from engine.queries.trades import window

FILTERS = ("", "pnl<0", "side=short bars>3", "side=long pnl>1e9")


def ask(run, **details):
    return {"run": str(run.path), **details}


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_any_stretch_holds_what_its_bars_say(kept, data):
    result = result_of(ask(kept))
    bars, forecast = result.decisions.bars, result.decisions.forecast
    asked = {
        "first": data.draw(st.integers(0, 900)), "bars": data.draw(st.integers(0, 900)),
        "candles": data.draw(st.integers(1, 300)), "filter": data.draw(st.sampled_from(FILTERS)),
        "sort": data.draw(st.sampled_from(["", "pnl"])), "reverse": data.draw(st.booleans()),
    }  # fmt: skip
    answer = chart(ask(kept, **asked))
    last = answer.first + answer.bars
    assert answer.all == len(bars)
    assert 0 <= answer.first < last <= len(bars)
    starts = np.searchsorted(bars.time.astype(np.int64), answer.candles.time_ms)
    edges = [*starts, last]
    assert starts[0] == answer.first
    assert len(starts) <= max(1, asked["candles"])
    for candle in range(len(starts)):
        rows = slice(edges[candle], edges[candle + 1])
        assert answer.candles.open[candle] == bars.open[rows][0]
        assert answer.candles.close[candle] == bars.close[rows][-1]
        assert answer.candles.high[candle] == bars.high[rows].max()
        assert answer.candles.low[candle] == bars.low[rows].min()
        known = forecast[rows][~np.isnan(forecast[rows])]
        assert answer.without_forecast[candle] == (len(known) < edges[candle + 1] - edges[candle])
        if len(known):
            assert answer.lowest_forecast[candle] == known.min()
            assert answer.highest_forecast[candle] == known.max()
        else:
            assert math.isnan(answer.lowest_forecast[candle])
    judge_trades(kept, asked, answer, np.array(edges), bars.time.astype(np.int64))


def judge_trades(run, asked, answer, edges, opens):
    """The trades by rows of the table, the slow way."""
    order = {name: asked[name] for name in ("filter", "sort", "reverse")}
    page = window(ask(run, count=1000, **order))
    rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
    for each in rows:
        for name in ("entry", "exit"):
            moment = np.datetime64(each[f"{name}_time"].rstrip("Z"), "ms").astype(np.int64)
            bar = int(np.searchsorted(opens, moment))
            inside = edges[0] <= bar < edges[-1]
            each[f"{name}_bar"] = bar
            each[name] = int(np.searchsorted(edges, bar, "right")) - 1 if inside else None
    for mark in answer.trades:
        row = rows[mark.row]
        assert (mark.trade, mark.side, mark.entry, mark.exit) == (
            row["trade"], row["side"], row["entry"], row["exit"]
        )  # fmt: skip
        assert (mark.entry_price, mark.exit_price) == (row["entry_price"], row["exit_price"])
    for name in ("entry", "exit"):  # whatever happens in a candle has a mark there
        happened = {(row["side"], row[name]) for row in rows if row[name] is not None}
        assert happened <= {(mark.side, getattr(mark, name)) for mark in answer.trades}
    for candle, place in enumerate(answer.held):
        there = [
            row["trade"] for row in rows
            if row["entry_bar"] < edges[candle + 1] and row["exit_bar"] >= edges[candle]
        ]  # fmt: skip
        assert (answer.trades[place].trade if place >= 0 else None) == max(there, default=None)


@given(st.integers(0, 10), st.integers(20, 200))
@settings(max_examples=10, deadline=None)
def test_around_a_row_its_trade_is_in_sight(kept, row, bars):
    answer = chart(ask(kept, row=row, bars=bars, sort="pnl", candles=60))
    whole = chart(ask(kept, row=row, candles=3))
    assert row in {each.row for each in whole.trades}
    (mark,) = (each for each in answer.trades if each.row == row)
    assert (mark.entry, mark.exit) != (None, None)
    assert answer.bars == bars


@pytest.mark.parametrize("wrong", [{"first": -1}, {"bars": "all"}, {"row": True}, {"filter": "side=shirt"}])
def test_what_is_no_stretch_is_refused(kept, wrong):
    with pytest.raises(ChangeSettingsError):
        chart(ask(kept, **wrong))
