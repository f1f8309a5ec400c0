"""Features of your own: each function under @feature is one column of what the model sees of a bar.

    quantdeck run -c examples/own_features.toml

docs/features.md says what a feature may do and what is checked.
"""

import numpy as np

from engine.features import feature


@feature(warm_up=0)
def close_in_range(bars):
    """Where the bar closed within its range: -1 at the low, 1 at the high; 0 where both are equal."""
    height = bars.high - bars.low  # (T,)
    return np.where(height > 0, (2 * bars.close - bars.high - bars.low) / np.where(height > 0, height, 1), 0)


@feature(warm_up=24)
def day_momentum(bars):
    """Return of the last 24 bars: ln(close / close[-24])."""
    result = np.full(len(bars), np.nan)  # (T,)
    result[24:] = np.log(bars.close[24:] / bars.close[:-24])
    return result


@feature(warm_up=0)
def weekend(bars):
    """1 on a Saturday or Sunday, UTC, else 0."""
    day = bars.time // 86_400_000  # (T,) days since Thursday, 1 January 1970
    return np.isin(day % 7, (2, 3)).astype(float)
