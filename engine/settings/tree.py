"""All groups in one frozen tree; what differs from the defaults; what hangs on the machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from engine.plain_file import expanded
from engine.settings.data import Data, Demo, Repair
from engine.settings.learning import Features, Label, Model, Scaling, Split, Training, Window
from engine.settings.portfolio import Portfolio
from engine.settings.search import Search
from engine.settings.trading import (
    Backtest,
    Calibration,
    Cpcv,
    Evidence,
    Parallel,
    Runs,
    Signal,
    WalkForward,
)
from engine.settings.universe import Universe, of_symbol
from engine.settings.values import Group

if TYPE_CHECKING:
    from collections.abc import Mapping

OfFile = TypeVar("OfFile", Features, Model)
MOST_DEVICES, LEAST_SHARE = 8, 16  # devices of a training; sequences of a batch for each


class Settings(Group):
    """The whole tree; one group a table of `quantdeck.toml`."""

    data: Data = Data()
    demo: Demo = Demo()
    features: Features = Features()
    window: Window = Window()
    label: Label = Label()
    split: Split = Split()
    scaling: Scaling = Scaling()
    model: Model = Model()
    training: Training = Training()
    universe: Universe = Universe()
    signal: Signal = Signal()
    backtest: Backtest = Backtest()
    portfolio: Portfolio = Portfolio()
    evidence: Evidence = Evidence()
    walk_forward: WalkForward = WalkForward()
    cpcv: Cpcv = Cpcv()
    calibration: Calibration = Calibration()
    search: Search = Search()
    parallel: Parallel = Parallel()
    repair: Repair = Repair()
    runs: Runs = Runs()


def defaults() -> dict[str, Any]:
    """Every key, dotted, with its default."""
    return dotted(Settings())


def dotted(settings: Settings) -> dict[str, Any]:
    """Every value by its dotted key."""
    return {f"{group}.{name}": value for group, table in settings for name, value in table}


def changed(settings: Settings) -> dict[str, Any]:
    """The dotted keys whose values differ from the defaults, pinned or not."""
    default, here = Settings(), pinned(Settings())
    return {
        f"{group}.{name}": value
        for group, table in settings
        if table != getattr(default, group)
        for name, value in table
        if value not in (getattr(getattr(default, group), name), getattr(getattr(here, group), name))
    }


def pinned(settings: Settings) -> Settings:
    """The settings with what hangs on the machine and the current folder written out.

    training.devices = 0 becomes one device a core, at most 8 and 16 sequences of a batch for each; files of
    the user's own become absolute paths. So a run repeats what it did, from any folder.
    """
    training = settings.training
    if not training.devices:
        devices = max(1, min(cores(), MOST_DEVICES, training.batch_size // LEAST_SHARE))
        training = training.model_copy(update={"devices": devices})
    features, model = absolute(settings.features), absolute(settings.model)
    return settings.model_copy(update={"training": training, "features": features, "model": model})


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def absolute(group: OfFile) -> OfFile:
    """A group with its file, if it names one, as an absolute path."""
    file = group.file and str(expanded(group.file).absolute())
    return group if file == group.file else group.model_copy(update={"file": file})


def with_threshold(settings: Settings, entry_threshold: float) -> Settings:
    """The settings with another entry threshold, all else as it is."""
    signal = settings.signal.model_copy(update={"entry_threshold": entry_threshold})
    return settings.model_copy(update={"signal": signal})


def for_symbol(settings: Settings, name: str) -> Settings:
    """The settings of one symbol of the universe alone."""
    return settings.model_copy(update={"data": of_symbol(settings.data, name)})


def with_funding(settings: Settings, series: str) -> Settings:
    """The settings of a perpetual whose funding rates come from the series, or the file, of this name."""
    return settings.model_copy(update={"data": settings.data.model_copy(update={"funding_series": series})})


def for_own_signals(settings: Settings) -> Settings:
    """The settings of a simulation of signals of one's own, which close what they opened.

    Exit and horizon are a model's by default; where they are named, they hold for signals as well. One bar is
    the horizon where no exit asks for another: signals forecast no label.
    """
    signal, label = settings.signal, settings.label
    if "exit" not in signal.model_fields_set:
        signal = signal.model_copy(update={"exit": "signal"})
    if "horizon" not in label.model_fields_set and signal.exit == "signal":
        label = label.model_copy(update={"horizon": 1})
    return settings.model_copy(update={"signal": signal, "label": label})


def with_limits(settings: Settings, limits: Mapping[str, Any]) -> Settings:
    """The settings with the exchange's minimum order and step, if they ask for it and these are known."""
    if settings.backtest.limits_from != "exchange":
        return settings
    known = {name: limits[name] for name in ("minimum_notional", "quantity_step") if limits.get(name)}
    return settings.model_copy(update={"backtest": settings.backtest.model_copy(update=known)})
