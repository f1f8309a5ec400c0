"""The steps from stored series to a simulated equity, each a function of its own.

The leak audit replays them. `ordinary` gives those of a run, the pipeline's own; a test puts a leaky variant
in the place of one with dataclasses.replace.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine import preparation
from engine.backtest import signals, trading
from engine.data.collect import collect
from engine.market.times import milliseconds
from engine.samples import labels, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from engine.backtest.simulate import Simulation
    from engine.data.collect import Collected
    from engine.data.store import Store
    from engine.features import Feature
    from engine.market.merge import Market
    from engine.samples.scaling import Scalers
    from engine.samples.split import Split
    from engine.samples.windows import Windows
    from engine.settings import Settings

Floats: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.int64]

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
    windows    (ready (T,), market) → windows of complete, consecutive rows
    label      (market) → (T,) return that each target row's position earns
    split      (targets' open times (N,) ms, labels (N,), market) → training, validation, test
    scale      (features (T, F), label (T,), starts of training windows) → scalers
    inputs     (scalers, features (T, F), starts (n,)) → (n, L, F) what the model is given
    predict    (scalers, inputs (n, L, F)) → (n,) forecast returns
    threshold  (market, target rows (n,), forecasts (n,), labels (n,), whether of validation (n,)) → entry
               threshold
    signals    (forecasts (n,), threshold) → (n,) int8
    simulate   (market, target rows (n,), forecasts (n,), signals (n,)) → the simulation
    """

    collect: Callable[[Store, int], Collected]
    merge: Callable[[Collected], Market]
    features: Callable[[Market], pd.DataFrame]
    windows: Callable[[NDArray[np.bool_], Market], Windows]
    label: Callable[[Market], Floats]
    split: Callable[[Rows, Floats, Market], Split]
    scale: Callable[[pd.DataFrame, Floats, Rows], Scalers]
    inputs: Callable[[Scalers, pd.DataFrame, Rows], Matrix]
    predict: Callable[[Scalers, Matrix], Floats]
    threshold: Callable[[Market, Rows, Floats, Floats, NDArray[np.bool_]], float]
    signals: Callable[[Floats, float], NDArray[np.int8]]
    simulate: Callable[[Market, Rows, Floats, NDArray[np.int8]], Simulation]


def ordinary(
    settings: Settings, own: Sequence[Feature], network: Callable[[Matrix], NDArray[np.float32]]
) -> Stages:
    """The stages of a run with these settings. network: (n, L, F) → (n,), the model's outputs, scaled."""
    lookback, label, kind = settings.window.lookback, settings.label, settings.scaling.kind

    def forward_return(market: Market) -> Floats:
        time_ms = milliseconds(market.frame.index)  # (T,)
        return labels.forward_return(market.frame, time_ms, market.step_ms, label.horizon, label.kind)

    return Stages(
        collect=lambda store, now_ms: asyncio.run(
            collect(settings.data, store, now_ms, lambda _: None, demo=settings.demo)
        ),
        merge=lambda collected: preparation.merge_all(collected, settings.data.fill_gaps),
        features=lambda market: preparation.compute_features(market, settings.features.chosen, own),
        windows=lambda ready, market: windows.find(
            ready, milliseconds(market.frame.index), market.step_ms, lookback
        ),
        label=forward_return,
        split=lambda target_ms, forward_return, market: preparation.split_samples(
            target_ms, forward_return, market.step_ms, settings
        ),
        scale=lambda table, forward_return, start: preparation.fit_scalers(
            kind, table, forward_return, start, lookback
        ),
        inputs=lambda scalers, table, start: gathered(scalers, table, start, lookback),
        predict=lambda scalers, inputs: scalers.to_return(network(inputs)),
        threshold=lambda market, target, forecast, _realised, validation: entry_threshold(
            market, target[validation], forecast[validation], settings
        ),
        signals=signals.threshold,
        simulate=lambda market, target, forecast, signal: simulated(
            market, target, forecast, signal, settings
        ),
    )


def gathered(scalers: Scalers, table: pd.DataFrame, start: Rows, lookback: int) -> Matrix:
    """The scaled windows that begin at the rows `start`: (n, L, F) float32."""
    inputs: Matrix = scalers.matrix(table.to_numpy())[start[:, None] + np.arange(lookback)]
    return inputs


def entry_threshold(market: Market, target: Rows, forecast: Floats, settings: Settings) -> float:
    """The settings' threshold, or the best of validation's target rows (n,) and forecasts (n,)."""
    if settings.signal.threshold_from != "validation":
        return settings.signal.entry_threshold
    decisions = trading.decide(market, target, forecast, np.full(len(market.frame), np.nan), settings)
    return trading.best_threshold(decisions, settings, market.step_ms)


def simulated(
    market: Market, target: Rows, forecast: Floats, signal: NDArray[np.int8], settings: Settings
) -> Simulation:
    """Trade given signals at their target rows as a backtest does."""
    decisions = trading.decide(market, target, forecast, np.full(len(market.frame), np.nan), settings)
    on_bars = np.zeros(len(decisions.forecast), np.int8)  # (B,)
    on_bars[target - target[0]] = signal
    return trading.trade(replace(decisions, signal=on_bars), settings, market.step_ms)[0]
