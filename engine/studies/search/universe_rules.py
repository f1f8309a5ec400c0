"""Rules tried on forecasts of several symbols: each is an account of its own over all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import trading as alone
from engine.backtest.thresholds import FEWEST_TRADES
from engine.backtest.universe_trading import account_of, hold_equally, rules_of_universe
from engine.settings import cores
from engine.statistics.metrics import daily_returns
from engine.statistics.returns import sharpe
from engine.studies.search.forecasts import Forecasts, Variant
from engine.universe import trading
from engine.universe.trading import Decided

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from engine.backtest.portfolio import Portfolio
    from engine.settings import Settings
    from engine.statistics.conformal import Band
    from engine.studies.folds import Fold
    from engine.universe.pool import Pool

    Floats = NDArray[np.float64]


class ForecastsOfSeveral(Forecasts[Decided]):
    """Forecasts of the symbols of a pool; one account trades them."""

    def __init__(
        self, pool: Pool, folds: Sequence[Fold], validation: Sequence[Floats], test: Sequence[Floats]
    ) -> None:
        """As of Forecasts."""
        super().__init__(pool, folds, validation, test)
        self.pool = pool

    def undecided(
        self, chosen: NDArray[np.int64], forecast: Floats, band: Band | None, settings: Settings
    ) -> Decided:
        """The bars of each symbol from its first sample to its last, with no signal on any."""
        return trading.decide(self.pool, chosen, forecast, settings, np.zeros(len(chosen), np.int8), band)

    def levels(self, settings: Settings) -> list[float]:
        """The entry threshold of each fold."""
        validation, _ = self.on_bars(settings)
        return [trading.threshold_on(each, settings).threshold for each in validation]

    def on_validation(self, tried: Sequence[Variant]) -> Floats:
        """How good each of the rules is on validation, (V,), see Forecasts."""
        return np.array(self.of_each(tried, self.value_of))

    def of_each(self, tried: Sequence[Variant], find: Callable[[Settings], Floats | float]) -> list[Floats]:
        """What `find` says of each of the rules, on every core."""
        for each in tried:
            self.on_bars(each.settings)  # laid before threads ask for it
        with ThreadPoolExecutor(cores()) as threads:
            return [np.asarray(found) for found in threads.map(find, [each.settings for each in tried])]

    def value_of(self, settings: Settings) -> float:
        """How good rules are on validation."""
        found = 0.0
        for decided, level in zip(self.on_bars(settings)[0], self.levels(settings), strict=True):
            account = account_at(decided, dict.fromkeys(decided.decisions, level), settings)
            ratio = sharpe(daily_returns(account), 1)
            found += ratio if len(account.trades) >= FEWEST_TRADES and np.isfinite(ratio) else 0.0
        return found / len(self.folds)

    def traded(self, settings: Settings) -> Portfolio:
        """The tests, traded as the settings say."""
        _, decided = self.on_bars(settings)
        levels = np.array(self.levels(settings))  # (K,)
        own = {name: levels[self.fold_at(bars.time)] for name, bars in decided.bars.items()}  # (B_s,) each
        return account_at(decided, own, settings)

    def held(self, settings: Settings) -> Portfolio:
        """Equal-weight buy and hold over the same bars at the same costs."""
        bars = self.on_bars(settings)[1].bars
        return hold_equally(bars, rules_of_universe(bars, settings))

    def returns_of(self, tried: Sequence[Variant]) -> Floats:
        """Daily returns of each of the rules over the tests, (V, D)."""
        found = self.of_each(tried, lambda settings: daily_returns(self.traded(settings)))
        return np.array(found) if found else np.empty((0, 0))


def account_at(decided: Decided, levels: Mapping[str, float | Floats], settings: Settings) -> Portfolio:
    """The account that trades forecasts beyond entry thresholds, one of each symbol or (B_s,)."""
    decisions = {
        name: replace(made, signal=alone.signals_of(made.forecast, made.band, levels[name], settings))
        for name, made in decided.decisions.items()
    }
    return account_of(decisions, settings, decided.members)
