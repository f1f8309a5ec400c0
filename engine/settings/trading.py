"""The settings of the trading and of its evidence: signals, costs, tests, walk-forward, calibration."""

from __future__ import annotations

from math import comb
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from engine.settings.values import Contradiction, Group, Number, Whole, brackets_of, setting

MOST_SPLITS = 10_000  # of a combinatorial cross-validation
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


class Signal(Group):
    """From predictions to decisions."""

    entry_threshold: Number = setting(
        0.0005, "predicted return beyond which a position is taken", "return", ge=0, le=1
    )
    threshold_from: Literal["settings", "validation", "auto", "costs", "band"] = setting(
        "auto",
        "entry_threshold as it is set; validation: the one with the best Sharpe ratio there; auto: that one "
        "if it is above 0, else none, and nothing is traded; costs: cost_multiple round trips; band: as "
        "costs, with the whole band of the forecast beyond it",
    )
    cost_multiple: Number = setting(
        1.0,
        "with threshold_from = costs or band: fees and slippage of a round trip, times this",
        "",
        ge=0,
        le=100,
    )
    neutral: Literal["hold", "flat"] = setting("hold", "within the threshold: hold the position or close it")
    exit: Literal["signal", "horizon"] = setting(
        "horizon",
        "what closes a position: signals, or the end of label.horizon alone, counted in bars from its entry",
    )
    without_forecast: Literal["hold", "flat"] = setting(
        "hold", "bars without a forecast, as after a gap: hold the position or close it"
    )
    band: Number = setting(
        0.8,
        "share of returns that the band around a forecast is to hold, as wide as validation asks; 0 = none",
        "share",
        ge=0,
        lt=1,
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """An entry threshold that is named without a word on where it comes from is the one that is meant."""
        if isinstance(value, dict) and "entry_threshold" in value:
            return {"threshold_from": "settings"} | value
        return value

    @model_validator(mode="after")
    def _band(self) -> Self:
        if self.by_band and not self.band:
            reason = "band = 0 makes none, and threshold_from = band asks for one"
            raise Contradiction("signal.band", reason)
        return self

    @property
    def tuned(self) -> bool:
        """Whether validation chooses the threshold."""
        return self.threshold_from in {"validation", "auto"}

    @property
    def of_costs(self) -> bool:
        """Whether the threshold is what trading costs."""
        return self.threshold_from in {"costs", "band"}

    @property
    def by_band(self) -> bool:
        """Whether it is the bands of forecasts that must lie beyond the threshold."""
        return self.threshold_from == "band"


class Backtest(Group):
    """The simulated trading."""

    span: Literal["test", "later", "all"] = setting(
        "test",
        "bars that are traded: the test dates of the model, those and all since, or all, in-sample ones too",
    )
    initial_capital: Number = setting(10_000.0, "money at the start", "quote currency", gt=0, le=1e15)
    fee_bps: Number = setting(10.0, "fee of a fill", "bps", ge=0, le=1000)
    slippage_bps: Number = setting(2.0, "slippage of a fill", "bps", ge=0, le=1000)
    maker_discount: Number = setting(
        0.0,
        "share of the fee that a profit target saves, because it rests in the book (maker)",
        "share",
        ge=0,
        le=1,
    )
    slippage_volatility: Number = setting(
        0.0, "slippage on top, as a multiple of one bar's forecast volatility", "σ", ge=0, le=10
    )
    slippage_impact: Number = setting(
        0.0,
        "slippage on top for a fill of a bar's whole volume; falls with the root of the share",
        "σ",
        ge=0,
        le=100,
    )
    minimum_notional: Number = setting(
        0.0, "smallest order that the exchange takes; 0 = none", "quote currency", ge=0, le=1e9
    )
    quantity_step: Number = setting(
        0.0, "quantities are rounded down to multiples of this; 0 = no step", "units traded", ge=0, le=1e9
    )
    limits_from: Literal["settings", "exchange"] = setting(
        "settings",
        "minimum_notional and quantity_step as they are set, or as the exchange told them with its candles",
    )
    borrow_rate: Number = setting(
        0.0, "yearly rate for borrowing what a short sells on a spot market", "share/year", ge=0, le=10
    )
    fill: Literal["next-open", "same-close", "worst-of-bar"] = setting(
        "next-open", "where orders fill; same-close is the textbook's and optimistic"
    )
    sizing: Literal["fraction", "volatility"] = setting("fraction", "how positions are sized")
    fraction: Number = setting(1.0, "share of equity in a position", "share", gt=0, le=1)
    target_volatility: Number = setting(
        0.4, "volatility aimed at by volatility sizing", "share/year", gt=0, le=10
    )
    volatility_span: Whole = setting(
        48, "bars that the forecast volatility looks back", "bars", ge=2, le=10_000
    )
    max_leverage: Number = setting(1.0, "most leverage of volatility sizing", "times equity", gt=0, le=20)
    maintenance_margin: Share | Literal["market"] = setting(
        "market",
        "equity that a position must keep, as a share of it, 0 … below 1; market: 0.005 for perpetuals, 0.05 "
        "for shorts on spot, 0 for longs on spot",
        "share",
    )
    margin_brackets: tuple[str, ...] = setting(
        (),
        "in the place of maintenance_margin, as exchanges publish it: NOTIONAL:SHARE, the share of what lies "
        "above that notional, such as 0:0.004, 50000:0.005, 250000:0.01",
    )
    stop_loss: Number = setting(0.0, "distance of the stop loss; 0 = none", "return or σ", ge=0, le=100)
    take_profit: Number = setting(0.0, "distance of the profit target; 0 = none", "return or σ", ge=0, le=100)
    trailing_stop: Number = setting(
        0.0, "distance of the trailing stop; 0 = none", "return or σ", ge=0, le=100
    )
    stop_unit: Literal["return", "volatility"] = setting(
        "return", "distances as returns, or in standard deviations of one bar's return"
    )
    short: bool = setting(True, "whether short positions are taken")
    max_volume_share: Number = setting(
        0.0, "most of a bar's volume that a fill takes; 0 = no limit", "share", ge=0, le=1
    )
    unfilled: Literal["wait", "drop"] = setting("wait", "what happens to the part beyond that limit")
    rebalance_band: Number = setting(
        0.0, "resize a position when its weight is off by more than this; 0 = never", "share", ge=0, le=1
    )

    @field_validator("margin_brackets")
    @classmethod
    def _brackets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        brackets_of(value)
        return value


class Evidence(Group):
    """How hard a result is questioned; the same seed gives the same answers."""

    resamples: Whole = setting(
        1000, "bootstrap resamples behind the 95 % intervals", "resamples", ge=100, le=100_000
    )
    permutations: Whole = setting(
        1000, "shuffles of the signals; 0 = no permutation test", "shuffles", ge=0, le=100_000
    )
    seed: Whole = setting(0, "seed of resamples and shuffles", "", ge=0, le=2**31 - 1)
    audit: bool = setting(
        True, "runs with features or a model of your own are audited for leaks before they are done"
    )


class WalkForward(Group):
    """Trainings one after the other in time, each tested on the bars that follow (quantdeck walkforward)."""

    folds: Whole = setting(
        5, "stretches of test bars, each with a training of its own", "folds", ge=2, le=500
    )
    window: Literal["rolling", "anchored"] = setting(
        "rolling", "training samples: the same number for each fold, or all since the beginning"
    )
    first_test: Number = setting(0.4, "share of samples before the first test bar", "share", ge=0.1, le=0.95)
    embargo: Whole = setting(
        0, "bars left out before each cut, beyond those that labels reach over", "bars", ge=0, le=10_000
    )


class Cpcv(Group):
    """Combinatorial purged cross-validation, on the samples before the test (quantdeck cpcv)."""

    groups: Whole = setting(6, "parts of equal length that the samples are cut into", "groups", ge=3, le=30)
    tested: Whole = setting(
        2, "of them that a model is tested on, which learns from the rest", "groups", ge=1, le=29
    )
    embargo: Whole = setting(
        0,
        "bars after a tested group that train no model, beyond those of the horizon",
        "bars",
        ge=0,
        le=10_000,
    )

    @model_validator(mode="after")
    def _rest(self) -> Self:
        if self.tested >= self.groups:
            raise Contradiction(
                "cpcv.tested", f"{self.tested} of {self.groups} groups leave none to learn from"
            )
        if comb(self.groups, self.tested) > MOST_SPLITS:
            count = comb(self.groups, self.tested)
            raise Contradiction("cpcv.tested", f"{count:,} splits; {MOST_SPLITS:,} trainings are the most")
        return self


class Calibration(Group):
    """Trainings on simulated markets whose truth is known (quantdeck calibrate)."""

    edges: tuple[Annotated[float, Field(ge=0, le=0.9, allow_inf_nan=False)], ...] = setting(
        (0.0, 0.05, 0.1), "correlations of the next return with what is knowable", min_length=1, max_length=20
    )
    seeds: Whole = setting(5, "markets for each of them", "markets", ge=1, le=1000)
    bars: Whole = setting(20_000, "training samples of each market", "bars", ge=500, le=1_000_000)


class Parallel(Group):
    """Where the trainings of seeds, folds and calibration run side by side."""

    backend: Literal["processes", "dask", "ray"] = setting(
        "processes", "processes of this machine, or the workers of a cluster (needs quantdeck[dask] or [ray])"
    )
    workers: Whole = setting(0, "trainings at a time; 0 = one per core, or all of the cluster", ge=0, le=1000)
    address: str = setting(
        "", "the cluster's scheduler, such as tcp://10.0.0.5:8786 (dask) or 10.0.0.5:6379 (ray)"
    )


class Runs(Group):
    """What the runs of a home share."""

    at_once: Whole = setting(
        0,
        "runs that fit models work so many at a time, others are queued; 0 = as have cores for their devices",
        "runs",
        ge=0,
        le=1000,
    )
