"""Which trials are worth going on: by validation's loss after the first epoch, by the objective after a fold.

A trial is compared with those of earlier batches alone, so what is pruned hangs on no worker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.results.search import LEAST
from engine.studies.workers import ParentWatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.experiment import Samples
    from engine.runs.events import Event
    from engine.settings import Settings
    from engine.studies.folds import Fold
    from engine.studies.search.record import Trial

FEWEST = 4  # trials that must have come as far
WORST = 0.3  # of the trials are ended after their first epoch, about
BEST = 0.125  # of the trials go on after a fold, about; later ones are better and more go on


class PrunedError(Exception):
    """Raised where a trial is not worth going on; says why."""


@dataclass(frozen=True)
class Levels:
    """What is worth going on, by trials of earlier batches; NaN where too few came so far.

    begun: the highest loss after the first epoch, see Trial. folded: the first objective after each fold.
    """

    begun: float
    folded: tuple[float, ...]


def levels_of(trials: Sequence[Trial], objective: str) -> Levels:
    """The levels that these trials make."""
    sign, folded = sign_of(objective), []
    for fold in range(max((len(each.steps) for each in trials), default=0)):
        reached = [sign * each.steps[fold] for each in trials if len(each.steps) > fold]
        folded.append(sign * level(reached, 1.0 - BEST))
    begun = [each.begun for each in trials if math.isfinite(each.begun)]
    return Levels(level(begun, 1.0 - WORST), tuple(folded))


def level(values: Sequence[float], share: float) -> float:
    """What that share of the values does not exceed; NaN of too few."""
    return float(np.quantile(values, share)) if len(values) >= FEWEST else math.nan


def sign_of(objective: str) -> float:
    """1 where more of it is better, else -1."""
    return -1.0 if objective in LEAST else 1.0


class Watch:
    """A trial's `emit`: counts epochs, notes what it came to on the way, and ends what is behind."""

    def __init__(self, levels: Levels | None) -> None:
        """levels: None where nothing is pruned."""
        self.levels, self.orphan = levels, ParentWatch()
        self.steps, self.epochs = list[float](), 0
        self.nothing = self.begun = math.nan

    def __call__(self, event: Event) -> None:
        """Count epochs. Raises StopRequestedError where nobody waits for them, and PrunedError."""
        self.orphan(event)
        if event["kind"] != "epoch":
            return
        self.epochs += 1
        if (
            self.epochs == 1 and event["epoch"] < event["epochs"]
        ):  # what has no further one is as good as fitted
            self.begun = event["val_loss"] / self.nothing
            if self.levels and self.begun > self.levels.begun:
                raise PrunedError("among the worst three tenths of earlier trials after an epoch")

    def begin(self, settings: Settings, samples: Samples, fold: Fold) -> None:
        """Learn what validation's loss is where nothing is known."""
        self.nothing = loss_of_nothing(settings, samples, fold)

    def folded(self, value: float, objective: str) -> None:
        """What the trial has come to after one more fold. Raises PrunedError."""
        fold, sign = len(self.steps), sign_of(objective)
        self.steps.append(value)
        known = self.levels.folded if self.levels else ()
        if fold < len(known) and sign * value < sign * known[fold]:
            raise PrunedError("behind the best eighth of earlier trials after so many folds")


def loss_of_nothing(settings: Settings, samples: Samples, fold: Fold) -> float:
    """The loss on validation of a network that forecasts 0, by which losses of other labels are alike.

    NaN for quantiles, whose loss is of another kind.
    """
    model, windows = settings.model, samples.windows
    if model.quantiles:
        return math.nan
    scalers = samples.fit_scalers(settings, windows.start[fold.train])
    labels = scalers.to_label(samples.forward_return, samples.volatility)  # (T,)
    error = np.abs(labels[windows.target[fold.validation]].astype(np.float64))  # (n,)
    delta = model.huber_delta
    huber = np.where(error <= delta, error**2 / 2, delta * (error - delta / 2))  # (n,)
    return float(np.mean(error**2 if model.loss == "mse" else huber)) or math.nan
