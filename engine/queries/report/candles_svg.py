"""Candles, volumes, forecasts and trades as panels of SVG, one place a candle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.queries.report.svg import LEFT, RIGHT, WIDTH, Frame, dates, day
from engine.results.number_format import defined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.queries.report.svg import Ticks
    from engine.results.answers import Candles, MarkedTrade

BODY = 0.6  # of a candle's place
SIZE = 5.0  # pixels of a mark


def prices(
    bars: Candles, height: int, title: str, shaded: Sequence[bool] = (), trades: Sequence[MarkedTrade] = (),
) -> str:  # fmt: skip
    """Candles with the trades on them; `shaded`: of each, whether it lies in the shade."""
    frame = Frame.of((-0.5, len(bars.close) - 0.5), (*bars.high, *bars.low), height)
    wide = max(1.0, BODY * (WIDTH - LEFT - RIGHT) / len(bars.close))
    parts = [frame.begin(title), *frame.shade(stretches(shaded)), *frame.rulers(number, ticks(bars.time_ms))]
    for at, (begin, top, bottom, end) in enumerate(
        zip(bars.open, bars.high, bars.low, bars.close, strict=True)
    ):
        if defined(end):
            name, x = "up" if end >= begin else "down", frame.x(at)
            high, low = frame.y(max(begin, end)), frame.y(min(begin, end))
            parts.append(f'<path class="{name}" d="M{x:.1f} {frame.y(top):.1f}V{frame.y(bottom):.1f}"/>')
            parts.append(
                f'<rect class="{name}" x="{x - wide / 2:.1f}" y="{high:.1f}" width="{wide:.1f}" '
                f'height="{max(low - high, 0.5):.1f}"/>'
            )
    return "\n".join([*parts, *(mark for each in trades for mark in marks(frame, each)), "</svg>"])


def marks(frame: Frame, trade: MarkedTrade) -> list[str]:
    """Full where a trade was entered, hollow where it was left: up for long, down for short."""
    tip = -SIZE if trade.side == "long" else SIZE
    found = []
    for at, price, name in (
        (trade.entry, trade.entry_price, "entry"),
        (trade.exit, trade.exit_price, "exit"),
    ):
        if at is not None:
            x, y = frame.x(at), frame.y(price)
            base = f"L{x + SIZE:.1f} {y - tip:.1f}H{x - SIZE:.1f}Z"
            found.append(f'<path class="{name} {trade.side}" d="M{x:.1f} {y + tip:.1f}{base}"/>')
    return found


def columns(
    low: Sequence[float], high: Sequence[float], height: int, title: str, moments: Sequence[int], name: str
) -> str:
    """A column from `low` to `high` at each place: volumes from 0, or the forecasts that a candle joins."""
    known = [value for value in (*low, *high) if defined(value)] or [0.0]
    frame = Frame.of((-0.5, len(low) - 0.5), (0.0, *known), height)
    wide = max(1.0, BODY * (WIDTH - LEFT - RIGHT) / len(low))
    parts = [frame.begin(title), *frame.rulers(number, ticks(moments))]
    for at, (begin, end) in enumerate(zip(low, high, strict=True)):
        if defined(begin) and defined(end):
            top = frame.y(max(begin, end))
            tall = max(frame.y(min(begin, end)) - top, 1.0)
            x = frame.x(at) - wide / 2
            parts.append(
                f'<rect class="{name}" x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'
            )
    return "\n".join([*parts, "</svg>"])


def stretches(there: Sequence[bool]) -> list[tuple[float, float]]:
    """From where until where something is, in places of candles."""
    found: list[tuple[float, float]] = []
    for at, each in enumerate(there):
        if each and found and found[-1][1] == at - 0.5:
            found[-1] = (found[-1][0], at + 0.5)
        elif each:
            found.append((at - 0.5, at + 0.5))
    return found


def ticks(moments: Sequence[int]) -> Ticks:
    """Days at even places, each that of the candle there."""
    places = [round(place) for place, _ in dates(0, max(len(moments) - 1, 1))]
    return [(place, day(moments[min(place, len(moments) - 1)])) for place in dict.fromkeys(places)]


def number(value: float) -> str:
    """A price, a rate or a volume in few digits."""
    return f"{value:,.6g}" if not math.isclose(value, 0.0, abs_tol=1e-15) else "0"
