"""Simulated trading of target weights over bars, by the definitions.

    bars = Bars.of(candles, volatility_span=48)
    weight, rules = targets(threshold(prediction, 0.0005)), Rules.of(settings.backtest, bars.calendar)
    result = simulate(bars, weight, rules)
    metrics(result)["sharpe"]

The rules in full stand in docs/definitions.md; `loop.walk` is where they happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest import records
from engine.errors import ChangeSettingsError
from engine.market.spacing import YEAR_MS
from engine.statistics.account import AccountHistory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.rules import Rules


@dataclass(frozen=True, kw_only=True)
class Simulation(AccountHistory):
    """What came out; `cash + position * close = equity` at every bar, and at the end every trade is closed.

    close            (T,) of the bars
    cash             (T,) money at the bar's close, after everything that happened in it
    position         (T,) quantity held at the bar's close, negative when short
    capped           times that a bar's volume cut a fill short
    dropped          orders whose unfilled rest was dropped
    unsized          orders given up because the forecast volatility that they need was not known
    too_small        orders given up because they were below the step or the minimum notional
    """

    close: Floats
    cash: Floats
    position: Floats
    capped: int
    dropped: int
    unsized: int
    too_small: int = 0


class Simulator:
    """The loop's arrays for bars and rules, to trade over the same bars many times; each time overwrites.

    equity, cash, position: (T,) float64. trades: records.TRADE, the first book["trades"] in use; there
    is room for as many as `decisions`, target weights that are not NaN, T if that is not said: memory that
    was never touched costs more than the loop.
    """

    def __init__(self, bars: Bars, rules: Rules, decisions: int | None = None) -> None:
        self.equity, self.cash, self.position = np.empty((3, len(bars)))
        self.trades = np.empty((len(bars) if decisions is None else decisions) + 1, records.TRADE)
        self.account = np.zeros(1, records.ACCOUNT)
        self._prices = prices_of(bars)
        self.under(bars, rules)

    def under(self, bars: Bars, rules: Rules) -> None:
        """Trade the same bars by other rules from now on."""
        self._initial_capital, self._terms = rules.initial_capital, terms_of(bars, rules)
        self._tiers = rules.tiers()

    def trade(self, target: Floats) -> None:
        """Trade the target weights (T,), contiguous float64."""
        from engine.backtest import loop  # and numba, which training does without

        target, arguments = read_only(target), (self.trades, self.equity, self.cash, self.position)
        self._open()
        try:
            loop.compiled_walk()(self._prices, self._terms, self._tiers, self.account[0], target, *arguments)
        except OSError:  # the folder for machine code refused it; compiled it is all the same
            self._open()
            loop.compiled_walk()(self._prices, self._terms, self._tiers, self.account[0], target, *arguments)
        except (AttributeError, ImportError):  # the machine code kept there is another version's
            self._open()
            loop.walk(self._prices, self._terms, self._tiers, self.account[0], target, *arguments)

    def _open(self) -> None:
        self.account[:] = np.zeros(1, records.ACCOUNT)
        self.account["cash"] = self._initial_capital

    def max_drawdown(self) -> float:
        """max(1 - E / running max E) of the last time, from the initial capital on."""
        peak = np.maximum(np.maximum.accumulate(self.equity), self._initial_capital)
        return float((1.0 - self.equity / peak).max())


def simulate(
    bars: Bars, target_weight: NDArray[Any], rules: Rules, prediction: NDArray[Any] | None = None
) -> Simulation:
    """Trade the target weights (T,): positive long, negative short, 0 close, NaN keep.

    A weight scales the size that the rules give, so ±1 is the whole of it. `prediction` (T,) is only
    carried into the trade list. Raises ChangeSettingsError if a length differs from the bars' or a weight is
    infinite.
    """
    target = np.ascontiguousarray(target_weight, dtype=np.float64)
    for name, values in (("target weights", target), ("predictions", prediction)):
        if values is not None and values.shape != (len(bars),):
            raise ChangeSettingsError(
                name, f"their shape is {values.shape} for {len(bars)} bars", "Give one a bar"
            )
    if np.isinf(target).any():
        raise ChangeSettingsError("target weights", "an infinite weight", "Use 1 for the whole size")
    simulator = Simulator(bars, rules, decisions=len(target) - int(np.count_nonzero(np.isnan(target))))
    simulator.trade(target)
    account = simulator.account
    trades = simulator.trades[: int(account["trades"][0])]
    trades["prediction"] = np.nan if prediction is None else prediction[trades["entry_bar"]]
    return Simulation(
        time=bars.time,
        close=bars.close,
        equity=simulator.equity,
        cash=simulator.cash,
        position=simulator.position,
        trades=trades,
        initial_capital=rules.initial_capital,
        calendar=bars.calendar,
        ruined=bool(simulator.equity[-1] <= 0),
        **{name: int(account[name][0]) for name in ("capped", "dropped", "unsized", "too_small")},
    )


def buy_and_hold(bars: Bars, rules: Rules) -> Simulation:
    """The benchmark: bought with all the money in the first bar, held to the last, same bars, same costs."""
    target = np.full(len(bars), np.nan)
    target[0] = 1.0
    return simulate(bars, target, rules.without_decisions())


def prices_of(bars: Bars) -> records.Prices:
    """The arrays as the loop takes them."""
    arrays = (
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
        bars.forecast_volatility,
        bars.previous_close,
        bars.funding,
        bars.funding_paid,
        bars.funding_received,
        bars.elapsed,
    )
    return records.Prices(*map(read_only, arrays))


def read_only(values: Floats) -> Floats:
    """The same values, (T,), not to be written to: from a file they are, and numba compiles for each kind."""
    seen = values.view()
    seen.flags.writeable = False
    return seen


def terms_of(bars: Bars, rules: Rules) -> records.Terms:
    """The rules as the loop takes them: plain numbers, per bar."""
    stops = max(rules.stop_loss, rules.take_profit, rules.trailing_stop) > 0
    in_volatility, by_volatility = stops and rules.stop_unit == "volatility", rules.sizing == "volatility"
    scales = max(rules.slippage_volatility, rules.slippage_impact) > 0
    maintenance_long, maintenance_short = rules.tiers()[:, -1, 0].tolist()
    return records.Terms(
        fill=records.FILLS.index(rules.fill),
        fee=float(rules.fee),
        maker_discount=float(rules.maker_discount),
        slippage=float(rules.slippage),
        slippage_scales=scales,
        slippage_volatility=float(rules.slippage_volatility),
        slippage_impact=float(rules.slippage_impact),
        borrow=float(rules.borrow_rate / (YEAR_MS / bars.calendar.step_ms)),
        needs_volatility=by_volatility or in_volatility or scales,
        by_volatility=by_volatility,
        fraction=float(rules.fraction),
        target_volatility=float(rules.target_volatility / np.sqrt(rules.bars_per_year)),
        max_leverage=float(rules.max_leverage),
        stops=stops,
        stop_loss=float(rules.stop_loss),
        take_profit=float(rules.take_profit),
        trailing_stop=float(rules.trailing_stop),
        stops_in_volatility=in_volatility,
        volume_share=float(rules.max_volume_share),
        wait=rules.unfilled == "wait",
        band=float(rules.rebalance_band),
        minimum_notional=float(rules.minimum_notional),
        quantity_step=float(rules.quantity_step),
        funding=bars.funded,
        funding_later=bars.funded_later,
        exit_after=int(rules.exit_after),
        maintenance_long=maintenance_long,
        maintenance_short=maintenance_short,
    )
