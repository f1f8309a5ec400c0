"""The ledger against somebody who fools himself by accident: disguised markets, clones, worthless trials."""

from __future__ import annotations

import math
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.market.calendar import Calendar
from engine.market.spacing import HOUR_MS
from engine.robustness import deflation
from engine.robustness.deflation import TrialOrigin, Variant
from engine.robustness.market_prices import MarketPrices
from engine.robustness.trial_family import family_of
from engine.runs import trial_store
from engine.runs.trial_ledger import spans
from engine.runs.trial_store import FILE, VARIABLE
from engine.settings import Evidence, make
from engine.statistics.overfitting import overfitting
from engine.statistics.returns import probabilistic_sharpe
from tests.backtest.markets import random_bars, random_targets

RULES = Rules(1000.0, 0.0, 0.0, 8760)
EVIDENCE = Evidence(resamples=200)
few = settings(max_examples=12, deadline=None, database=None, derandomize=True)


@pytest.fixture
def users_ledger(tmp_path, monkeypatch):
    """A ledger that all homes of a test share."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "state" / FILE))


def market(seed, hours=2400):
    """Hourly bars."""
    return random_bars(hours, np.random.default_rng(seed), 0.008)


def coarser(bars, hours):
    """The same bars in a longer timeframe."""
    first = np.flatnonzero(bars.time.astype(np.int64) % (hours * HOUR_MS) == 0)
    first = first[first + hours <= len(bars)]
    table = {
        name: getattr(bars, name)[first]
        for name in ("open", "volume", "forecast_volatility", "previous_close", "funding")
    }
    parts = first[:, None] + np.arange(hours)  # (B, hours)
    return Bars(
        bars.time[first], high=bars.high[parts].max(axis=1), low=bars.low[parts].min(axis=1),
        close=bars.close[parts[:, -1]], calendar=Calendar(hours * HOUR_MS), **table,
    )  # fmt: skip


def scaled(bars, factor):
    """Prices times a factor, or times one for each bar."""
    return replace(bars, **{name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")})


def shifted(bars, hours):
    """Stamps that are off."""
    return replace(bars, time=bars.time + np.timedelta64(hours * HOUR_MS, "ms"))


def rounded(bars):
    """Four digits."""
    return replace(
        bars, **{name: np.array([float(f"{price:.4g}") for price in getattr(bars, name)])
                 for name in ("open", "high", "low", "close")}
    )  # fmt: skip


def look_at(home, bars, name, seed=1):
    """A backtest of random signals on a file of bars."""
    found = simulate(bars, random_targets(len(bars), np.random.default_rng(seed)), RULES)
    origin = TrialOrigin("backtest", f"run {name}", name, simulated=False)
    return deflation.record(home, bars, found, make({}, [f"data.series={name}"]), origin)


def test_no_dodge_makes_a_new_market(tmp_path, users_ledger):
    bars = market(1, 3600)
    noise = np.exp(0.0003 * np.random.default_rng(2).standard_normal(len(bars)))
    dodges = {
        "itself": bars,
        "shift": shifted(bars, 1),
        "zone": shifted(bars, -5),
        "scale": scaled(bars, 1e-3),
        "round": rounded(bars),
        "four hours": coarser(bars, 4),
        "day": coarser(bars, 24),
        "exchange": scaled(bars, noise),
    }
    for number, (name, dodge) in enumerate(dodges.items(), 1):  # each from a home of its own
        counts = look_at(tmp_path / name, dodge, name.replace(" ", "_"), number).counts
        assert (name, counts.looks, counts.trials) == (name, number, number)
    assert look_at(tmp_path / "other", market(3), "other").counts.looks == 1
    looks, _ = trial_store.read(tmp_path / "anywhere")
    assert [len(group) for group in spans(looks)] == [len(dodges), 1]


def test_two_stretches_of_a_market_become_one_when_a_longer_one_joins_them(tmp_path, users_ledger):
    bars = market(1, 3000)
    look_at(tmp_path, bars.rows(slice(0, 1000)), "early")
    look_at(tmp_path, bars.rows(slice(2000, 3000)), "late")
    assert len({look.same_market for look in trial_store.read(tmp_path)[0]}) == 2
    look_at(tmp_path, bars, "whole")
    assert len({look.same_market for look in trial_store.read(tmp_path)[0]}) == 1


def variants(look, returns):
    """Looks at the bars of one, with these daily returns (N, D)."""
    for number, daily in enumerate(returns):
        performance = deflation.Performance(
            f"trial {number} {hash(daily.tobytes())}", 0.0, look.to_ms, 20_000 + np.arange(len(daily)), daily
        )
        settings = {"number": f"{number} {hash(daily.tobytes())}"}
        yield Variant(replace(look, trial=performance.trial, settings=settings), performance)


def first_look(home, hours=24 * 150):
    """A simulation that was looked at, its look and its prices."""
    bars = market(5, hours)
    found = simulate(bars, random_targets(hours, np.random.default_rng(5)), RULES)
    deflation.record(home, bars, found, make({}, []), TrialOrigin("run", "a", "a", simulated=False))
    return found, trial_store.read(home)[0][0], MarketPrices.of(bars)


@few
@given(
    st.integers(0, 2**32), st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.sampled_from([0, 0.5, 0.95]),
)  # fmt: skip
def test_no_look_raises_the_deflated_sharpe_ratio(tmp_path_factory, seed, batches, correlation):
    home, generator = tmp_path_factory.mktemp("home"), np.random.default_rng(seed)
    found, look, prices = first_look(home)
    before = deflation.trial_counts(home, look, found)
    assert before.expected_best_sharpe == pytest.approx(0, abs=1e-6)
    common = generator.standard_normal(150)
    for size in batches:
        own = generator.standard_normal((size, int(generator.integers(40, 160))))
        days = own.shape[1]
        tried = 0.01 * (math.sqrt(1 - correlation) * own + math.sqrt(correlation) * np.resize(common, days))
        deflation.record_variants(home, prices, *variants(look, tried + generator.normal(0, 0.002)))
        after = deflation.trial_counts(home, look, found)
        assert after.looks == before.looks + size
        assert after.deflated_sharpe <= before.deflated_sharpe + 1e-6
        assert after.expected_best_sharpe >= before.expected_best_sharpe - 1e-5
        before = after


def test_a_thousand_near_clones_leave_it_as_it_was(tmp_path):
    found, look, prices = first_look(tmp_path)
    generator = np.random.default_rng(1)
    base = 0.01 * generator.standard_normal((5, 150))
    deflation.record_variants(tmp_path, prices, *variants(look, base))
    before = deflation.trial_counts(tmp_path, look, found)
    clones = np.repeat(base, 200, axis=0) * generator.uniform(0.5, 2, (1000, 1))  # other money
    clones += 1e-8 * generator.standard_normal(clones.shape)  # other by a hair
    deflation.record_variants(tmp_path, prices, *variants(look, clones))
    after = deflation.trial_counts(tmp_path, look, found)
    assert (after.looks, after.trials) == (1006, 1006)
    assert after.deflated_sharpe == pytest.approx(before.deflated_sharpe, abs=1e-3)


def test_looks_of_an_earlier_version_count_as_independent(tmp_path):
    found, look, _ = first_look(tmp_path)
    with trial_store.opened(tmp_path) as store:
        for number in range(9):
            store.add(replace(look, trial=f"of version 0.1, {number}", kind="backtest"))
    counts = deflation.trial_counts(tmp_path, look, found)
    days = len(deflation.daily_returns(found))
    assert counts.trials == 10
    assert counts.expected_best_sharpe * math.sqrt((days - 1) / 365) == pytest.approx(1.539, abs=0.04)
    assert counts.deflated_sharpe == pytest.approx(
        probabilistic_sharpe(deflation.daily_returns(found), counts.expected_best_sharpe / math.sqrt(365))
    )


def test_a_family_is_held_together_over_its_common_days():
    generator = np.random.default_rng(3)
    returns = 0.01 * generator.standard_normal((6, 200))
    returns[0] += 0.004  # one that earns
    returns[4, :120] = np.nan  # of another time
    returns[5] = returns[1]
    found = family_of(["a", "b", "c", "d", "e", "b"], returns, "a", EVIDENCE, 365)
    assert (found.trials, found.days) == (4, 200)
    assert found.spa < 0.05
    assert found.step_wise < 0.05
    assert found.overfitting == overfitting(returns[[0, 5, 2, 3]].T)
    worthless = family_of(["a", "b", "c", "d", "e", "b"], returns, "c", EVIDENCE, 365)
    assert worthless.step_wise > 0.05
    assert (worthless.spa, worthless.days) == (found.spa, found.days)


def test_one_trial_is_no_family():
    returns = 0.01 * np.random.default_rng(3).standard_normal((3, 200))
    assert family_of(["a", "a", "a"], returns, "a", EVIDENCE, 365) is None
    assert family_of(["a", "b", "c"], returns[:, :20], "a", EVIDENCE, 365) is None
    assert family_of(["a", "b", "c"], returns, "of version 0.1", EVIDENCE, 365) is None


def test_the_second_trial_makes_a_family(tmp_path):
    bars = market(1)
    assert look_at(tmp_path, bars, "file", 1).family is None
    assert look_at(tmp_path, bars, "file", 1).family is None  # the same again
    assert look_at(tmp_path, bars, "file", 2).family.trials == 2


@pytest.mark.parametrize("state", ["XDG_STATE_HOME", "HOME"])
def test_the_ledger_is_the_users_unless_it_cannot_be(tmp_path, monkeypatch, state):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv(state, str(tmp_path))
    inside = tmp_path if state == "XDG_STATE_HOME" else tmp_path / ".local" / "state"
    assert trial_store.place(tmp_path / "home").path == inside / "quantdeck" / FILE
    first, second = (look_at(tmp_path / name, market(1), "file", 1) for name in ("one", "two"))
    assert (first.counts.looks, second.counts.looks, second.notes) == (1, 2, ())
    monkeypatch.setenv(state, os.devnull)  # where nothing can be made
    evaluation = look_at(tmp_path / "one", market(1), "file", 1)
    assert evaluation.counts.looks == 1
    assert str(tmp_path / "one" / FILE) in evaluation.notes[0].text


def test_a_damaged_ledger_is_named(tmp_path):
    look_at(tmp_path, market(1), "file")
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(trial_store.RepairDataError, match="is damaged"):
        trial_store.read(tmp_path)
