"""Rules tried on forecasts that are there: drawn by seed, judged by validation, traded over inner tests."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from engine import experiment
from engine.backtest import trading
from engine.backtest.simulate import simulate
from engine.backtest.sweep import sweep
from engine.backtest.thresholds import FEWEST_TRADES
from engine.settings import with_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from engine.backtest.rules import Rules
    from engine.backtest.simulate import Simulation
    from engine.backtest.sweep import Swept
    from engine.backtest.trading import Decisions
    from engine.experiment import Samples
    from engine.market.calendar import Calendar
    from engine.settings import Parameter, Settings, Value
    from engine.studies.folds import Fold

    Floats = NDArray[np.float64]

AT_ONCE = 256  # rules whose target weights are held at a time


@dataclass(frozen=True)
class Variant:
    """One of the rules tried: what was drawn, the whole settings, and what the account loop makes of them."""

    drawn: dict[str, Value]
    settings: Settings
    rules: Rules


def variants(
    settings: Settings,
    parameters: Sequence[Parameter],
    drawn: Mapping[str, Value],
    calendar: Calendar,
    count: int,
    seed: list[int],
) -> list[Variant]:
    """The rules as the settings have them, and up to `count` more that are drawn, each once.

    drawn: what the trial has, on which rules may hang. Draws that contradict each other are left out.
    """
    found = [Variant({}, settings, trading.rules_of(settings, calendar))]
    own = [each for each in parameters if each.is_rule]
    generator, known = np.random.default_rng(seed), set()
    for _ in range(count if own else 0):
        chosen: dict[str, Value] = {}
        for each in own:
            if each.exists({**drawn, **chosen}):
                chosen[each.key] = draw(each, generator)
        if (written := repr(chosen)) in known or not chosen:
            continue
        known.add(written)
        try:
            told = with_rules(settings, chosen, own)
        except ValidationError:
            continue
        found.append(Variant(chosen, told, trading.rules_of(told, calendar)))
    return found


def draw(each: Parameter, generator: np.random.Generator) -> Value:
    """A value of a parameter, each as likely as any other, on the logarithm where it says so."""
    if values := each.every_value():
        return values[int(generator.integers(len(values)))]
    if each.log:
        found = math.exp(generator.uniform(math.log(each.low), math.log(each.high)))
    else:
        found = generator.uniform(each.low, each.high)
    found = min(max(found, each.low), each.high)
    return round(found) if each.whole else found


class Forecasts:
    """Forecasts of a trial's folds, laid on bars: each fold's validation, and all inner tests end to end.

    validation, test: of each fold, (n,) returns forecast for its samples.
    """

    def __init__(
        self, samples: Samples, folds: Sequence[Fold], validation: Sequence[Floats], test: Sequence[Floats]
    ) -> None:
        """Nothing is laid on bars yet."""
        self.samples, self.folds, self.validation, self.test = samples, folds, validation, test
        self.laid: dict[tuple[int, float], tuple[list[Decisions], Decisions]] = {}

    def on_bars(self, settings: Settings) -> tuple[list[Decisions], Decisions]:
        """Validation of each fold and the inner tests, undecided; made once for what they hang on."""
        key = (settings.backtest.volatility_span, settings.signal.band if settings.signal.by_band else 0.0)
        if key not in self.laid:
            self.laid[key] = (
                [
                    self.of_validation(*each, settings)
                    for each in zip(self.folds, self.validation, strict=True)
                ],
                self.of_tests(settings),
            )
        return self.laid[key]

    def of_validation(self, fold: Fold, forecast: Floats, settings: Settings) -> Decisions:
        """The validation bars of a fold."""
        width = experiment.band_width(forecast, self.samples, fold.validation, settings)
        return self.undecided(fold.validation, forecast, width, settings)

    def of_tests(self, settings: Settings) -> Decisions:
        """The bars of all inner tests."""
        widths = [
            experiment.band_width(forecast, self.samples, fold.validation, settings)
            for fold, forecast in zip(self.folds, self.validation, strict=True)
        ]
        chosen = np.concatenate([fold.test for fold in self.folds])  # (M,)
        width = np.repeat(widths, [len(fold.test) for fold in self.folds])  # (M,)
        return self.undecided(chosen, np.concatenate(self.test), width, settings)

    def undecided(
        self, chosen: NDArray[np.int64], forecast: Floats, width: float | Floats, settings: Settings
    ) -> Decisions:
        """The bars from the first of the samples to the last, with no signal on any."""
        band = experiment.band(forecast, self.samples, chosen, width) if settings.signal.by_band else None
        return trading.decide(
            self.samples.market, self.samples.windows.target[chosen], forecast, self.samples.forward_return,
            settings, np.zeros(len(chosen), np.int8), band,
        )  # fmt: skip

    @property
    def begins(self) -> NDArray[np.int64]:
        """The places among the bars of the inner tests at which each fold's begins, (K,)."""
        observed = np.cumsum(self.samples.market.observed)  # (T,)
        first = np.array([self.samples.windows.target[fold.test[0]] for fold in self.folds])  # (K,)
        return np.asarray(observed[first] - observed[first[0]])

    def levels(self, settings: Settings) -> list[float]:
        """The entry threshold of each fold."""
        validation, _ = self.on_bars(settings)
        return [trading.threshold_on(each, settings).threshold for each in validation]

    def on_validation(self, tried: Sequence[Variant]) -> Floats:
        """How good each of the rules is on validation, (V,): Sharpe ratio of a day, the mean over the folds.

        One that trades less than ten times in a fold has 0 there, as if it did not trade.
        """
        value = np.zeros(len(tried))
        for first in range(0, len(tried), AT_ONCE):
            part = tried[first : first + AT_ONCE]
            levels = [self.levels(each.settings) for each in part]
            for place in range(len(self.folds)):
                value[first : first + AT_ONCE] += self.of_fold(
                    place, part, [level[place] for level in levels]
                )
        return value / len(self.folds)

    def of_fold(self, place: int, tried: Sequence[Variant], levels: Sequence[float]) -> Floats:
        """The same for one fold, each of the rules with its entry threshold, (V,)."""
        laid = [self.on_bars(each.settings)[0][place] for each in tried]
        told = [weights(*each) for each in zip(laid, levels, [each.settings for each in tried], strict=True)]
        ratio = np.zeros(len(tried))
        for numbers, found in swept(tried, laid, told):
            counts = (found.trades >= FEWEST_TRADES) & np.isfinite(found.sharpe)
            ratio[numbers] = np.where(counts, found.sharpe, 0.0)
        days: float = self.samples.market.calendar.days_per_year
        return ratio / math.sqrt(days)

    def weight(self, settings: Settings) -> Floats:
        """Target weights on the bars of the inner tests, (B,)."""
        _, decisions = self.on_bars(settings)
        lengths = np.diff(np.append(self.begins, len(decisions.bars)))  # (K,)
        return weights(decisions, np.repeat(self.levels(settings), lengths), settings)

    def traded(self, settings: Settings) -> Simulation:
        """The inner tests, traded as the settings say."""
        _, decisions = self.on_bars(settings)
        rules = trading.rules_of(settings, decisions.bars.calendar)
        return simulate(decisions.bars, self.weight(settings), rules, decisions.forecast)

    def returns_of(self, tried: Sequence[Variant]) -> Floats:
        """Daily returns of each of the rules over the inner tests, (V, D)."""
        found: dict[int, Floats] = {}
        for first in range(0, len(tried), AT_ONCE):
            part = tried[first : first + AT_ONCE]
            laid = [self.on_bars(each.settings)[1] for each in part]
            for numbers, outcome in swept(part, laid, [self.weight(each.settings) for each in part]):
                found |= {
                    first + number: row for number, row in zip(numbers, outcome.daily_returns, strict=True)
                }
        return np.array([found[number] for number in range(len(tried))]) if found else np.empty((0, 0))


def swept(
    tried: Sequence[Variant], laid: Sequence[Decisions], told: Sequence[Floats]
) -> Iterator[tuple[list[int], Swept]]:
    """Trade target weights by rules, each on its bars; those that share bars at once, with their places."""
    alike: dict[int, list[int]] = {}
    for number, decisions in enumerate(laid):
        alike.setdefault(id(decisions), []).append(number)
    for numbers in alike.values():
        pairs = [(told[number], tried[number].rules) for number in numbers]
        yield numbers, sweep(laid[numbers[0]].bars, pairs)


def weights(decisions: Decisions, level: float | Floats, settings: Settings) -> Floats:
    """Target weights (B,) of forecasts that are laid on bars, at one entry threshold or (B,)."""
    signal = trading.signals_of(decisions.forecast, decisions.band, level, settings)
    return trading.weight_of(replace(decisions, signal=signal), settings)
