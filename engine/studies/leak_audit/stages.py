"""The steps from stored series to a simulated equity, each a function of its own.

The leak audit replays them. `ordinary` gives those of a run: the very functions that the pipeline calls. A
test puts a leaky variant in the place of one with dataclasses.replace.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine import experiment, preparation
from engine.backtest import trading
from engine.data.collect import collect
from engine.experiment import Forecaster
from engine.features.inputs import Bars
from engine.statistics import conformal
from engine.statistics.conformal import Band

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.backtest.simulate import Simulation
    from engine.data.collect import Collected
    from engine.data.store import Store
    from engine.features import Feature
    from engine.market.merge import Market
    from engine.models.definition import Outputs
    from engine.samples.scaling import Scalers
    from engine.samples.split import Split
    from engine.samples.windows import Windows
    from engine.settings import Settings
    from engine.studies.leak_audit.isolation import Isolated

Floats: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.int64]
Groups: TypeAlias = "Sequence[Sequence[Market]]"
Tables: TypeAlias = "Sequence[Sequence[pd.DataFrame]]"  # (T, F) each

MOST = 512  # windows that go through the model at a time
ORDER = (
    "collect", "merge", "features", "windows", "label", "split", "scale", "inputs", "predict",
    "threshold", "signals", "simulate",
)  # fmt: skip


@dataclass(frozen=True)
class Stages:
    """T rows, F features, L = lookback, N windows.

    collect    (store, now in ms) → the series
    merge      (series) → the market
    features   (market) → (T, F)
    windows    (features (T, F), market) → windows of complete, consecutive rows
    label      (market) → (T,) return that each target row's position earns
    volatility (market) → (T,) of that return, forecast at the decision
    split      (targets' open times (N,) ms, labels (N,), market) → training, validation, test
    scale      (features (T, F), label (T,), volatility (T,), starts of training windows) → scalers
    inputs     (scalers, features (T, F), starts (n,)) → (n, L, F) what the model is given
    predict    (scalers, inputs (n, L, F), volatility at the targets (n,)) → (n,) forecast returns, or (n, 3)
               with their quantiles, as all after it take them
    threshold  (market, target rows (n,), forecasts (n,), labels (n,), whether of validation (n,)) → entry
               threshold
    width      (forecasts (n,), labels (n,), volatility (n,), whether of validation (n,)) → half of the width
               of bands, in volatilities
    signals    (forecasts (n,), volatility (n,), threshold, width) → (n,) int8
    simulate   (market, target rows (n,), forecasts (n,), signals (n,)) → the simulation
               (features that fail in a made-up market are left out of its table)
    many       the features of many markets, where there is a quicker way than one after the other
    own        the user's own features of many markets alone, where they can be had alone
    """

    collect: Callable[[Store, int], Collected]
    merge: Callable[[Collected], Market]
    features: Callable[[Market], pd.DataFrame]
    windows: Callable[[pd.DataFrame, Market], Windows]
    label: Callable[[Market], Floats]
    split: Callable[[Rows, Floats, Market], Split]
    volatility: Callable[[Market], Floats]
    scale: Callable[[pd.DataFrame, Floats, Floats, Rows], Scalers]
    inputs: Callable[[Scalers, pd.DataFrame, Rows], Matrix]
    predict: Callable[[Scalers, Matrix, Floats], Floats]
    threshold: Callable[[Market, Rows, Floats, Floats, NDArray[np.bool_]], float]
    width: Callable[[Floats, Floats, Floats, NDArray[np.bool_]], float]
    signals: Callable[[Floats, Floats, float, float], NDArray[np.int8]]
    simulate: Callable[[Market, Rows, Floats, NDArray[np.int8]], Simulation]
    many: Callable[[Groups], Tables] | None = None
    own: Callable[[Groups], Tables] | None = None

    def tables(self, groups: Groups) -> Tables:
        """The features of each market of each group, a group's in one process that remembers no other."""
        if self.many:
            return self.many(groups)
        return [[self.features(market) for market in group] for group in groups]

    def own_tables(self, groups: Groups) -> Tables:
        """As `tables`, of own features, perhaps among others."""
        return self.own(groups) if self.own else self.tables(groups)


def ordinary(
    settings: Settings, own: Sequence[Feature], members: Sequence[Outputs], isolated: Isolated | None = None
) -> Stages:
    """The stages of a run with these settings, made of what its pipeline calls.

    members: each (scaled features (T, F), starts (n,), emit) → (n,), as the run's models say. isolated: what
    computes the own features in processes of their own; without it they are computed here.
    """
    lookback = settings.window.lookback

    def tables(groups: Groups) -> Tables:
        chosen = list(settings.features.chosen)
        apart = {each.name for each in own} if isolated else set()
        names, here = [name for name in chosen if name not in apart], () if isolated else own
        built_in = [
            [preparation.compute_features(market, names, here) for market in group] for group in groups
        ]
        if not isolated:
            return built_in
        return [
            [given(table, apart, chosen) for table, apart in zip(*pair, strict=True)]
            for pair in zip(built_in, own_alone(isolated, groups), strict=True)
        ]

    return Stages(
        collect=lambda store, now_ms: asyncio.run(
            collect(settings.data, store, now_ms, silent, demo=settings.demo)
        ),
        merge=lambda collected: preparation.merge_all(collected, settings.data.fill_gaps),
        features=lambda market: tables([[market]])[0][0],
        many=tables,
        own=partial(own_alone, isolated) if isolated else None,
        windows=lambda table, market: experiment.find_windows(market, table, lookback),
        label=lambda market: experiment.forward_return(market, settings.label),
        split=lambda target_ms, label, market: experiment.split_samples(market, target_ms, label, settings),
        volatility=lambda market: experiment.volatility(market, settings.label),
        scale=lambda table, forward_return, volatility, start: experiment.fit_scalers(
            settings, table, forward_return, volatility, start
        ),
        inputs=lambda scalers, table, start: gathered(scalers, table, start, lookback),
        predict=lambda scalers, inputs, volatility: forecast(
            Forecaster(tuple(members), scalers), inputs, volatility
        ),
        threshold=lambda market, target, forecast, _label, validation: (
            trading.entry_threshold(
                market, target[validation], conformal.centre(forecast[validation]), settings
            ).threshold
        ),
        width=lambda forecast, label, volatility, validation: conformal.width(
            conformal.scores(forecast[validation], label[validation], volatility[validation]),
            settings.signal.band,
        ),
        signals=lambda forecast, volatility, threshold, width: trading.signals_of(
            conformal.centre(forecast), Band.around(forecast, volatility, width), threshold, settings
        ),
        simulate=lambda market, target, forecast, signal: simulated(
            market, target, conformal.centre(forecast), signal, settings
        ),
    )


def own_alone(isolated: Isolated, groups: Groups) -> Tables:
    """The own features of many markets, each group in a process of its own."""
    found = isolated.compute([[Bars.of(market) for market in group] for group in groups])
    return [
        [pd.DataFrame(columns, market.frame.index) for market, columns in zip(*pair, strict=True)]
        for pair in zip(groups, found, strict=True)
    ]


def given(table: pd.DataFrame, own: pd.DataFrame, chosen: Sequence[str]) -> pd.DataFrame:
    """Built-in features and own ones in the order chosen, without those that could not be computed."""
    both = pd.concat([table, own], axis=1)
    return both[[name for name in chosen if name in both]]


def silent(_: object) -> None:
    """The stages tell nobody what they do."""


def gathered(scalers: Scalers, table: pd.DataFrame, start: Rows, lookback: int) -> Matrix:
    """The scaled windows that begin at the rows `start`: (n, L, F) float32."""
    inputs: Matrix = scalers.matrix(table.to_numpy())[start[:, None] + np.arange(lookback)]
    return inputs


def forecast(model: Forecaster, inputs: Matrix, volatility: Floats) -> Floats:
    """The model's forecasts of windows (n, L, F) that are laid end to end, always as many: compiled once.

    volatility: (n,) at their targets.
    """
    count, lookback, width = inputs.shape
    flat = np.zeros((MOST * lookback, width), np.float32)  # (T, F)
    flat[: count * lookback] = inputs.reshape(-1, width)
    start = np.arange(MOST, dtype=np.int64) * lookback
    at_targets = np.pad(volatility, (0, MOST - count), constant_values=np.nan)  # (MOST,)
    return experiment.forecast(model, flat, start, at_targets, silent)[:count]


def simulated(
    market: Market, target: Rows, forecast: Floats, signal: NDArray[np.int8], settings: Settings
) -> Simulation:
    """Trade given signals at their target rows as a backtest does."""
    unknown = np.full(len(market.frame), np.nan)  # (T,)
    decisions = trading.decide(market, target, forecast, unknown, settings, signal)
    return trading.trade(decisions, settings)[0]
