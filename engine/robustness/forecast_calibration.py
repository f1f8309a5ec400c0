"""Whether returns come as high as they were forecast, and when the forecasts' ranks were right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.results.learned import Decile, Estimate, ForecastCalibration, PartialIC
from engine.robustness.regimes import terciles
from engine.statistics.calibration import deciles, mincer_zarnowitz, part_of
from engine.statistics.forecast import forecast_quality
from engine.statistics.returns import deviation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from engine.backtest.trading import Decisions
    from engine.statistics.returns import Floats

MONTH = "month"


def forecast_calibration(made: Decisions, horizon: int) -> ForecastCalibration | None:
    """Of the forecasts whose return is known; None where they are not forecasts, or never change."""
    known = np.isfinite(made.forecast) & np.isfinite(made.forward_return)  # (B,)
    forecast, came = made.forecast[known], made.forward_return[known]  # (N,) each
    if not deviation(forecast) > 0:
        return None
    intercept, slope = mincer_zarnowitz(forecast, came, horizon)
    return ForecastCalibration(
        tuple(rows_of(forecast, came)), Estimate(*intercept), Estimate(*slope), tuple(parts(made, horizon))
    )


def rows_of(forecast: Floats, came: Floats) -> Iterator[Decile]:
    """Mean forecast and mean return between the deciles of forecasts (N,)."""
    part = part_of(forecast, deciles(forecast))  # (N,)
    for number in np.unique(part):
        rows = part == number
        yield Decile(int(rows.sum()), float(forecast[rows].mean()), float(came[rows].mean()))


def parts(made: Decisions, horizon: int) -> Iterator[PartialIC]:
    """The IC by tercile of the forecast volatility and by month (UTC)."""
    for kind, name, rows in [*terciles(made.bars), *months(made)]:
        found = forecast_quality(made.forecast[rows], made.forward_return[rows], horizon)
        if found["forecasts"]:
            yield PartialIC(kind, name, int(found["forecasts"]), found["ic"], found["ic_p_value"])


def months(made: Decisions) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Kind and name of each month, and which bars (B,) belong to it."""
    month = made.bars.time.astype("datetime64[M]")  # (B,)
    for each in np.unique(month):
        yield MONTH, str(each), month == each
