"""The settings of the learning: features, windows, labels, split, scaling, model, training."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from engine.settings.values import TIMEFRAME_MS, Contradiction, Group, Number, Whole, setting


class Features(Group):
    """What the model sees of a bar."""

    names: tuple[str, ...] = setting(
        ("all",),
        "features by name, in order; price, volatility, volume, calendar = those of a group, all = every one "
        "whose series the run has",
        min_length=1,
    )
    file: str = setting("", "Python file with features of your own")
    timeframes: tuple[Literal[tuple(TIMEFRAME_MS)], ...] = setting(  # type: ignore[valid-type]
        (), "longer candles, such as 4h, 1d, whose features join, each known when its candle closes"
    )
    longer: tuple[str, ...] = setting(
        ("return_1", "volatility_12", "rsi_14", "sma_distance_12", "bar_range"),
        "features by name that each of these timeframes adds, as rsi_14_4h",
        min_length=1,
    )

    @property
    def chosen(self) -> tuple[str, ...]:
        """`names`, and those that the timeframes add."""
        added = [f"{name}_{timeframe}" for timeframe in self.timeframes for name in self.longer]
        return (*self.names, *(name for name in dict.fromkeys(added) if name not in self.names))


class Window(Group):
    """The stretch of bars that one prediction looks at."""

    lookback: Whole = setting(8, "bars in a window", "bars", ge=1, le=5000)


class Label(Group):
    """What is predicted."""

    horizon: Whole = setting(
        4, "bars from entry to exit of the return that is predicted", "bars", ge=1, le=1000
    )
    kind: Literal["open", "close"] = setting(
        "open", "open: open[t+h]/open[t]-1, tradeable; close: close[t+h-1]/close[t-1]-1"
    )
    scale: Literal["none", "volatility"] = setting(
        "volatility",
        "volatility: the model learns returns divided by the volatility forecast at the decision",
    )
    volatility_span: Whole = setting(48, "bars that this volatility looks back", "bars", ge=2, le=10_000)
    clip: Number = setting(
        8.0, "labels are cut off at so many of their standard deviations; 0 = never", "σ", ge=0, le=100
    )


class Split(Group):
    """Chronological shares of the samples."""

    validation: Number = setting(0.15, "share of samples for validation", "share", gt=0, lt=0.9)
    test: Number = setting(0.15, "share of samples for the test, the last ones", "share", gt=0, lt=0.9)

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.validation + self.test > 0.9:
            total = self.validation + self.test
            reason = f"validation + test = {total:g}; at most 0.9, the rest is for training"
            raise Contradiction("split.test", reason)
        return self


class Scaling(Group):
    """How features are scaled, fitted on training rows only."""

    kind: Literal["standard", "robust", "minmax", "none"] = setting("standard", "scikit-learn's scaler")
    clip: Number = setting(
        4.0, "scaled features are cut off at plus and minus this; 0 = never", "scaled units", ge=0, le=1000
    )


# The kinds of model by name: where each one's NetworkKind or RegressionKind stands.
MODELS = {
    "lstm": "engine.models.lstm:LSTM",
    "gru": "engine.models.networks:GRU",
    "tcn": "engine.models.networks:TCN",
    "attention": "engine.models.networks:ATTENTION",
    "mlp": "engine.models.networks:MLP",
    "ridge": "engine.models.ridge:RIDGE",
    "boosting": "engine.models.boosting:BOOSTING",
}


class Model(Group):
    """The model."""

    kind: str = setting("lstm", "kind of model", choices=MODELS, repr=False)
    file: str = setting("", "Python file with a model of your own, which takes the kind's place", repr=False)
    members: Whole = setting(
        8,
        "models with the seeds training.seed, training.seed + 1 and so on, whose mean is the forecast",
        "models",
        ge=1,
        le=64,
        repr=False,
    )
    units: tuple[Annotated[int, Field(ge=1, le=4096, strict=True)], ...] = setting(
        (32,), "networks: units of each stacked layer", "units", min_length=1, max_length=8
    )
    output: Literal["mean", "quantiles"] = setting(
        "mean",
        "quantiles: networks and boosting also learn a lower and an upper quantile, to lay bands around",
        repr=False,
    )
    quantile_share: Number = setting(
        0.8, "quantiles: share of returns that is to lie between the two", "share", gt=0, lt=1, repr=False
    )
    dropout: Number = setting(
        0.3, "networks: dropout after each layer, but for the last of a recurrent one", "share", ge=0, lt=0.95
    )
    trees: Whole = setting(300, "boosting: most trees", "trees", ge=1, le=10_000)
    leaves: Whole = setting(15, "boosting: leaves of a tree", "leaves", ge=2, le=1000)
    weight_decay: Number = setting(
        0.003, "share of each weight that a first step takes away; 0 = none", "share", ge=0, lt=1
    )
    loss: Literal["mse", "huber"] = setting("huber", "loss on scaled labels")
    huber_delta: Number = setting(
        0.3, "error from which on huber grows in proportion, no longer with the square", "σ", gt=0, le=100
    )
    gradient_clip: Number = setting(
        1.0, "global norm that gradients are clipped to; 0 = no clipping", "", ge=0, le=1e6
    )

    @field_validator("kind")
    @classmethod
    def _kind(cls, value: str) -> str:
        if value not in MODELS:
            raise ValueError(f"must be {' or '.join(MODELS)}")
        return value

    @model_validator(mode="after")
    def _quantiles(self) -> Self:
        if self.quantiles and self.name == "ridge":
            reason = "ridge learns no quantiles; take mean, which has a band too, or another model.kind"
            raise Contradiction("model.output", reason)
        return self

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The shares below the lower and the upper quantile that are learned; none of a mean."""
        outside = (1 - self.quantile_share) / 2
        return (outside, 1 - outside) if self.output == "quantiles" else ()

    @property
    def outputs(self) -> int:
        """How many numbers a network makes of a window: the forecast and its quantiles."""
        return 1 + len(self.quantiles)

    @property
    def name(self) -> str:
        """The kind, or `own` for a file of the user's."""
        return "own" if self.file else self.kind

    @property
    def unlike_default(self) -> dict[str, str]:
        """Kind, file and output where they are not the default: keys of other models leave them out."""
        fields = type(self).model_fields
        named = {"kind": self.kind, "file": self.file, "output": self.output}
        if self.quantiles:
            named["quantile_share"] = repr(self.quantile_share)
        return {name: value for name, value in named.items() if value != fields[name].default}


