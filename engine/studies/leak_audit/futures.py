"""What a market becomes behind a cut: cut off, or a future that nobody expects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.market.candles import PRICES
from engine.market.merge import OBSERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.market.merge import Market

SILENT = 6  # rows that a gap lacks
EXTREME = 20.0  # deviations


class Future(NamedTuple):
    """What a market becomes behind a cut: in words, and how."""

    words: str
    of: Callable[[Market, int], Market]


def part(market: Market, start: int, stop: int) -> Market:
    """The rows [start, stop) of a market as a market."""
    rows = np.arange(len(market.frame))
    return market.rows((rows >= start) & (rows < stop))


def cut_off(market: Market, cut: int) -> Market:
    """Nothing follows."""
    return part(market, 0, cut)


def scaled(market: Market, cut: int, names: Sequence[str], factor: float) -> Market:
    """The columns times a factor from the cut on."""
    frame = market.frame.copy()
    for name in names:
        values = frame[name].to_numpy(copy=True)
        values[cut:] *= factor
        frame[name] = values
    return replace(market, frame=frame)


def moved_by(sign: float) -> Callable[[Market, int], Market]:
    """All prices after the cut higher or lower by EXTREME deviations of a bar's return."""

    def of(market: Market, cut: int) -> Market:
        close = market.frame["close"].to_numpy()[:cut]
        deviation = float(np.std(np.diff(np.log(close)))) or 1e-3
        return scaled(market, cut, PRICES, float(np.exp(np.clip(sign * EXTREME * deviation, -8.0, 8.0))))

    return of


def at_rest(market: Market, cut: int) -> Market:
    """Nobody trades: the last close stays, volume is 0."""
    frame = market.frame.copy()
    for name in (*PRICES, "volume"):
        values = frame[name].to_numpy(copy=True)
        values[cut:] = 0.0 if name == "volume" else market.frame["close"].to_numpy()[cut - 1]
        frame[name] = values
    return replace(market, frame=frame)


def silent(market: Market, cut: int) -> Market:
    """Some bars are missing."""
    rows = np.arange(len(market.frame))
    return market.rows((rows < cut) | (rows >= cut + SILENT))


def extreme_inputs(market: Market, cut: int) -> Market:
    """All that is known besides candles goes far beyond what it ever was."""
    others = [name for name in market.provenance.columns if name != "candles"]
    frame, provenance = market.frame.copy(), market.provenance.copy()
    for name in others:
        values, sources = frame[name].to_numpy(copy=True), provenance[name].to_numpy(copy=True)
        past = values[:cut][np.isfinite(values[:cut])]
        values[cut:] = EXTREME * (float(np.abs(past).max()) if len(past) else 1.0)
        sources[cut:] = OBSERVED
        frame[name], provenance[name] = values, sources
    return replace(market, frame=frame, provenance=provenance)


# An end that is cut off stands twice, since it shows most leaks.
FUTURES = (
    Future("cut off", cut_off),
    Future("turned into a crash", moved_by(-1.0)),
    Future("cut off", cut_off),
    Future("turned into a surge", moved_by(1.0)),
    Future("without trades", at_rest),
    Future("traded a thousandfold", lambda market, cut: scaled(market, cut, ["volume"], 1000.0)),
    Future("put behind a gap", silent),
    Future("given absurd funding", extreme_inputs),
)
