"""How returns and trades of a result are spread, under any rules."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ChangeSettingsError
from engine.queries.result import Result, Traded, traded
from engine.queries.trades import whole
from engine.results.metrics import FEWEST_DAYS
from engine.results.return_analysis import ReturnAnalysis, Rolling, RollingFigures, SideFigures
from engine.statistics.account import DAY_MS, day_ends, trading_days
from engine.statistics.return_spread import by_weekday_hour_month, distribution, moving

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from engine.runs.events import Event

USUAL_DAYS = 90
MOST_MOMENTS = 1000
SIDES = ("long", "short")


def analyse(request: Event) -> ReturnAnalysis:
    """Rolling figures of `window` days (0: 90, or 30 of a short span), and what else there is.

    Raises ChangeSettingsError.
    """
    return analysis(*traded(request), window=whole(request, "window", 0))


def analysis(result: Result, again: Traded, window: int = 0) -> ReturnAnalysis:
    """The same of a result that was read. Raises ChangeSettingsError for a window without a Sharpe ratio."""
    if window and window < FEWEST_DAYS:
        raise ChangeSettingsError(
            f"a window of {window} days",
            f"has no Sharpe ratio, which takes {FEWEST_DAYS}",
            f"Give {FEWEST_DAYS} days or more",
        )
    time = again.time_ms.astype("datetime64[ms]")  # (B,)
    capital = again.settings.backtest.initial_capital
    trades = again.trades
    return ReturnAnalysis(
        run=result.run.id,
        simulated=result.figures.simulated,
        rolling=rolling(again, time, capital, window),
        sides=tuple(side_figures(side, trades[trades["side"] == side]) for side in SIDES),
        pnl=distribution(trades["pnl"].to_numpy(np.float64)),
        groups=by_weekday_hour_month(time, again.equity, capital, again.calendar),
    )


def rolling(again: Traded, time: NDArray[np.datetime64], capital: float, window: int) -> Rolling:
    """Of strategy and buy and hold, at so many moments as a chart can show."""
    days, ends = trading_days(time, again.calendar), day_ends(time, again.calendar)  # (D,) each
    window = window or (USUAL_DAYS if len(days) >= 2 * USUAL_DAYS else FEWEST_DAYS)
    count = max(0, len(days) - window + 1)
    shown = np.unique(np.linspace(0, count - 1, min(count, MOST_MOMENTS)).astype(np.int64))  # (M,)
    both = [
        figures(moving(np.append(capital, equity[ends]), window, again.calendar.days_per_year), shown)
        for equity in (again.equity, again.benchmark)
    ]
    moments = (days[window - 1 :][shown] + 1) * DAY_MS
    return Rolling(window, tuple(moments.tolist()), *both)


def figures(
    found: tuple[NDArray[np.float64], NDArray[np.float64]], shown: NDArray[np.int64]
) -> RollingFigures:
    """Sharpe ratios and drawdowns (W,) each, at the windows that are shown (M,); extremes are of all."""
    sharpe, depth = found
    known = sharpe[np.isfinite(sharpe)]
    return RollingFigures(
        sharpe=tuple(sharpe[shown].tolist()),
        max_drawdown=tuple(depth[shown].tolist()),
        lowest_sharpe=float(known.min()) if len(known) else math.nan,
        highest_sharpe=float(known.max()) if len(known) else math.nan,
        latest_sharpe=float(sharpe[-1]) if len(sharpe) else math.nan,
        deepest_drawdown=float(depth.max()) if len(depth) else math.nan,
    )


def side_figures(side: str, trades: pd.DataFrame) -> SideFigures:
    """The trades of one side."""
    count, pnl = len(trades), trades["pnl"]
    hits = float((pnl > 0).mean()) if count else math.nan
    return SideFigures(side, count, hits, float(trades["return"].mean()), float(pnl.sum()))