class Training(Group):
    """How the model is fitted."""

    epochs: Whole = setting(30, "most epochs", "epochs", ge=1, le=100_000)
    batch_size: Whole = setting(256, "sequences in a batch", "sequences", ge=1, le=65_536)
    learning_rate: Number = setting(0.01, "Adam's first learning rate", "", gt=0, le=1)
    patience: Whole = setting(
        3, "epochs without gain before training stops early", "epochs", ge=1, le=100_000
    )
    plateau_patience: Whole = setting(
        1, "epochs without gain before the rate falls", "epochs", ge=1, le=100_000
    )
    plateau_factor: Number = setting(0.5, "what the rate is multiplied by then", "", gt=0, lt=1)
    half_life: Whole = setting(
        0,
        "bars after which a training sample counts half as much; 0 = age does not matter",
        "bars",
        ge=0,
        le=1_000_000,
        repr=False,
    )
    uniqueness: bool = setting(
        False, "training samples count less, the more others share their labels' bars", repr=False
    )
    seed: Whole = setting(1, "seed of weights, dropout and shuffling", "", ge=0, le=2**31 - 1)
    seeds: Whole = setting(
        5,
        "trainings of `train --seeds`: this many, from training.seed on",
        "trainings",
        ge=2,
        le=1000,
    )
    devices: Whole = setting(
        0,
        "processor devices that share a batch; 0 = one per core; results are bit-equal for equal numbers",
        "devices",
        ge=0,
        le=64,
    )
