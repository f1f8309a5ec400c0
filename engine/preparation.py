"""From the sources to features: collected, merged as it was known, computed; and the job of a run."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine import features
from engine.data.collect import Collected, collect
from engine.data.importing.features_file import load_features
from engine.data.series import calendar_of
from engine.data.store import Store
from engine.market.merge import Market, merge
from engine.results.notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from engine.features import Feature
    from engine.runs.events import Emit
    from engine.runs.folder import RunFolder
    from engine.runs.home import Home
    from engine.settings import Settings


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


@contextmanager
def stage(emit: Emit, name: str) -> Iterator[None]:
    """Tell that a stage begins, and how long it took when it ends."""
    emit({"kind": "stage", "stage": name, "state": "begin"})
    began = time.perf_counter()
    yield
    emit({"kind": "stage", "stage": name, "state": "end", "seconds": time.perf_counter() - began})


def collect_all(job: Job) -> Collected:
    """Every series that the settings name, from all sources at once."""
    with stage(job.emit, "collect"):
        collected = asyncio.run(
            collect(job.settings.data, Store(job.home.data), job.now_ms, job.emit, demo=job.settings.demo)
        )
        if collected.simulated:
            job.emit({"kind": "simulated", "source": "demo"})
    return collected


def prepare(job: Job, names: Sequence[str], training: float = 1.0) -> Prepared:
    """Collect, merge as it was known at the time, compute the features.

    training: the share of bars that are trained on; features that `all` or a group stands for and that these
    can teach nothing of, because they are constant or not known there, are left out and named in a note.
    """
    settings = job.settings
    collected = collect_all(job)

    with stage(job.emit, "merge"):
        market = merge_all(collected, settings.data.fill_gaps)

    with stage(job.emit, "features"):
        table, own, left_out = features_table(market, settings, names, training)
        notes = [*collected.notes, *filled(market), *left_out]
    return Prepared(market, table, own, tuple(notes), collected.primary.limits)


def features_table(
    market: Market, settings: Settings, names: Sequence[str], training: float = 1.0
) -> tuple[pd.DataFrame, tuple[Feature, ...], list[Note]]:
    """The features of a market, (T, F), those of the user's own among them, and which were left out."""
    own = tuple(load_features(Path(settings.features.file))) if settings.features.file else ()
    table = compute_features(market, names, own)  # (T, F)
    if set(features.SEVERAL).isdisjoint(names):
        return table, own, []
    table, left_out = drop_useless(table, names, int(training * len(table)), settings.window.lookback)
    return table, own, left_out


def filled(market: Market) -> list[Note]:
    """How many rows are filled ones."""
    count = int(np.count_nonzero(~market.observed))
    return [Note("bars filled", {"bars": count})] if count else []


def drop_useless(
    table: pd.DataFrame, names: Sequence[str], rows: int, lookback: int
) -> tuple[pd.DataFrame, list[Note]]:
    """The features, (T, F), without those that were not named and the first rows can teach nothing of."""
    unknown, constant = (
        [name for name in found if name not in names] for found in features.without_use(table, rows, lookback)
    )
    if len(unknown) + len(constant) == table.shape[1]:
        return table, []  # what is wrong is the rows; the training says what
    named = {"unknown": ", ".join(unknown), "constant": ", ".join(constant)}
    notes = [Note(f"features {what}", {"names": left_out}) for what, left_out in named.items() if left_out]
    return table.drop(columns=unknown + constant), notes


def merge_all(collected: Collected, fill_gaps: int) -> Market:
    """Every series joined to the primary's candles, as it was known at the time."""
    return merge(
        collected.primary.frame,
        calendar_of(collected.primary),
        collected.others,
        fill_gaps,
        simulated=collected.simulated,
    )


def compute_features(market: Market, names: Sequence[str], own: Sequence[Feature]) -> pd.DataFrame:
    """The features that the names mean, (T, F)."""
    columns = features.resolve(names, tuple(market.frame.columns), own, step_ms=market.step_ms)
    return features.compute(market, columns, own)
