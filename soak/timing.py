"""How often trades without skill look well timed: permutation tests of rules that know nothing."""

import numpy as np
import pandas as pd

from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.robustness.permutation import shuffle
from engine.settings import make
from soak.null import garch

BARS, SHUFFLES, HOUR_MS = 800, 99, 3_600_000
RULES = ("indep", "momentum", "volgate", "calmgate")
HELD, FLAT = NEUTRAL = "hold", "flat"


def market(generator):
    """Bars (BARS,) of a market without drift whose volatility comes in clusters."""
    moves = 0.004 * garch(generator.standard_normal(BARS + 200), 0.1, 0.88)
    close = 100 * np.exp(np.cumsum(moves))
    opened = np.append(100.0, close[:-1])
    spread = 1 + 0.001 * generator.random(len(close))
    time = pd.date_range("2024-01-01", periods=len(close), freq="h", tz="UTC", name="time").as_unit("ms")
    columns = {
        "open": opened, "high": np.maximum(opened, close) * spread, "low": np.minimum(opened, close) / spread,
        "close": close, "volume": np.full(len(close), 1e9),
    }  # fmt: skip
    return Bars.of(pd.DataFrame(columns, index=time), 24).rows(slice(200, None))


def weights(rule, neutral, bars, generator):
    """Target weights (T,) of a rule that does not know what comes; 0 closes where it is flat."""
    known = bars.forecast_volatility
    signal = np.where(generator.random(len(bars)) < 0.1, generator.choice([-1.0, 1.0], len(bars)), 0.0)
    if rule == "momentum":
        past = np.append(np.zeros(24), bars.previous_close[24:] / bars.previous_close[:-24] - 1)
        signal = np.where(np.abs(past) > np.quantile(np.abs(past), 0.6), np.sign(past), 0.0)
    elif rule == "volgate":
        signal = np.where(known > np.nanquantile(known, 0.7), signal + (signal == 0), 0.0)
    elif rule == "calmgate":
        signal = np.where(known < np.nanquantile(known, 0.3), signal + (signal == 0), 0.0)
    return np.where((signal == 0) & (neutral == HELD), np.nan, signal)


def p_values(rule, neutral, count):
    """p of the permutation test, (count,), of so many markets."""
    found = np.empty(count)
    for seed in range(count):
        generator = np.random.default_rng([11, RULES.index(rule), neutral == FLAT, seed])
        bars = market(generator)
        rules = Rules.of(make({}, []).backtest, bars.calendar)
        found[seed] = shuffle(bars, weights(rule, neutral, bars, generator), rules, SHUFFLES, seed).p_value
    return found
