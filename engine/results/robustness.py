"""How far a backtest's figures can be trusted: fills, intervals, baselines, permutations, trials."""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.codec import Number
from engine.results.figures import Headline, Interval, Spread


@dataclass(frozen=True)
class FillScenario(Headline):
    """The same signals under one kind of fill; name: SAME_CLOSE, NEXT_OPEN, … of explanations."""

    name: str = ""
    fill: str = ""
    slippage_bps: float = 0.0


@dataclass(frozen=True)
class FillScenarios:
    """The kindest fill first. share: part of the return that is gone at the next open with three times the
    slippage; NaN without a gain.
    """

    scenarios: tuple[FillScenario, ...]
    share: Number


@dataclass(frozen=True)
class AccountIntervals:
    """Of an account's figures."""

    sharpe: Interval
    total_return: Interval
    max_drawdown: Interval


@dataclass(frozen=True)
class ForecastIntervals:
    """Of the forecasts' quality."""

    r2: Interval
    directional_accuracy: Interval
    ic: Interval


@dataclass(frozen=True)
class Intervals:
    """Stationary-bootstrap intervals of strategy, buy and hold, and forecasts."""

    coverage: float
    resamples: int
    strategy: AccountIntervals
    benchmark: AccountIntervals
    forecast: ForecastIntervals


@dataclass(frozen=True)
class PermutationTest:
    """The same trades at other times: how many orders, how many different ones, what they came to."""

    permutations: int
    distinct: int
    p_value: Number
    sharpe: Spread
    total_return: Spread


@dataclass(frozen=True)
class Baseline(Headline):
    """A rule that knows next to nothing, and how far the strategy's Sharpe ratio lies above its own.

    p_value: of the strategy's being no better. beaten: whether that can be claimed, all claims of the run
    held together at 5 %; never of a strategy that trades nothing or has no Sharpe ratio above 0.
    """

    name: str = ""
    sharpe_difference: Number = float("nan")
    interval: Interval = Interval(float("nan"), float("nan"))
    p_value: Number = float("nan")
    beaten: bool = False


@dataclass(frozen=True)
class TrialCounts:
    """What the trial ledger says of the bars, and what that leaves of the Sharpe ratio.

    looks: at these bars so far, this one included; what_ifs: of them; trials: different ones among them.
    sharpe_variance: of their Sharpe ratios of daily returns. expected_best_sharpe: annual. broken: lines
    of the ledger that cannot be read.
    """

    looks: int
    what_ifs: int
    trials: int
    sharpe_variance: Number
    expected_best_sharpe: Number
    deflated_sharpe: Number
    market: str
    broken: int


@dataclass(frozen=True)
class TrialFamily:
    """What luck makes of different trials over the same days: of a sweep, or of the ledger's at a span.

    reality_check, spa: p-values of the best one's having no skill. step_wise: that of this one, all of them
    held together. overfitting: PBO, to be read beside the spread of the trials' annual Sharpe ratios.
    """

    trials: int
    days: int
    reality_check: Number
    spa: Number
    step_wise: Number
    overfitting: Number
    sharpe: Spread
