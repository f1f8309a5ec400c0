"""Whether the bands around forecasts hold as many returns as they are to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.learned import BandCoverage, Estimate
from engine.statistics.conformal import share_held

if TYPE_CHECKING:
    from engine.backtest.trading import Decisions
    from engine.settings import Settings


def band_coverage(made: Decisions, settings: Settings) -> BandCoverage | None:
    """Of the forecasts whose return is known; None where no band was made."""
    if made.band is None:
        return None
    known = made.band.known(made.forward_return)  # (B,)
    held = made.band.holds(made.forward_return)[known]  # (N,)
    wide = (made.band.high - made.band.low)[known]
    return BandCoverage(
        settings.signal.band,
        len(held),
        Estimate(*share_held(held, settings.label.horizon)),
        float(wide.mean()) if len(wide) else float("nan"),
    )
