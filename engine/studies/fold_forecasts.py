"""What folds of a walk-forward forecast, of one symbol or of several: trained side by side, kept when done.

A run that is killed goes on with the folds that lack and ends as if nothing had happened.
"""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import experiment, preparation
from engine.disk import CHECKPOINT, read_with_digest, write_with_digest
from engine.errors import RepairDataError
from engine.market.times import iso
from engine.results.backtest import Fold as FoldResult
from engine.results.notes import Note, log_event
from engine.studies.workers import ParentWatch, one_device, results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.experiment import Samples
    from engine.preparation import Job
    from engine.settings import Settings
    from engine.statistics.account import AccountHistory
    from engine.statistics.conformal import Band
    from engine.studies.folds import Fold

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Forecasts:
    """What a fold's model says: forecast returns of validation and test samples, and how training went.

    validation, test: (n,), or (n, 3) with quantiles.
    market: fingerprint of the data it was trained on. epochs, best_epoch: as the fit tells them. members: how
    many models' mean it is.
    """

    number: int
    market: str
    validation: Floats
    test: Floats
    epochs: int
    best_epoch: int
    members: int

    def content(self) -> bytes:
        """As the bytes of an npz file."""
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {name: np.asarray(value) for name, value in vars(self).items()}
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def of(cls, content: bytes) -> Forecasts:
        """From those bytes."""
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            whole = {name: int(kept[name]) for name in ("number", "epochs", "best_epoch", "members")}
            return cls(market=str(kept["market"]), validation=kept["validation"], test=kept["test"], **whole)


def trained(job: Job, samples: Samples, parts: list[Fold], market: str) -> dict[int, Forecasts]:
    """Every fold's forecasts by its number: those kept, and the others trained. market: its fingerprint."""
    settings, emit = job.settings, job.emit
    with preparation.stage(emit, "fit"):
        done = saved_forecasts(job.run.path, parts, market)
        missing = [(settings, samples, fold, market) for fold in parts if fold.number not in done]
        for forecasts in results(train_fold, missing, settings.parallel, emit):
            write_with_digest(job.run.path / file_of(forecasts.number), forecasts.content())
            done[forecasts.number] = forecasts
            about = {"fold": forecasts.number, "epochs": forecasts.epochs, "best_epoch": forecasts.best_epoch}
            emit(log_event(Note("fold trained", {"done": len(done), "folds": len(parts), **about})))
    return done


def file_of(number: int) -> str:
    """The file of a fold."""
    return f"fold-{number:03d}.npz"


def saved_forecasts(folder: Path, parts: list[Fold], market: str) -> dict[int, Forecasts]:
    """The folds that are done already, on this very data; damaged ones are trained again."""
    found = {}
    for fold in parts:
        try:
            forecasts = Forecasts.of(read_with_digest(folder / file_of(fold.number)))
        except (RepairDataError, ValueError, KeyError, OSError):
            continue
        if forecasts.market == market and len(forecasts.test) == len(fold.test):
            found[fold.number] = forecasts
    return found


def train_fold(settings: Settings, samples: Samples, fold: Fold, market: str) -> Forecasts:
    """Fit scalers and model on the fold's training samples and forecast its validation and test."""
    settings, emit = one_device(settings), ParentWatch()
    with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
        trained = experiment.fit(settings, samples, fold, 1, Path(folder) / CHECKPOINT, emit)
    validation, test = (
        experiment.forecast_samples(trained, samples, part, emit) for part in (fold.validation, fold.test)
    )
    fitted, members = trained.fitted, len(trained.members)
    return Forecasts(fold.number, market, validation, test, fitted.epochs, fitted.best_epoch, members)


def band_of(
    samples: Samples, parts: list[Fold], done: dict[int, Forecasts], settings: Settings
) -> Band | None:
    """The band around the forecasts of all test spans, (M,): each fold's as wide as its validation asks."""
    widths = [
        experiment.band_width(done[fold.number].validation, samples, fold.validation, settings)
        for fold in parts
    ]
    chosen = np.concatenate([fold.test for fold in parts])  # (M,)
    forecast = np.concatenate([done[fold.number].test for fold in parts])  # (M,) or (M, 3)
    return experiment.band(forecast, samples, chosen, np.repeat(widths, [len(fold.test) for fold in parts]))


def span_of(samples: Samples, fold: Fold, account: AccountHistory) -> slice:
    """The account's bars from the first to the last that the fold tests."""
    tested = samples.target_ms[fold.test]  # (n,)
    bars = account.time.astype(np.int64)  # (B,)
    return slice(*np.searchsorted(bars, [tested.min(), tested.max() + 1]).tolist())


def in_figures(
    samples: Samples,
    fold: Fold,
    forecasts: Forecasts,
    entry_threshold: float,
    accounts: tuple[AccountHistory, AccountHistory],
    quality: Mapping[str, float],
) -> FoldResult:
    """A fold in figures. accounts: that of all folds' trades and buy and hold's, quality: of its forecasts.

    Its returns are those of the accounts between its first and last bar.
    """
    account, benchmark = accounts
    time_ms, span = samples.target_ms, span_of(samples, fold, account)  # (N,)
    entered = account.trades["entry_bar"]
    return FoldResult(
        fold=fold.number,
        train_start=str(iso(int(time_ms[fold.train].min()))),
        train=len(fold.train),
        validation=len(fold.validation),
        purged=fold.purged,
        test_start=str(iso(int(time_ms[fold.test].min()))),
        test_end=str(iso(int(time_ms[fold.test].max()))),
        test=len(fold.test),
        epochs=forecasts.epochs,
        best_epoch=forecasts.best_epoch,
        entry_threshold=entry_threshold,
        ic=quality["ic"],
        directional_accuracy=quality["directional_accuracy"],
        total_return=gain(account, span),
        buy_and_hold=gain(benchmark, span),
        trades=int(((entered >= span.start) & (entered < span.stop)).sum()),
    )


def gain(simulation: AccountHistory, span: slice) -> float:
    """Return of the equity over the bars of a span."""
    before = simulation.equity[span.start - 1] if span.start else simulation.initial_capital
    return float(simulation.equity[span.stop - 1] / before - 1.0)
