"""From the sources to samples: collected, merged as it was known, features, split, scalers; and the job."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import features
from engine.data.collect import Collected, collect
from engine.data.importing.features_file import load_features
from engine.data.store import Store
from engine.market.merge import Market, merge
from engine.market.times import milliseconds
from engine.samples import labels, scaling, split, windows
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from engine.features import Feature
    from engine.results.notes import Note
    from engine.runs.events import Emit
    from engine.runs.folder import Home, RunFolder
    from engine.settings import Label, Settings


@dataclass(frozen=True)
class Job:
    """What a run works with: its settings, its folder, where data lies, its present, whom it tells."""

    settings: Settings
    run: RunFolder
    home: Home
    now_ms: int
    emit: Emit


@dataclass(frozen=True)
class Prepared:
    """The market with one row a bar, (T,), and what the model sees of it, (T, F)."""

    market: Market
    table: pd.DataFrame
    own: tuple[Feature, ...]
    notes: tuple[Note, ...]
    limits: Mapping[str, float] = field(default_factory=dict)  # of the traded market, as far as known

    @property
    def time_ms(self) -> NDArray[np.int64]:
        """Open times, (T,) int64."""
        return milliseconds(self.market.frame.index)

    def forward_return(self, label: Label) -> NDArray[np.float64]:
        """The return that the label asks for, of each row, (T,); NaN where it is not known."""
        return labels.forward_return(
            self.market.frame, self.time_ms, self.market.step_ms, label.horizon, label.kind
        )

    def windows(self, lookback: int) -> windows.Windows:
        """Every window of complete, consecutive rows."""
        ready = np.isfinite(self.table.to_numpy()).all(axis=1)  # (T,)
        return windows.find(ready, self.time_ms, self.market.step_ms, lookback)


@contextmanager
def stage(job: Job, name: str) -> Iterator[None]:
    """Tell that a stage begins, and how long it took when it ends."""
    job.emit({"kind": "stage", "stage": name, "state": "begin"})
    began = time.perf_counter()
    yield
    job.emit({"kind": "stage", "stage": name, "state": "end", "seconds": time.perf_counter() - began})


def collect_all(job: Job) -> Collected:
    """Every series that the settings name, from all sources at once."""
    with stage(job, "collect"):
        collected = asyncio.run(
            collect(job.settings.data, Store(job.home.data), job.now_ms, job.emit, demo=job.settings.demo)
        )
        if collected.simulated:
            job.emit(
                {"kind": "simulated", "text": "SIMULATED market: the demo exchange invented every price"}
            )
    return collected


def prepare(job: Job, names: Sequence[str]) -> Prepared:
    """Collect, merge as it was known at the time, compute the features."""
    settings = job.settings
    collected = collect_all(job)

    with stage(job, "merge"):
        market = merge_all(collected, settings.data.fill_gaps)

    with stage(job, "features"):
        own = load_features(Path(settings.features.file)) if settings.features.file else ()
        table = compute_features(market, names, own)  # (T, F)
    return Prepared(market, table, own, collected.notes, collected.primary.limits)


def merge_all(collected: Collected, fill_gaps: int) -> Market:
    """Every series joined to the primary's candles, as it was known at the time."""
    return merge(
        collected.primary.frame,
        TIMEFRAME_MS[collected.primary.timeframe],
        collected.others,
        fill_gaps,
        simulated=collected.simulated,
    )


def compute_features(market: Market, names: Sequence[str], own: Sequence[Feature]) -> pd.DataFrame:
    """The features that the names mean, (T, F)."""
    columns = features.resolve(names, tuple(market.frame.columns), own, step_ms=market.step_ms)
    return features.compute(market, columns, own)


def split_samples(
    target_ms: NDArray[np.int64], forward_return: NDArray[np.float64], step_ms: int, settings: Settings
) -> split.Split:
    """Training, validation and test of samples (N,), from their targets' open times and labels."""
    reach_ms = labels.reach_ms(step_ms, settings.label.horizon)
    return split.chronological(
        target_ms, np.isfinite(forward_return), reach_ms, settings.split.validation, settings.split.test
    )


def fit_scalers(
    kind: scaling.Kind,
    table: pd.DataFrame,
    forward_return: NDArray[np.float64],
    start: NDArray[np.int64],
    lookback: int,
) -> scaling.Scalers:
    """Scalers of the features, (T, F), and labels, (T,), of the training windows that begin at `start`."""
    values = table.to_numpy()  # (T, F)
    fitted_on = windows.rows_used(start, lookback, len(values))  # (T,)
    features.check_columns(values[fitted_on], list(table.columns))
    return scaling.fit(kind, values[fitted_on], forward_return[start + lookback])


def samples_event(data: Prepared, found: windows.Windows, parts: split.Split) -> dict[str, Any]:
    """How many samples there are, and where the others went."""
    return {
        "kind": "model", "features": data.table.shape[1], "rows": len(data.table), "lookback": found.lookback,
        "train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test),
        "purged": parts.purged, "dropped": found.dropped_gap, "unready": found.dropped_unready,
    }  # fmt: skip
