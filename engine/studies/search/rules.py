"""Rules tried on forecasts that are there: drawn by seed, judged by validation, traded over inner tests."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from pydantic import ValidationError

from engine.backtest import trading
from engine.backtest.simulate import buy_and_hold, simulate
from engine.backtest.sweep import at_once, sweep
from engine.backtest.thresholds import FEWEST_TRADES
from engine.backtest.trading import Decisions
from engine.settings import cores, with_rules
from engine.statistics.returns import sharpes_of_returns
from engine.studies.search.forecasts import Forecasts, Variant

Some = TypeVar("Some")

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from engine.backtest.simulate import Simulation
    from engine.backtest.sweep import Swept
    from engine.market.calendar import Calendar
    from engine.settings import Parameter, Settings, Value
    from engine.statistics.conformal import Band

    Floats = NDArray[np.float64]

AT_ONCE = 64  # rules whose target weights over the inner tests are held at a time
LEVELS = ("entry_threshold", "threshold_from", "cost_multiple")  # settings that make nothing but a threshold


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
            ruled = with_rules(settings, chosen, own)
        except ValidationError:
            continue
        found.append(Variant(chosen, ruled, trading.rules_of(ruled, calendar)))
    return found


def draw(each: Parameter, generator: np.random.Generator) -> Value:
    """A value of a parameter, each as likely as any other, on the logarithm where it says so."""
    if count := each.count:
        return each.value_at(int(generator.integers(count)))
    if each.log:
        found = math.exp(generator.uniform(math.log(each.low), math.log(each.high)))
    else:
        found = generator.uniform(each.low, each.high)
    found = min(max(found, each.low), each.high)
    return round(found) if each.whole else found


class ForecastsOfOne(Forecasts[Decisions]):
    """Forecasts of one symbol's samples; rules that decide alike are traded in batches."""

    def undecided(
        self, chosen: NDArray[np.int64], forecast: Floats, band: Band | None, settings: Settings
    ) -> Decisions:
        """The bars from the first of the samples to the last, with no signal on any."""
        return trading.decide(
            self.samples.market, self.samples.windows.target[chosen], forecast, self.samples.forward_return,
            settings, np.zeros(len(chosen), np.int8), band,
        )  # fmt: skip

    def levels(self, settings: Settings) -> list[float]:
        """The entry threshold of each fold."""
        validation, _ = self.on_bars(settings)
        return [trading.threshold_on(each, settings).threshold for each in validation]

    def on_validation(self, tried: Sequence[Variant]) -> Floats:
        """How good each of the rules is on validation, (V,), see Forecasts."""
        for each in tried:
            self.on_bars(each.settings)  # laid before threads ask for it
        longest = max(len(each.validation) for each in self.folds)
        with ThreadPoolExecutor(cores()) as threads:
            return np.concatenate(list(threads.map(self.values_of, parts_of(tried, at_once(longest)))))

    def values_of(self, tried: Sequence[Variant]) -> Floats:
        """The same for some of the rules, (V,)."""
        value = np.zeros(len(tried))
        for numbers in self.alike(tried):
            some = [tried[number] for number in numbers]
            level = np.array([self.levels(each.settings) for each in some])  # (v, K)
            for place, decisions in enumerate(self.on_bars(some[0].settings)[0]):
                found = sweep_variants(some, decisions, level[:, [place]])
                ratio = sharpes_of_returns(found.daily_returns, 1)
                counts = (found.trades >= FEWEST_TRADES) & np.isfinite(ratio)
                value[numbers] += np.where(counts, ratio, 0.0)
        return value / len(self.folds)

    def alike(self, tried: Sequence[Variant]) -> Iterable[list[int]]:
        """The places of rules that make signals and weights alike, but for the entry threshold."""
        found: dict[Hashable, list[int]] = {}
        for number, each in enumerate(tried):
            way = [value for name, value in each.settings.signal if name not in LEVELS]
            key = (*self.laid_by(each.settings), each.settings.backtest.short, *way)
            found.setdefault(key, []).append(number)
        return found.values()

    def weight(self, settings: Settings) -> Floats:
        """Target weights on the bars of the inner tests, (B,)."""
        _, decisions = self.on_bars(settings)
        return weights(decisions, self.levels_on_tests(settings), settings)

    def levels_on_tests(self, settings: Settings) -> Floats:
        """The entry threshold of each bar of the inner tests, (B,)."""
        _, decisions = self.on_bars(settings)
        return np.array(self.levels(settings))[self.fold_at(decisions.bars.time)]

    def traded(self, settings: Settings) -> Simulation:
        """The inner tests, traded as the settings say."""
        _, decisions = self.on_bars(settings)
        rules = trading.rules_of(settings, decisions.bars.calendar)
        return simulate(decisions.bars, self.weight(settings), rules, decisions.forecast)

    def held(self, settings: Settings) -> Simulation:
        """Buy and hold over the same bars at the same costs."""
        bars = self.on_bars(settings)[1].bars
        return buy_and_hold(bars, trading.rules_of(settings, bars.calendar))

    def returns_of(self, tried: Sequence[Variant]) -> Floats:
        """Daily returns of each of the rules over the inner tests, (V, D)."""
        found: dict[int, Floats] = {}
        for numbers in self.alike(tried):
            for part in parts_of(numbers, AT_ONCE):
                some = [tried[number] for number in part]
                level = np.array([self.levels_on_tests(each.settings) for each in some])  # (v, B)
                returns = sweep_variants(
                    some, self.on_bars(some[0].settings)[1], level
                ).daily_returns  # (v, D)
                found |= dict(zip(part, returns, strict=True))
        return np.array([found[number] for number in range(len(tried))]) if found else np.empty((0, 0))


def parts_of(tried: Sequence[Some], size: int) -> list[Sequence[Some]]:
    """The same in parts of so many."""
    return [tried[first : first + size] for first in range(0, len(tried), size)]


def sweep_variants(tried: Sequence[Variant], decisions: Decisions, level: Floats) -> Swept:
    """Trade forecasts by rules that are alike but for the entry threshold, (V, 1) or (V, B)."""
    weight = weights(decisions, level, tried[0].settings)  # (V, B)
    return sweep(decisions.bars, list(zip(weight, [each.rules for each in tried], strict=True)), 1)


def weights(decisions: Decisions, level: float | Floats, settings: Settings) -> Floats:
    """Target weights of forecasts that are laid on bars, at one entry threshold or (B,): (B,).

    At (V, 1) or (V, B) of them: (V, B).
    """
    signal = trading.signals_of(decisions.forecast, decisions.band, level, settings)
    return trading.weight_of(replace(decisions, signal=signal), settings)
