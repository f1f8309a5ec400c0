"""Forecasts of several models, laid on bars: each one's validation, and all that they test end to end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from engine import experiment
from engine.statistics.conformal import centre

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.backtest.rules import Rules
    from engine.experiment import Samples
    from engine.settings import Settings, Value
    from engine.statistics.account import AccountHistory
    from engine.statistics.conformal import Band
    from engine.studies.folds import Fold

    Floats = NDArray[np.float64]

Laid = TypeVar("Laid")  # decisions of one symbol, or of several


@dataclass(frozen=True)
class Variant:
    """One of the rules tried: what was drawn, the whole settings, and what the account loop makes of them."""

    drawn: dict[str, Value]
    settings: Settings
    rules: Rules


class Forecasts(ABC, Generic[Laid]):
    """Forecasts of the folds' models, to be traded by any rules.

    validation, test: of each fold, (n,) returns forecast for its samples, or (n, 3) with quantiles.
    """

    def __init__(
        self, samples: Samples, folds: Sequence[Fold], validation: Sequence[Floats], test: Sequence[Floats]
    ) -> None:
        """Nothing is laid on bars yet."""
        self.samples, self.folds, self.validation, self.test = samples, folds, validation, test
        self.laid: dict[tuple[int, float], tuple[list[Laid], Laid]] = {}

    def on_bars(self, settings: Settings) -> tuple[list[Laid], Laid]:
        """Validation of each fold and the tests, undecided; made once for what they hang on."""
        key = self.laid_by(settings)
        if key not in self.laid:
            pairs = zip(self.folds, self.validation, strict=True)
            self.laid[key] = (
                [self.of_validation(*each, settings) for each in pairs],
                self.of_tests(settings),
            )
        return self.laid[key]

    def laid_by(self, settings: Settings) -> tuple[int, float]:
        """What bars and bands hang on."""
        return settings.backtest.volatility_span, settings.signal.band if settings.signal.by_band else 0.0

    def of_validation(self, fold: Fold, forecast: Floats, settings: Settings) -> Laid:
        """The validation bars of a fold."""
        width = experiment.band_width(forecast, self.samples, fold.validation, settings)
        return self.undecided(
            fold.validation, centre(forecast), self.band(fold.validation, forecast, width, settings), settings
        )

    def of_tests(self, settings: Settings) -> Laid:
        """The bars of all tests."""
        widths = [
            experiment.band_width(forecast, self.samples, fold.validation, settings)
            for fold, forecast in zip(self.folds, self.validation, strict=True)
        ]
        chosen = np.concatenate([fold.test for fold in self.folds])  # (M,)
        forecast = np.concatenate(self.test)  # (M,) or (M, 3)
        width = np.repeat(widths, [len(fold.test) for fold in self.folds])  # (M,)
        band = self.band(chosen, forecast, width, settings)
        return self.undecided(chosen, centre(forecast), band, settings)

    def band(
        self, chosen: NDArray[np.int64], forecast: Floats, width: float | Floats, settings: Settings
    ) -> Band | None:
        """The band around forecasts of the samples chosen, where the settings decide by it."""
        return experiment.band(forecast, self.samples, chosen, width) if settings.signal.by_band else None

    @abstractmethod
    def undecided(
        self, chosen: NDArray[np.int64], forecast: Floats, band: Band | None, settings: Settings
    ) -> Laid:
        """The bars from the first of the samples chosen, (M,), to the last, with no signal on any."""

    @property
    def begins_ms(self) -> NDArray[np.int64]:
        """When each fold's test begins, (K,)."""
        return np.array([self.samples.target_ms[fold.test].min() for fold in self.folds])

    def fold_at(self, time: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """The place of the fold that tests each of the bars that open at time (B,)."""
        return np.searchsorted(self.begins_ms, time.astype(np.int64), side="right") - 1

    @abstractmethod
    def levels(self, settings: Settings) -> list[float]:
        """The entry threshold of each fold, from its own validation where it is chosen there."""

    @abstractmethod
    def on_validation(self, tried: Sequence[Variant]) -> Floats:
        """How good each of the rules is on validation, (V,): Sharpe ratio of a day, the mean over the folds.

        One that trades less than ten times in a fold has 0 there, as if it did not trade.
        """

    @abstractmethod
    def traded(self, settings: Settings) -> AccountHistory:
        """The tests, traded as the settings say."""

    @abstractmethod
    def held(self, settings: Settings) -> AccountHistory:
        """Buy and hold over the same bars at the same costs."""

    @abstractmethod
    def returns_of(self, tried: Sequence[Variant]) -> Floats:
        """Daily returns of each of the rules over the tests, (V, D)."""
