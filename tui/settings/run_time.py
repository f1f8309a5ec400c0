"""How long an epoch will take, judged by a run that has trained: what its settings cost, and others."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.settings import TIMEFRAME_MS, moment

if TYPE_CHECKING:
    from engine.runs.state import State
    from engine.settings import Settings

GATES = {"lstm": 4, "gru": 3}  # products of matrices in a cell
FEATURES = 50  # where a run does not tell how many it had


@dataclass(frozen=True)
class Estimate:
    """Seconds of an epoch of one model, and of all epochs of all models if none stops early."""

    epoch_s: float
    most_s: float


def estimate(new: Settings, known: Settings, state: State) -> Estimate | None:
    """What a training costs by the epochs of a known run; None where the two cannot be compared."""
    epochs = [each.seconds for each in state.history[1:] or state.history if each.seconds]
    samples, window = samples_ratio(new, known), window_ratio(new, known, state.model.features or FEATURES)
    if not epochs or samples is None or window is None:
        return None
    once = statistics.median(epochs) * samples * window
    return Estimate(once, once * new.training.epochs * new.model.members)


def window_ratio(new: Settings, known: Settings, features: int) -> float | None:
    """How many times as much one window costs."""
    model, before = new.model, known.model
    if model.name != before.name or (model.name not in GATES and model.units != before.units):
        return None
    longer = new.window.lookback / known.window.lookback
    return longer * layers(model.units, features) / layers(before.units, features)


def layers(units: tuple[int, ...], features: int) -> float:
    """Products of a step through stacked recurrent layers, but for a factor."""
    entering = (features, *units[:-1])
    return float(sum(size * (size + into) for size, into in zip(units, entering, strict=True)))


def samples_ratio(new: Settings, known: Settings) -> float | None:
    """How many times as many samples there are; None for another series, or a span without ends."""
    data, before = new.data, known.data
    if (data.series, data.exchange, data.symbol) != (before.series, before.exchange, before.symbol):
        return None
    share = (1 - new.split.validation - new.split.test) / (1 - known.split.validation - known.split.test)
    if data.timeframe != before.timeframe:
        if not (data.timeframe and before.timeframe):
            return None
        share *= TIMEFRAME_MS[before.timeframe] / TIMEFRAME_MS[data.timeframe]
    if (data.start, data.end) == (before.start, before.end):
        return share
    if not (data.start and data.end and before.start and before.end):
        return None
    return share * ((moment(data.end) - moment(data.start)) / (moment(before.end) - moment(before.start)))
