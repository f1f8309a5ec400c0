"""The stochastic model behind the simulated market, walked block by block from a fixed origin.

Per bar t and base asset, with c the edge, L the lag, v the volatility, and ε independent of everything
before it and of unit variance:

    u[t]          = c s[t-1] + √(1-c²) ε[t]                  normalised return
    s             = b (1-L) / ((1-φL)(1-ψL)) u               momentum: a fast mean of past u less a slow one
    log return[t] = v[t] u[t] - log E exp(v[t] √(1-c²) ε)    so the expected return is exp(c v[t] s[t-1]) - 1
    v[t]          = level · √hours · exp(log-AR(1)) · rhythm of day and week

Subtracting the slow mean keeps trends from adding up without end: over many bars the price is nearly a
walk of variance (1-c²) v² a bar whatever the edge, and it is a martingale where the edge is 0.
Noise is drawn per block of `BLOCK` bars from `default_rng([seed, stream, block])` and every block is
computed whole from the state in which the one before it ended, so a value never depends on what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ORIGIN_MS = 1_546_300_800_000  # 2019-01-01 00:00 UTC
MONDAY_MS = 1_546_214_400_000  # 2018-12-31 00:00 UTC, a Monday
HOUR_MS = 3_600_000
BLOCK = 16_384  # bars drawn and computed at once

BASES = ("BTC", "ETH")
FURTHER = (  # each a market of its own, whose noise is in part BTC's
    "SOL", "XRP", "XLM", "ADA", "LINK", "DOT", "LTC", "AVAX", "TRX", "BCH", "ATOM", "NEAR", "UNI", "ETC",
    "FIL", "APT", "ARB", "OP",
)  # fmt: skip
FIRST_PRICE = np.array([30_000.0, 2_000.0])  # USDT
HOURLY_VOLATILITY = np.array([0.006, 0.007])  # standard deviation of an hour's return
LOADINGS = np.array([[1.0, 0.0], [0.7, np.sqrt(0.51)]])  # (base, factor); BTC and ETH correlate 0.7

FAST_HALF_LIFE = 12  # bars; the momentum's memory
SLOW_HALF_LIFE = 72  # bars; trends fade into it
JUMP_CHANCE, JUMP_SIZE = 0.003, 5.0  # a bar, standard deviations
JUMP_SPREAD = np.sqrt(1 + JUMP_CHANCE * JUMP_SIZE**2)
CLUSTER_HALF_LIFE_MS = 72 * HOUR_MS  # how long volatility stays high or low
CLUSTER_SPREAD = 0.45  # standard deviation of log volatility
DEVIATION_MEMORY = 0.5 ** (1 / 4)  # of perpetual and second exchange from spot, a bar
DEVIATION_SPREAD = 0.03  # in standard deviations of a bar's return
INTEREST_MEMORY = 0.5 ** (1 / 200)  # of open interest, a bar


@dataclass(frozen=True)
class State:
    """What one block hands to the next."""

    cluster: Array  # (1,) log volatility in standard deviations
    momentum: Array  # (factor,) s of the last bar
    delays: Array  # (factor, 2) state of the momentum's filter
    log_price: Array  # (base,)
    deviation: Array  # (kind, base) kind 0 the perpetual, 1 the second exchange
    interest: Array  # (base,) log open interest around its level


@dataclass(frozen=True)
class Path:
    """One block; N = BLOCK bars. Arrays of N + 1 begin with the last value before the block."""

    log_price: Array  # (base, N + 1) of spot closes
    deviation: Array  # (kind, base, N + 1) log distance of the other markets' closes from spot
    normalised: Array  # (base, N) u
    momentum: Array  # (base, N) s[t-1], known at the bar's open
    volatility: Array  # (base, N) standard deviation of the log return
    activity: Array  # (base, N) standard normal part of log volume
    interest: Array  # (base, N) log open interest around its level, at the bar's close
    end: State


class Paths:
    """All blocks of one market, made when asked for; a few are kept."""

    def __init__(self, seed: int, edge: float, step_ms: int, loadings: Array = LOADINGS) -> None:
        """`edge` in [0, 1); `step_ms` one of engine.settings.TIMEFRAME_MS; loadings (base, factor)."""
        self._seed, self._edge, self._step_ms = seed, edge, step_ms
        self._loadings = loadings
        self._noise = np.sqrt(1 - edge**2)
        self._filter = momentum_filter(edge)
        self._level = HOURLY_VOLATILITY * np.sqrt(step_ms / HOUR_MS)  # (base,)
        self._rhythm = rhythm(step_ms)  # (bars in a week,)
        self._cluster_memory = 0.5 ** (step_ms / CLUSTER_HALF_LIFE_MS)
        nothing = State(*(np.zeros(shape) for shape in (1, 2, (2, 2), 2, (2, 2), 2)))
        settled = self._walk(-1, nothing).end
        self._starts = [replace(settled, log_price=np.log(FIRST_PRICE))]
        self._kept = lru_cache(maxsize=8)(lambda number: self._walk(number, self._starts[number]))

    def block(self, number: int) -> Path:
        """Bars [number · BLOCK, (number + 1) · BLOCK) counted from the origin; number >= 0."""
        while len(self._starts) <= number:
            self._starts.append(self._kept(len(self._starts) - 1).end)
        return self._kept(number)

    def _walk(self, number: int, start: State) -> Path:
        random = np.random.default_rng([self._seed, 0, number + 1])
        shock, jump, activity, interest, *apart = random.standard_normal((6, len(BASES), BLOCK))
        chance = random.random(jump.shape)  # (factor, N)
        self._share(shock, jump, chance, number)
        jumps = jump * (chance < JUMP_CHANCE)  # (factor, N)
        innovation = (shock + JUMP_SIZE * jumps) / JUMP_SPREAD  # (factor, N) ε

        from scipy.signal import lfilter

        after, delays = lfilter(*self._filter, innovation, zi=start.delays)  # (factor, N) s
        before = np.column_stack([start.momentum, after[:, :-1]])  # (factor, N)
        momentum = self._loadings @ before  # (base, N)
        normalised = self._loadings @ (self._edge * before + self._noise * innovation)  # (base, N)

        cluster = self._clusters(random.standard_normal((1, BLOCK)), start.cluster)  # (1, N)
        volatility = self._volatility(cluster, number)  # (base, N)
        log_return = volatility * normalised - log_growth(volatility * self._noise, self._loadings)
        log_price = np.cumsum(np.column_stack([start.log_price, log_return]), axis=1)  # (base, N + 1)

        deviation = self._deviations(np.array(apart), start.deviation)  # (kind, base, N + 1)
        gain = 0.01 * (interest + 0.5 * activity + 0.5 * (np.abs(normalised) - 0.75))  # (base, N)
        level = autoregression(INTEREST_MEMORY, gain, start.interest)  # (base, N)
        # Copies: a view would keep the whole block alive.
        ends = [array[..., -1].copy() for array in (cluster, after, log_price, deviation, level)]
        end = State(ends[0], ends[1], delays, *ends[2:])
        return Path(log_price, deviation, normalised, momentum, volatility, activity, level, end)

    def _share(self, shock: Array, jump: Array, chance: Array, number: int) -> None:
        """Put noise that other markets have, too, in the place of block `number`'s own; (factor, N) each."""

    def _clusters(self, shocks: Array, start: Array) -> Array:
        """Log volatility in standard deviations; (1, N)."""
        memory = self._cluster_memory
        return autoregression(memory, shocks * np.sqrt(1 - memory**2), start)

    def _volatility(self, cluster: Array, number: int) -> Array:
        """Standard deviation of each bar's log return; (base, N)."""
        bar = (ORIGIN_MS - MONDAY_MS) // self._step_ms + number * BLOCK + np.arange(BLOCK)  # (N,)
        swing = np.exp(CLUSTER_SPREAD * cluster - CLUSTER_SPREAD**2)  # (1, N) mean square 1
        volatility: Array = self._level[:, None] * swing * self._rhythm[bar % len(self._rhythm)]
        return volatility

    def _deviations(self, shocks: Array, start: Array) -> Array:
        """Log distance of perpetual and second exchange from spot, the start before; (kind, base, N + 1)."""
        size = DEVIATION_SPREAD * np.sqrt(1 - DEVIATION_MEMORY**2) * self._level[:, None]  # (base, 1)
        path = autoregression(DEVIATION_MEMORY, size * shocks, start)  # (kind, base, N)
        return np.concatenate([start[..., None], path], axis=-1)


