"""What other markets say: funding and open interest of the perpetual, a second exchange's price."""

from __future__ import annotations

import numpy as np

from engine.features.definition import Feature
from engine.features.inputs import Bars, Column, log_ratio


def funding_rate() -> Feature:
    """The funding rate known at the bar's end."""

    def compute(bars: Bars) -> Column:
        return bars["funding"].copy()

    return Feature("funding_rate", 0, "last known funding rate", compute, needs=("funding",))


def funding_score(span: int) -> Feature:
    """How unusual the funding rate is."""

    def compute(bars: Bars) -> Column:
        return bars.z_score(bars["funding"], span)

    doc = f"(funding - mean) / std of the funding rate over {span} bars (ddof 1); 0 where std is 0"
    return Feature(f"funding_z_{span}", span - 1, doc, compute, needs=("funding",))


def open_interest_change(span: int) -> Feature:
    """Log change of the open interest."""

    def compute(bars: Bars) -> Column:
        return log_ratio(bars["open_interest"], bars.as_of(bars["open_interest"], span))

    doc = f"ln(open interest / open interest[-{span}]); 0 where either is 0"
    return Feature(f"open_interest_change_{span}", span, doc, compute, "as of", ("open_interest",))


def spread(bars: Bars) -> Column:
    """Log of this market's close over the second exchange's, (T,)."""
    return np.log(bars.close / bars["second_close"])


def second_spread() -> Feature:
    """Distance of the two exchanges' prices."""
    return Feature("second_spread", 0, "ln(close / second exchange's close)", spread, needs=("second_close",))


def second_spread_score(span: int) -> Feature:
    """How unusual the distance is."""

    def compute(bars: Bars) -> Column:
        return bars.z_score(spread(bars), span)

    doc = f"(second_spread - mean) / std over {span} bars (ddof 1); 0 where std is 0"
    return Feature(f"second_spread_z_{span}", span - 1, doc, compute, needs=("second_close",))


FEATURES = (
    funding_rate(),
    funding_score(168),
    open_interest_change(1),
    open_interest_change(24),
    second_spread(),
    second_spread_score(168),
)
