"""Returns and forecasts without skill, to measure sizes and coverage with."""

import math

import numpy as np
from scipy.signal import lfilter

from engine.statistics.intervals import sharpe_above

RETURNS = ("iid", "t3", "garch", "ar 0.2", "ar -0.2")
FORECASTS = (
    ("plain", 1), ("volatility", 1), ("momentum", 1), ("volatility", 12), ("momentum", 12),
    ("plain", 24), ("volatility", 24), ("momentum", 24),
)  # fmt: skip


def returns(kind, days, generator, sharpe=0.0):
    """Daily returns (days,) of deviation 1 % and this true annual Sharpe ratio."""
    noise = generator.standard_t(3, days + 200) if kind == "t3" else generator.standard_normal(days + 200)
    if kind == "t3":
        noise /= math.sqrt(3)
    elif kind == "garch":
        noise = garch(noise, 0.1, 0.88)
    elif kind.startswith("ar"):
        share = float(kind.removeprefix("ar"))
        noise = lfilter([math.sqrt(1 - share**2)], [1, -share], noise)
    return 0.01 * (noise[200:] + sharpe / math.sqrt(365))


def garch(noise, shock, lasting):
    """A GARCH(1, 1) of variance 1 from normal draws, as long as they are."""
    values, variance = np.empty(len(noise)), 1.0
    for row, drawn in enumerate(noise):
        values[row] = math.sqrt(variance) * drawn
        variance = 1 - shock - lasting + shock * values[row] ** 2 + lasting * variance
    return values


def forecast(kind, horizon, count, generator):
    """A forecast and the return that came, (count,) each, of a market that nobody can forecast.

    volatility: it is large where returns are. momentum: what the last 24 bars came to.
    """
    total = count + horizon + 300
    follows = kind != "plain"
    log_volatility = lfilter([1], [1, -0.97], generator.standard_normal(total)) * 0.25 * follows
    moves = 0.003 * np.exp(log_volatility) * generator.standard_normal(total)
    made = generator.standard_normal(total) * np.exp(log_volatility)
    if kind == "volatility":
        made = lfilter([1], [1, -0.9], made)
    elif kind == "momentum":
        made = np.convolve(moves, np.ones(24))[: total - 1]
        made = np.concatenate([[0.0], made])
    came = np.convolve(moves, np.ones(horizon), "valid")[300 : 300 + count]  # from bar t on
    return made[300 : 300 + count], came


def sharpe_coverage(kind, days, repetitions, resamples):
    """How many of so many intervals hold a true annual Sharpe ratio of 1."""
    inside = 0
    for seed in range(repetitions):
        made = returns(kind, days, np.random.default_rng([days, seed]), 1.0)
        found = sharpe_above(made, np.zeros(days), resamples, seed, 365)[1]
        inside += found.low < 1.0 < found.high
    return inside