class FurtherPaths(Paths):
    """Those of a market besides BTC and ETH: base 1 of a pair, whose factor 0 has the noise of BTC.

    So the noise of any two of them correlates as told, and everything else is a market's own.
    """

    def __init__(self, common: int, seed: int, edge: float, step_ms: int, correlation: float) -> None:
        """`common` is the seed of BTC's noise, `seed` the market's own, `correlation` in [0, 1)."""
        self._common = common
        loadings = np.array([[1.0, 0.0], np.sqrt([correlation, 1 - correlation])])
        super().__init__(seed, edge, step_ms, loadings)

    def _share(self, shock: Array, jump: Array, chance: Array, number: int) -> None:
        random = np.random.default_rng([self._common, 0, number + 1])
        drawn = random.standard_normal((6, len(BASES), BLOCK))
        for own, theirs in ((shock, drawn[0]), (jump, drawn[1]), (chance, random.random(jump.shape))):
            own[0] = theirs[0]


def momentum_filter(edge: float) -> tuple[list[float], list[float]]:
    """Numerator and denominator of the filter from ε to s with Var(s) = 1 and corr(s[t-1], u[t]) = edge.

    With u = c L s + √(1-c²) ε, c the edge, the momentum is the ARMA(2, 1)

        s = b √(1-c²) (1-L) / (1 - (φ+ψ+bc) L + (φψ+bc) L²) ε,

    whose variance is 2 b² (1-c²) / ((1-φψ-bc) ((1+φ)(1+ψ)+2bc)). Setting it to 1 gives
    2b² - c(2P-Q) b - PQ = 0 with P = 1-φψ, Q = (1+φ)(1+ψ). (ψ = 1 is the plain exponential mean, an
    AR(1) with b = -φc + √(φ²c² + 1 - φ²), whose trends are too long for years of prices.)
    """
    fast, slow = 0.5 ** (1 / FAST_HALF_LIFE), 0.5 ** (1 / SLOW_HALF_LIFE)
    p, q = 1 - fast * slow, (1 + fast) * (1 + slow)
    middle = edge * (2 * p - q)
    gain = (middle + np.sqrt(middle**2 + 8 * p * q)) / 4
    scale = gain * np.sqrt(1 - edge**2)
    return [scale, -scale], [1.0, -(fast + slow + gain * edge), fast * slow + gain * edge]


