"""How the return falls as the capital grows: facts, as result.json holds them."""

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
