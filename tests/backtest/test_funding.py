"""Funding stamps anywhere in and between bars, against an account that is kept stamp by stamp."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.market.calendar import Calendar
from engine.market.funding import with_mark
from engine.market.merge import Other, merge
from engine.market.times import milliseconds, time_index
from engine.results.trade_terms import REASONS
from tests.backtest.markets import HOUR_MS
from tests.backtest.markets import candles as prices

START_MS = 1_600_041_600_000  # midnight
STEPS_H = (1, 8, 24)


def market_of(seed, step_h, count, longest_gap):
    """Candles with gaps, rates stamped anywhere, candles of a mark price that does not know all stamps."""
    generator, step_ms = np.random.default_rng(seed), step_h * HOUR_MS
    gap = np.where(generator.random(count) < 0.2, generator.integers(0, longest_gap + 1, count), 0)
    place = np.arange(count) + np.cumsum(gap)
    columns = dict(zip(("open", "high", "low", "close"), prices(count, generator), strict=True))
    frame = pd.DataFrame(columns, index=time_index(START_MS + place * step_ms))
    frame = frame.assign(volume=1.0, flag=np.uint8(0))
    end_ms = int(milliseconds(frame.index)[-1]) + 2 * step_ms
    kinds = [np.arange(START_MS - step_ms, end_ms, 8 * HOUR_MS)]  # as exchanges pay
    kinds += [kinds[0] + generator.integers(0, 50, len(kinds[0]))]  # some milliseconds late
    kinds += [generator.integers(START_MS - step_ms, end_ms, len(kinds[0])) // 60_000 * 60_000]
    stamp = np.unique(kinds[generator.integers(3)])
    rates = pd.DataFrame({"value": generator.normal(0, 0.003, len(stamp))}, index=time_index(stamp))
    mark_ms = np.arange(START_MS, end_ms, HOUR_MS)
    mark_ms = mark_ms[generator.random(len(mark_ms)) < 0.8]
    mark = pd.DataFrame({"open": generator.uniform(50, 200, len(mark_ms))}, index=time_index(mark_ms))
    return frame, rates.assign(available_at=rates.index), mark


def kept_by_stamps(frame, rates, step_ms, target, stop, mark=None):
    """(funding paid by trade, final money) of an account without other costs, moment by moment."""
    opens = milliseconds(frame.index).tolist()
    stamps = list(zip(milliseconds(rates.index).tolist(), rates["value"].tolist(), strict=True))
    marks = {} if mark is None else dict(zip(milliseconds(mark.index).tolist(), mark["open"], strict=True))
    money, held, entry, paid, ended = 10_000.0, 0.0, 0.0, 0.0, []
    before = -1  # up to which moment stamps have been charged

    def payment(rate, stamp, opened):
        return held * rate * marks.get(stamp // HOUR_MS * HOUR_MS, opened)

    def out(price):
        nonlocal money, held, paid
        money += held * price
        ended.append(paid)
        held, paid = 0.0, 0.0

    for t, (start, bar) in enumerate(zip(opens, frame.itertuples(), strict=True)):
        for stamp, rate in stamps:
            if before < stamp < start + 1000:  # a second late is at the open
                paid += payment(rate, stamp, bar.open)
                money -= payment(rate, stamp, bar.open)
        if not np.isnan(target[t]) and target[t] * held <= 0:
            if held:
                out(bar.open)
            if target[t]:
                held, entry = target[t] * money / bar.open, bar.open
                money -= held * bar.open
        level = entry * (1 - np.sign(held) * stop)
        stopped = held and stop and (bar.low <= level if held > 0 else bar.high >= level)
        for stamp, rate in stamps:
            if start + 1000 <= stamp < start + step_ms and not (
                stopped and payment(rate, stamp, bar.open) < 0
            ):
                paid += payment(rate, stamp, bar.open)
                money -= payment(rate, stamp, bar.open)
        if stopped:
            out(min(bar.open, level) if held > 0 else max(bar.open, level))
        before = start + step_ms - 1
    if held:
        out(frame["close"].iloc[-1])
    return ended, money


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32), st.sampled_from(STEPS_H), st.integers(2, 40), st.sampled_from([0.0, 0.01, 0.05]),
    st.booleans(), st.integers(0, 3),
)  # fmt: skip
def test_each_stamp_is_charged_to_what_is_held_at_it(seed, step_h, count, stop, marked, fill):
    frame, rates, mark = market_of(seed, step_h, count, longest_gap=4)
    calendar = Calendar(step_h * HOUR_MS)
    given_rates = with_mark(rates, mark, Calendar(HOUR_MS)) if marked else rates
    market = merge(frame, calendar, [Other("funding", given_rates, 12 * HOUR_MS)], fill, simulated=False)
    observed = market.provenance["candles"].to_numpy() == 0
    market = market.rows(observed)
    target = np.random.default_rng(seed + 1).choice([1.0, -1.0, 0.0, np.nan], count, p=[0.3, 0.3, 0.1, 0.3])
    rules = Rules(10_000.0, 0.0, 0.0, calendar.bars_per_year, stop_loss=stop)
    done = simulate(Bars.of(market.frame, 5, market.funding), target, rules)
    paid, money = kept_by_stamps(frame, rates, calendar.step_ms, target, stop, mark if marked else None)
    assert done.trades["funding"] == pytest.approx(paid, rel=1e-9, abs=1e-9)
    assert done.equity[-1] == pytest.approx(money, rel=1e-9)
    assert done.cash + done.position * done.close == pytest.approx(done.equity, rel=1e-12)
    assert done.equity[-1] - 10_000 == pytest.approx(done.trades["pnl"].sum(), rel=1e-9, abs=1e-6)
    assert set(done.trades["exit_reason"]) <= {
        REASONS.index(name) for name in ("signal", "reversal", "stop-loss", "end")
    }


def test_hourly_bars_with_stamps_at_their_opens_pay_what_they_paid():
    frame, _, _ = market_of(3, 1, 40, 0)
    stamp = START_MS + np.arange(5) * 8 * HOUR_MS
    rates = pd.DataFrame({"value": np.arange(1.0, 6) / 1000}, index=time_index(stamp))
    market = merge(
        frame,
        Calendar(HOUR_MS),
        [Other("funding", rates.assign(available_at=rates.index), 1)],
        0,
        simulated=False,
    )
    assert market.funding.carried[:40:8].tolist() == rates["value"].tolist()
    assert not market.funding.paid.any()
    assert not market.funding.received.any()
