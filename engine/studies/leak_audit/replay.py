"""One history walked through all stages, each stage's output computed when it is asked for."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.market.times import milliseconds
from engine.studies.leak_audit.stages import MOST

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from engine.data.collect import Collected
    from engine.market.merge import Market
    from engine.samples.scaling import Scalers
    from engine.samples.split import Split
    from engine.samples.windows import Windows
    from engine.studies.leak_audit.history import History
    from engine.studies.leak_audit.stages import Floats, Matrix, Rows, Stages

NEAR = MOST // 2  # windows on each side of a cut that go through the model


class Replay:
    """What the stages make of a history. T rows, N windows."""

    def __init__(self, stages: Stages, history: History, scalers: Scalers | None = None) -> None:
        """Nothing is computed yet. `scalers`: those that inputs are scaled by, if not the fitted ones."""
        self.stages, self.history = stages, history
        self.given = scalers
        self.forecast: dict[int, Floats] = {}

    @cached_property
    def collected(self) -> Collected:
        """The series."""
        with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
            return self.stages.collect(self.history.store(Path(folder)), self.history.now_ms)

    @cached_property
    def market(self) -> Market:
        """The merged market."""
        return self.stages.merge(self.collected)

    @cached_property
    def time_ms(self) -> Rows:
        """Open times, (T,)."""
        return milliseconds(self.market.frame.index)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Features, (T, F)."""
        return self.stages.features(self.market)

    @cached_property
    def windows(self) -> Windows:
        """Windows of complete, consecutive rows."""
        return self.stages.windows(self.table, self.market)

    @cached_property
    def target_ms(self) -> Rows:
        """Open times of the windows' target rows, (N,)."""
        return self.time_ms[self.windows.target]

    @cached_property
    def label(self) -> Floats:
        """What each row's position earns, (T,)."""
        return self.stages.label(self.market)

    @cached_property
    def volatility(self) -> Floats:
        """Of what each row's position earns, forecast at the decision, (T,)."""
        return self.stages.volatility(self.market)

    @cached_property
    def split(self) -> Split:
        """Training, validation and test, positions into the windows."""
        return self.stages.split(self.target_ms, self.label[self.windows.target], self.market)

    @cached_property
    def scalers(self) -> Scalers:
        """Fitted on the training windows."""
        start = self.windows.start[self.split.train]
        return self.stages.scale(self.table, self.label, self.volatility, start)

    def near(self, moment_ms: int, count: int) -> Rows:
        """Positions of the windows with at most `count` targets before the moment and as many from it on."""
        middle = int(np.searchsorted(self.target_ms, moment_ms))
        return np.arange(max(middle - count, 0), min(middle + count, len(self.target_ms)))

    def inputs(self, chosen: Rows) -> Matrix:
        """What the model is given of the chosen windows, (n, L, F)."""
        return self.stages.inputs(self.given or self.scalers, self.table, self.windows.start[chosen])

    def forecasts(self, cut_ms: int) -> tuple[Rows, Floats]:
        """The windows around a cut, (n,), and their forecasts, (n,)."""
        chosen = self.near(cut_ms, NEAR)
        if cut_ms not in self.forecast:
            at_targets = self.volatility[self.windows.target[chosen]]  # (n,)
            self.forecast[cut_ms] = self.stages.predict(
                self.given or self.scalers, self.inputs(chosen), at_targets
            )
        return chosen, self.forecast[cut_ms]

    def threshold(self, test_ms: int) -> float:
        """The entry threshold that comes of the samples around the first test target."""
        target, forecast, validation = self.forecasts_around(test_ms)
        return self.stages.threshold(self.market, target, forecast, self.label[target], validation)

    def width(self, test_ms: int) -> float:
        """Half of the width of bands that comes of them."""
        target, forecast, validation = self.forecasts_around(test_ms)
        return self.stages.width(forecast, self.label[target], self.volatility[target], validation)

    def forecasts_around(self, test_ms: int) -> tuple[Rows, Floats, NDArray[np.bool_]]:
        """Rows (n,) of validation and test around the first test target, forecasts, whether of validation."""
        chosen, forecast = self.forecasts(test_ms)
        part = np.isin(chosen, self.split.validation) | np.isin(chosen, self.split.test)  # (n,)
        target = self.windows.target[chosen[part]]  # (n,) rows
        return target, forecast[part], self.time_ms[target] < test_ms
