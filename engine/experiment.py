"""One way to fit a model and to forecast with it: scale → build → fit → predict.

The pipeline, a walk-forward and every other study call it, and the leak audit replays its steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine import features
from engine.backtest.bars import forecast_volatility
from engine.market.times import milliseconds
from engine.models import kinds, registry
from engine.models.definition import TrainingData, members_of
from engine.models.training import backend, fitted
from engine.preparation import stage
from engine.samples import labels, scaling, split, weights, windows
from engine.statistics import conformal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from engine.market.merge import Market
    from engine.models.definition import Kind, Outputs
    from engine.models.training.fitted import Fitted
    from engine.runs.events import Emit
    from engine.samples.scaling import Scalers
    from engine.samples.split import Split
    from engine.samples.windows import Windows
    from engine.settings import Label, Settings

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Samples:
    """What there is to learn from: N windows over the features of T bars, and what came after each.

    table: (T, F) features. forward_return: (T,) the label of each row as a target, NaN where it is not known.
    volatility: (T,) of such a return, as forecast at the decision for that row.
    """

    market: Market
    table: pd.DataFrame
    windows: Windows
    forward_return: Floats
    volatility: Floats

    @property
    def target_ms(self) -> Rows:
        """Open times of the windows' target rows, (N,) ms."""
        return milliseconds(self.market.frame.index)[self.windows.target]

    @property
    def label(self) -> Floats:
        """The label of each window, (N,)."""
        return self.forward_return[self.windows.target]

    @property
    def numbers(self) -> Rows:
        """The number of each row's bar, (T,)."""
        return self.market.numbers

    @property
    def target_bar(self) -> Rows:
        """The number of each window's target bar, (N,)."""
        return self.numbers[self.windows.target]

    def matrix(self, scalers: Scalers) -> NDArray[np.float32]:
        """The scaled features, (T, F)."""
        return scalers.matrix(self.table.to_numpy())

    def seen(self, scalers: Scalers, start: Rows) -> tuple[NDArray[np.float32], Rows]:
        """Scaled features, (R, F), in which the windows lie that begin at `start`, (n,), and where there."""
        return self.matrix(scalers), start

    def fit_scalers(self, settings: Settings, start: Rows) -> Scalers:
        """Scalers of features and labels, of the training windows that begin at `start`."""
        return fit_scalers(settings, self.table, self.forward_return, self.volatility, start)

    def by_symbol(self, chosen: Rows) -> dict[str, int]:  # noqa: ARG002
        """How many of the samples at positions (n,) each of several symbols has; of one nothing."""
        return {}

    def weights(self, settings: Settings, train: Rows) -> Floats | None:
        """How much the training samples count, at positions (n,), of mean 1; None: all alike."""
        chosen, target = settings.training, self.windows.target[train]  # (n,)
        return weights.sample_weights(
            self.numbers[target], target, settings.label.horizon, chosen.half_life,
            uniqueness=chosen.uniqueness,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Forecaster:
    """Models ready to predict, whose mean is the forecast, and the scalers that they were fitted with."""

    members: tuple[Outputs, ...]
    scalers: Scalers


@dataclass(frozen=True, eq=False)
class Trained(Forecaster):
    """What a training leaves: the models themselves, too, and how their fit went.

    own_model: SHA-256 of the user's file that built them, empty without one.
    """

    models: tuple[Any, ...]
    fitted: Fitted
    own_model: str


def samples_of(market: Market, table: pd.DataFrame, settings: Settings) -> Samples:
    """The samples that the features, (T, F), of a market make."""
    found = find_windows(market, table, settings.window.lookback)
    label = settings.label
    return Samples(market, table, found, forward_return(market, label), volatility(market, label))


def find_windows(market: Market, table: pd.DataFrame, lookback: int) -> Windows:
    """Every window of complete, consecutive rows of the features, (T, F)."""
    ready = np.isfinite(table.to_numpy()).all(axis=1)  # (T,)
    return windows.find(ready, market.observed, market.numbers, lookback)


def forward_return(market: Market, label: Label) -> Floats:
    """The return that the label asks for, of each row, (T,); NaN where it is not known."""
    return labels.forward_return(market.frame, market.observed, market.numbers, label.horizon, label.kind)


def volatility(market: Market, label: Label) -> Floats:
    """Standard deviation of the return that the label asks for, of each row, (T,), from rows before it.

    That of one bar, over label.volatility_span of them, times the root of the horizon; NaN where it is not
    known.
    """
    observed = market.observed  # (T,)
    found = np.full(len(observed), np.nan)  # (T,)
    close = market.frame["close"].to_numpy()[observed]
    found[observed] = forecast_volatility(close, label.volatility_span) * math.sqrt(label.horizon)
    return found


def split_samples(market: Market, target_ms: Rows, label: Floats, settings: Settings) -> Split:
    """Training, validation and test of samples (N,), from their targets' open times and labels."""
    number, horizon = market.numbers_of(target_ms), settings.label.horizon
    return split.chronological(
        number, np.isfinite(label), horizon, settings.split.validation, settings.split.test
    )


def samples_event(samples: Samples, parts: Split) -> dict[str, Any]:
    """How many samples there are, and where the others went."""
    rows, columns = samples.table.shape
    found = samples.windows
    return {
        "kind": "model", "features": columns, "rows": rows, "lookback": found.lookback,
        "train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test),
        "purged": parts.purged, "dropped": found.dropped_gap, "unready": found.dropped_unready,
    }  # fmt: skip


def fit_scalers(
    settings: Settings,
    table: pd.DataFrame,
    forward_return: Floats,
    volatility: Floats,
    start: Rows,
    *,
    check: bool = True,
) -> Scalers:
    """Scalers of the features, (T, F), and labels, (T,), of the training windows that begin at `start`.

    volatility: (T,) by which labels are divided if the settings ask for it. check: whether features that
    are constant there are refused.
    """
    lookback, label = settings.window.lookback, settings.label
    values, target = table.to_numpy(), start + lookback  # (T, F), (n,)
    fitted_on = values[windows.rows_used(start, lookback, len(values))]  # (n, F)
    if check:
        features.check_columns(fitted_on, list(table.columns))
    return scaling.fit(
        settings.scaling.kind,
        fitted_on,
        forward_return[target],
        volatility[target] if label.scale == "volatility" else None,
        clip=settings.scaling.clip,
        label_clip=label.clip,
    )


def fit(
    settings: Settings, samples: Samples, parts: Split, devices: int, checkpoint: Path, emit: Emit
) -> Trained:
    """Fit scalers and model on the training samples; `devices` share a batch, a checkpoint is gone on with.

    Each member of an ensemble is what its seed alone, from training.seed on, would make. Raises
    ChangeSettingsError and RepairDataError for features that cannot be scaled and for a model of the user's
    own that cannot be built, DivergedError when the loss is not finite.
    """
    with stage(emit, "scale"):
        scalers = samples.fit_scalers(settings, samples.windows.start[parts.train])
    with stage(emit, "fit"):
        backend.start(devices)
        kind = registry.to_build(settings.model)
        models, fits = fit_members(kind, settings, samples, parts, scalers, devices, checkpoint, emit)
    ready = loaded(kind, models, scalers, devices)
    return Trained(ready.members, scalers, tuple(models), fitted.together(fits), kind.sha256)


def fit_members(
    kind: Kind,
    settings: Settings,
    samples: Samples,
    parts: Split,
    scalers: Scalers,
    devices: int,
    checkpoint: Path,
    emit: Emit,
) -> tuple[list[Any], list[Fitted]]:
    """The models of an ensemble, one after the other, and how each was fitted. Raises as `fit` does.

    Its frame must not be above the first import of Keras, which keeps the frames that it came from for good,
    and with them the matrix of all rows.
    """
    train, validation = (samples.windows.start[rows] for rows in (parts.train, parts.validation))
    labels = scalers.to_label(samples.forward_return, samples.volatility)
    lessons = TrainingData(
        samples.matrix(scalers), labels, train, validation, samples.windows.lookback,
        training_weights(settings, samples, parts), samples.by_symbol(parts.validation),
    )  # fmt: skip
    models: list[Any] = []
    fits: list[Fitted] = []
    count = members_of(settings.model, kind)
    for number in range(count):
        report = fitted.after(tuple(fits), count, emit)
        kept = checkpoint if count == 1 else member_file(checkpoint, number)
        model, fit = kinds.fit(kind, lessons, seeded(settings, number), devices, kept, report)
        models.append(model)
        fits.append(fit)
    return models, fits


def training_weights(settings: Settings, samples: Samples, parts: Split) -> NDArray[np.float32] | None:
    """How much the training sample of each target row counts, (T,), 0 for other rows; None: all alike."""
    found = samples.weights(settings, parts.train)  # (n,)
    if found is None:
        return None
    of_rows = np.zeros(len(samples.table), np.float32)  # (T,)
    of_rows[samples.windows.target[parts.train]] = found
    return of_rows


def member_file(path: Path, number: int) -> Path:
    """The file of an ensemble's member, numbered from 1, beside that of a model alone."""
    return path.with_name(f"{path.stem}-{number + 1}{path.suffix}")


def seeded(settings: Settings, number: int) -> Settings:
    """The settings of an ensemble's member alone, numbered from 0."""
    training = settings.training
    own = training.model_copy(update={"seed": training.seed + number})
    return settings.model_copy(update={"training": own})


def loaded(kind: Kind, models: Sequence[Any], scalers: Scalers, devices: int) -> Forecaster:
    """Models of a kind, ready to predict on so many devices."""
    return Forecaster(tuple(kinds.outputs(kind, model, devices) for model in models), scalers)


def forecast(
    model: Forecaster, matrix: NDArray[np.float32], start: Rows, volatility: Floats, emit: Emit
) -> Floats:
    """The returns that are forecast for the windows of the scaled features, (T, F), that begin at `start`.

    volatility: (n,) at their targets. (n,) float64, as fractions: the mean of the members' forecasts. (n, 3)
    where the model has learned quantiles: the forecast, the lower and the upper one.
    """
    members = [
        in_returns(model.scalers, outputs(matrix, start, emit), volatility) for outputs in model.members
    ]
    found = np.asarray(np.mean(members, axis=0))
    if found.ndim == 2:
        found[:, 1:].sort(axis=1)  # learned apart from each other, they may cross
    return found


def in_returns(scalers: Scalers, forecast: NDArray[np.float32], volatility: Floats) -> Floats:
    """A model's outputs, (n,) or (n, 3), in return units."""
    if forecast.ndim == 1:
        return scalers.to_return(forecast, volatility)
    return np.stack([scalers.to_return(column, volatility) for column in forecast.T], axis=1)


def forecast_samples(model: Forecaster, samples: Samples, chosen: Any, emit: Emit) -> Floats:
    """What `forecast` says of the samples chosen: positions (n,) or a mask (N,)."""
    matrix, start = samples.seen(model.scalers, samples.windows.start[chosen])
    return forecast(model, matrix, start, samples.volatility[samples.windows.target[chosen]], emit)


def band_width(forecast: Floats, samples: Samples, chosen: Any, settings: Settings) -> float:
    """Half of the width that bands must have to hold the share signal.band of validation's returns.

    forecast: (n,) or (n, 3) of validation's samples, which are `chosen`: positions (n,) or a mask (N,). In
    volatilities of the return, below 0 for learned quantiles that lie too far apart; NaN where no band is
    asked for, or samples are too few.
    """
    at_targets = samples.volatility[samples.windows.target[chosen]]  # (n,)
    return conformal.width(
        conformal.scores(forecast, samples.label[chosen], at_targets), settings.signal.band
    )


def band(forecast: Floats, samples: Samples, chosen: Any, width: float | Floats) -> conformal.Band | None:
    """The band around forecasts (n,) or (n, 3) of the samples chosen; None where it has no width."""
    if not np.isfinite(width).any():
        return None
    return conformal.Band.around(forecast, samples.volatility[samples.windows.target[chosen]], width)
