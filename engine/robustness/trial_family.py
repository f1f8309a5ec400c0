"""What luck makes of a family of trials: of the variants of a sweep, or of the ledger's trials at a span."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.results.figures import Spread
from engine.results.metrics import FEWEST_DAYS
from engine.results.robustness import TrialFamily
from engine.statistics.overfitting import overfitting
from engine.statistics.returns import sharpe
from engine.statistics.superiority import superiority

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.settings import Evidence

    Floats = NDArray[np.float64]

MOST = 500  # trials that are held against each other, the latest
TAIL = 0.025  # of the trials, that a spread leaves out on each side
COVERED = 0.95  # of a trial's days, that another needs to be of its family


def family_of(
    trials: Sequence[str], returns: Floats, own: str, evidence: Evidence, days_per_year: float
) -> TrialFamily | None:
    """The trials' family, None below two of them or 30 common days.

    trials: N digests; equal ones are one trial. returns: (N, D) of days, NaN on days that a trial has not.
    own: the trial whose family it is; others belong to it if they have 95 % of its days.
    """
    place = {trial: number for number, trial in enumerate(trials)}
    if own not in place:
        return None
    has = np.isfinite(returns)  # (N, D)
    days = has[place[own]]  # (D,)
    covered = has[:, days].sum(axis=1) >= COVERED * days.sum()  # (N,)
    rows = [number for number in place.values() if covered[number]][-MOST:]
    rows = rows if place[own] in rows else [*rows[1:], place[own]]
    common = has[rows].all(axis=0)
    if len(rows) < 2 or common.sum() < FEWEST_DAYS:
        return None
    table = returns[rows][:, common].T  # (D', N')
    found = superiority(table, np.random.default_rng(evidence.seed), evidence.resamples)
    ratios = np.array([sharpe(column, days_per_year) for column in table.T])
    return TrialFamily(
        trials=len(rows),
        days=len(table),
        reality_check=found.reality_check,
        spa=found.spa,
        step_wise=float(found.step_wise[rows.index(place[own])]),
        overfitting=overfitting(table),
        sharpe=spread(ratios),
    )


def spread(values: Floats) -> Spread:
    """Median and middle 95 % of the defined values, least and greatest of fewer than 40; NaN of none."""
    defined = values[np.isfinite(values)]
    tail = TAIL if len(defined) >= 1 / TAIL else 0.0
    bounds = np.quantile(defined, [tail, 0.5, 1 - tail]).tolist() if len(defined) else [math.nan] * 3
    return Spread(*bounds)
