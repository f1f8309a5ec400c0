"""What becomes of a backtest's signals under stress."""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.codec import Number


@dataclass(frozen=True)
class AtCapital:
    """The same signals with another capital, its orders moving the price."""

    capital: Number
    total_return: Number
    sharpe: Number


@dataclass(frozen=True)
class Capacity:
    """Return against capital. impact: factor of the square-root law.

    half: the capital that leaves half of the return, at most the largest; NaN without a gain.
    """

    rows: tuple[AtCapital, ...]
    impact: float
    half: Number


@dataclass(frozen=True)
class Delay:
    """The same signals, each filled so many bars late."""

    bars: int
    total_return: Number
    sharpe: Number


@dataclass(frozen=True)
class BreakEven:
    """Costs of a fill at which the gain is gone; what a round trip earned before costs, and what it cost.

    All in basis points of the notional. bps: NaN without a gain at no costs, at most 1,000.
    """

    bps: Number
    earned_bps: Number
    paid_bps: Number


@dataclass(frozen=True)
class Regime:
    """Bars of one kind: their share of all, what they earned of the initial capital, their Sharpe ratio."""

    kind: str
    name: str
    share: Number
    earned: Number
    sharpe: Number


@dataclass(frozen=True)
class TrackRecord:
    """Days of returns there are, and days that are needed to tell their Sharpe ratio from 0."""

    days: int
    needed: Number


@dataclass(frozen=True)
class StressTests:
    """What becomes of the signals if they are late, costs or capital grow, or times change."""

    delays: tuple[Delay, ...]
    break_even: BreakEven
    capacity: Capacity
    regimes: tuple[Regime, ...]
    track_record: TrackRecord
