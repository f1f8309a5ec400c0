"""What a model learned: calibration of its forecasts, drift and importance of its features; facts.

Forecasts and returns are fractions, an undefined figure is NaN; formulas stand in docs/definitions.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.codec import Number
from engine.results.notes import Note

DRIFTING, DRIFTED = 0.1, 0.25  # the customary bounds of the population stability index


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: Number
    low: Number
    high: Number


@dataclass(frozen=True)
class Decile:
    """The forecasts between two deciles: how many, their mean, and the mean return that came."""

    forecasts: int
    forecast: Number
    forward_return: Number


@dataclass(frozen=True)
class PartialIC:
    """The information coefficient of some forecasts, with its two-sided p-value against no skill.

    kind: `month`, named 2024-05, or `volatility`, named calm, middle, wild.
    """

    kind: str
    name: str
    forecasts: int
    ic: Number
    p_value: Number


@dataclass(frozen=True)
class ForecastCalibration:
    """Whether returns come as high as they are forecast: deciles from the lowest forecasts to the highest,
    the Mincer-Zarnowitz regression (intercept 0, slope 1 if they do), and when the ranks were right.
    """

    deciles: tuple[Decile, ...]
    intercept: Estimate
    slope: Estimate
    parts: tuple[PartialIC, ...]


@dataclass(frozen=True)
class BandCoverage:
    """How many returns came to lie in the bands that are to hold the share `asked` of them.

    forecasts: with a band and a known return. width: of the bands from low to high, in the mean.
    """

    asked: float
    forecasts: int
    held: Estimate
    width: Number


@dataclass(frozen=True)
class FeatureDrift:
    """How far a feature's distribution moved from training to test: its population stability index."""

    name: str
    psi: Number


@dataclass(frozen=True)
class Importance:
    """What the IC on validation loses when a feature, or a group of them, is permuted; 95 % interval."""

    name: str
    features: int
    ic_drop: Number
    low: Number
    high: Number


@dataclass(frozen=True)
class ImportanceResult:
    """Permutation importance of a model's features on its validation samples, the most important first.

    of: the run of the model. ic: on validation as it is. permutations: of each feature, in blocks of at
    least `block` windows.
    """

    run: str
    of: str
    simulated: bool
    forecasts: int
    ic: Number
    permutations: int
    block: int
    groups: tuple[Importance, ...]
    features: tuple[Importance, ...]
    notes: tuple[Note, ...] = ()

    @property
    def answered_by(self) -> tuple[str, ...]:
        """The run whose leak audit answers for these figures."""
        return (self.of,)
