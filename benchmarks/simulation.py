"""Simulation of the same signals over the same bars: quantdeck, vectorbt, backtesting.py."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks import work
from engine.backtest.bars import Bars
from engine.backtest.rules import Rules
from engine.backtest.simulate import buy_and_hold, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

# Much money and small costs: vectorbt stops trading when a million bars of random signals have eaten it all.
COSTS = Rules(initial_capital=1e12, fee=0.00001, slippage=0.000005, bars_per_year=8760)
# backtesting.py deals in whole units and has no slippage on exits: much money, none of that.
WHOLE_UNITS = Rules(initial_capital=1e15, fee=0.001, slippage=0.0, bars_per_year=8760, fraction=0.5)


def bars_of(rows: int) -> Bars:
    """The reference candles as bars."""
    return Bars.of(work.candles(rows), 48, None)


def targets_of(rows: int) -> np.ndarray:
    """Target weights ±1 (rows,) that change every twenty bars or so; flat in the last bar."""
    random = np.random.default_rng(5)
    target = np.where(random.random(rows) < 0.05, random.choice([1.0, -1.0], rows), np.nan)
    target[:2], target[-1] = np.nan, 0.0
    return target


def sampled(equity: Any, trades: int) -> list[float]:
    """A thousand points of an equity curve and the number of trades."""
    values = np.asarray(equity, float)
    return [
        *(float(each) for each in values[:: max(1, len(values) // 1000)]),
        float(values[-1]),
        float(trades),
    ]


def quantdeck(rows: str, whole_units: str = "") -> dict[str, Callable[[], Any]]:
    """`simulate`: equity and trades."""
    bars, target = bars_of(int(rows)), targets_of(int(rows))
    rules = WHOLE_UNITS if whole_units else COSTS

    def act() -> list[float]:
        result = simulate(bars, target, rules)
        return sampled(result.equity, len(result.trades))

    return {"simulate": act}


def vectorbt(rows: str) -> dict[str, Callable[[], Any]]:
    """`simulate`: Portfolio.from_signals, then value and trades."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vectorbt as peer

    bars, target = bars_of(int(rows)), targets_of(int(rows))
    index = pd.DatetimeIndex(bars.time)
    close, opened = pd.Series(bars.close, index), pd.Series(bars.open, index)
    longs, shorts, exits = (pd.Series(each, index) for each in (target > 0, target < 0, target == 0))

    def act() -> list[float]:
        portfolio = peer.Portfolio.from_signals(
            close, longs, exits, short_entries=shorts, short_exits=exits, price=opened, size=np.inf,
            fees=COSTS.fee, slippage=COSTS.slippage, init_cash=COSTS.initial_capital, accumulate=False,
            upon_opposite_entry="reverse", freq="1h",
        )  # fmt: skip
        return sampled(portfolio.value(), len(portfolio.exit_trades.records_arr))

    return {"simulate": act}


def backtesting(rows: str) -> dict[str, Callable[[], Any]]:
    """`simulate`: Backtest.run, which makes equity and trades."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import backtesting as peer

    bars, target = bars_of(int(rows)), targets_of(int(rows))

    class FollowTargets(peer.Strategy):  # type: ignore[misc]
        def init(self) -> None:
            pass

        def next(self) -> None:
            bar = len(self.data)  # the bar whose open comes next
            weight = target[bar] if bar < len(target) else np.nan
            if weight == 0:
                self.position.close()
            elif weight == weight and self.position.size * weight <= 0:  # noqa: PLR0124
                (self.buy if weight > 0 else self.sell)(size=WHOLE_UNITS.fraction)

    frame = pd.DataFrame(
        {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close},
        index=pd.DatetimeIndex(bars.time),
    )

    def act() -> list[float]:
        test = peer.Backtest(
            frame,
            FollowTargets,
            cash=WHOLE_UNITS.initial_capital,
            commission=WHOLE_UNITS.fee,
            exclusive_orders=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stats = test.run()
        return sampled(stats["_equity_curve"]["Equity"], len(stats["_trades"]))

    return {"simulate": act}


def loop_alone(rows: str) -> dict[str, Callable[[], Any]]:
    """`loop`: the compiled bar loop by itself, equity and trades into arrays that are there."""
    from engine.backtest.simulate import Simulator

    simulator, target = Simulator(bars_of(int(rows)), COSTS), targets_of(int(rows))
    return {"loop": lambda: simulator.trade(target)}


def sheet(rows: str) -> dict[str, Callable[[], Any]]:
    """`tear_sheet`: metrics of strategy and benchmark, drawdown, months."""
    from engine.statistics.tear_sheet import tear_sheet

    bars = bars_of(int(rows))
    strategy, benchmark = simulate(bars, targets_of(int(rows)), COSTS), buy_and_hold(bars, COSTS)
    return {"tear_sheet": lambda: float(tear_sheet(strategy, benchmark).metrics["sharpe"])}


def variants(rows: str, count: str, workers: str) -> dict[str, Callable[[], Any]]:
    """`sweep`: fees × stops over the same targets, by as many threads; answers the final values."""
    from dataclasses import replace

    from engine.backtest.sweep import sweep

    bars, target = bars_of(int(rows)), targets_of(int(rows))
    tried = [
        (target, replace(COSTS, fee=0.0001 * (number % 10), stop_loss=0.01 * (number // 10)))
        for number in range(int(count))
    ]
    return {"sweep": lambda: [float(each) for each in sweep(bars, tried, int(workers)).final_value]}
