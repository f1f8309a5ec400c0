"""Heikin-Ashi bars: averages of candles, at whose prices nobody traded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from engine.data.importing.hints import UnclearError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

PREFIX = re.compile(r"(ha|hei[kc][ie]n_?ashi)_?")
SAMPLE, ENOUGH = 2000, 30  # bars that are looked at, and that tell it
EXACTLY = 0.05  # of the usual body: how far an open may lie from the middle of the bar before
REASON = (
    "holds Heikin-Ashi bars{how}: averages, at which nobody traded; give the candles that they are made of"
)


def refuse_averages_named(prefix: str) -> None:
    """UnclearError if what all prices are called by says Heikin-Ashi, such as `ha_` of `ha_open`."""
    if PREFIX.fullmatch(prefix.strip("_")):
        raise UnclearError(REASON.format(how=" by the names of its prices"))


def refuse_averages(prices: Mapping[str, NDArray[np.float64]], times: NDArray[np.int64]) -> None:
    """UnclearError if each bar, of times (N,) and prices (N,), opens in the middle of the body before it.

    That is how Heikin-Ashi makes them; a market opens near its last close.
    """
    opened, close = (prices[name][:SAMPLE] for name in ("open", "close"))
    order = np.argsort(times[:SAMPLE], kind="stable")
    order = order[(np.isfinite(opened) & np.isfinite(close))[order]]
    opened, close = opened[order], close[order]
    if len(opened) < ENOUGH:
        return
    body, middle = np.abs(close - opened)[:-1], (opened + close)[:-1] / 2
    off = np.abs(opened[1:] - middle)
    if np.quantile(off, 0.9) < EXACTLY * np.median(body):
        raise UnclearError(REASON.format(how=", as each opens in the middle of the one before"))