def autoregression(memory: float, shocks: Array, start: Array) -> Array:
    """x[t] = memory · x[t-1] + shocks[t] along the last axis, from x[-1] = start; the shape of shocks."""
    from scipy.signal import lfilter

    path: Array = lfilter([1.0], [1.0, -memory], shocks, zi=memory * start[..., None])[0]
    return path


def log_growth(scale: Array, loadings: Array) -> Array:
    """Logarithm of E exp(scale · ε), ε a base's mix of the factors' normal shocks and jumps; (base, N)."""
    variance = (scale[:, None, :] * loadings[:, :, None] / JUMP_SPREAD) ** 2  # (base, factor, N)
    growth = variance / 2 + np.log1p(JUMP_CHANCE * np.expm1(variance * JUMP_SIZE**2 / 2))
    summed: Array = growth.sum(axis=1)
    return summed


def rhythm(step_ms: int) -> Array:
    """Volatility of each bar of a week from Monday 00:00 UTC, relative, mean square 1; (bars in a week,)."""
    hour = np.arange(7 * 24)  # (168,)
    busy = np.exp(0.4 * np.cos(2 * np.pi * (hour - 15) / 24)) * np.where(hour < 5 * 24, 1.0, 0.75)
    power = busy**2 / np.mean(busy**2)
    parts = max(HOUR_MS // step_ms, 1)  # bars in an hour
    bars = np.repeat(power, parts) if parts > 1 else power.reshape(-1, step_ms // HOUR_MS).mean(axis=1)
    relative: Array = np.sqrt(bars)
    return relative
