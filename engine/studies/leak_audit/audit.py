"""The leak audit: does anything that was known at a moment change when what came later is cut off or changed?

The stages of a run are replayed on such histories and compared bit for bit: every row and decision up to
several cuts, what training learned from when validation began, what was tuned from when the test began, and
that an order is paid at a price of after its decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.market.times import milliseconds, time_index
from engine.results.audit import REPLAYED, SAVED, Finding
from engine.statistics.conformal import centre
from engine.studies.leak_audit.comparison import PERTURBED, TRUNCATED, Comparison
from engine.studies.leak_audit.history import known_at, perturbed, truncated
from engine.studies.leak_audit.probe import probe
from engine.studies.leak_audit.replay import NEAR, Replay
from engine.studies.leak_audit.rounding import same
from engine.studies.leak_audit.stages import ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from engine.results.audit import AuditStatus
    from engine.samples.scaling import Scalers
    from engine.studies.leak_audit.history import History
    from engine.studies.leak_audit.stages import Stages

EVERY_CUT = (
    "collect", "merge", "features", "windows", "label", "inputs", "predict", "signals", "simulate",
)  # fmt: skip
FLOAT32 = 1e-4  # of the forecasts' deviation
SHARES = (0.45, 0.93)  # of the targets: cuts besides the first targets of validation and test


@dataclass(frozen=True)
class Audit:
    """What an audit found: one finding a stage and column, the first stage's first row before all others.

    rounding: columns of features that differ by no more than a rounding does. probed: cuts of short histories
    at which the features alone were compared. unjudged: own features that failed in many histories that
    only end earlier.
    """

    findings: tuple[Finding, ...]
    rounding: tuple[Finding, ...]
    cuts_ms: tuple[int, ...]
    histories: int
    probed: int
    unjudged: tuple[str, ...] = ()

    @property
    def status(self) -> AuditStatus:
        """`passed` or `failed`."""
        return "failed" if self.findings else "passed"


def audit(
    stages: Stages,
    history: History,
    horizon: int,
    scalers: Scalers | None = None,
    alive: Callable[[], None] = lambda: None,
    own: Sequence[str] = (),
    recorded: pd.Series[float] | None = None,
    unsteady: Callable[[], Sequence[Finding]] = tuple,
) -> Audit:
    """Replay the stages on the history and on moved ones.

    horizon: how many bars beyond its target's open a label looks. scalers: those of the run's model, if they
    are to be compared with what the stages fit. `alive` is called before each history. own: the features of
    the user's own. recorded: the forecasts that the run traded, by target, (M,). unsteady: features that are
    others when the same history is computed again, known after it was once.
    """
    base = Replay(stages, history, scalers)
    findings = list(fitted(base, scalers))
    test_ms = int(base.target_ms[base.split.test[0]])
    threshold, width = base.threshold(test_ms), base.width(test_ms)
    boundaries = [int(base.target_ms[part[0]]) for part in (base.split.validation, base.split.test)]
    cuts = sound_cuts(base, boundaries)
    histories, rounding = 1, list[Finding]()

    def compared(cut_ms: int, how: str, move: Callable[[History, int], History]) -> Comparison:
        nonlocal histories
        alive()
        histories += 1
        moved = Replay(stages, move(history, cut_ms), scalers or base.scalers)
        return Comparison(base, moved, cut_ms, how, threshold, width, horizon)

    for cut in cuts:
        for how, move in ((TRUNCATED, truncated), (PERTURBED, perturbed)):
            pair = compared(cut, how, move)
            findings += pair.first(EVERY_CUT)
            rounding += pair.moved_features[1]
    for place, cut in enumerate(boundaries):
        # The open of a part's first target ends the last label before it; what comes after may not count.
        cut_ms = int(base.market.calendar.ends(np.array([cut]))[0])
        pair = compared(cut_ms, PERTURBED, perturbed)
        rounding += pair.moved_features[1]
        findings += [*learned(pair, validation=place > 0), *(tuned(pair, cut) if place else ())]
    if recorded is not None:
        findings += unlike_recorded(base, all_over(base, recorded) if own else cuts, recorded)
    alive()
    probed = probe(base, own)
    found = first_of_each(steady([*findings, *probed.leaks], unsteady()))
    rounded = first_of_each([*rounding, *probed.rounding])
    return Audit(tuple(found), tuple(rounded), tuple(cuts), histories, probed.cuts, probed.unjudged)


def steady(findings: Sequence[Finding], unsteady: Sequence[Finding]) -> list[Finding]:
    """The findings, with the features that differ when the same history is computed again in their place.

    These differ at every cut, and so does all that is made of them.
    """
    moving = {each.column for each in unsteady}
    judged = ORDER[: ORDER.index("features") + 1] if unsteady else ORDER
    leaks = [
        each
        for each in findings
        if each.stage in judged and not (each.stage == "features" and each.column in moving)
    ]
    return [*unsteady, *leaks]


def sound_cuts(base: Replay, boundaries: Sequence[int]) -> list[int]:
    """Targets to cut at: the first of validation and test, one in training, one late in the test.

    Each is moved on to one before which a bar was observed, too: where a gap is filled, its end decides that
    its rows exist. None lies before every series has begun.
    """
    observed, target = base.market.observed, base.windows.target  # (T,), (N,)
    begun = max(int(known_at(each)[0]) for each in base.history.series if len(each.frame))
    sound = observed[target - 1] & (base.target_ms > begun + base.market.step_ms)  # (N,)
    times = base.target_ms[sound]
    inside = [base.target_ms[int(share * len(target))] for share in SHARES]
    places = np.searchsorted(times, [*boundaries, *inside])
    return sorted({int(times[place]) for place in places if place < len(times)})


def learned(pair: Comparison, *, validation: bool) -> Iterator[Finding]:
    """Samples, labels and scalers of training, or the samples of validation, when later rows are changed."""
    base, moved = pair.base, pair.moved
    parts = [each.split.validation if validation else each.split.train for each in (base, moved)]
    before, after = (each.target_ms[part] for each, part in zip((base, moved), parts, strict=True))
    name = "validation" if validation else "training"
    if not np.array_equal(before, after):
        row = min(set(before.tolist()) ^ set(after.tolist()))
        yield pair.finding("split", f"{name} samples", row, len(before), len(after))
        return
    was, became = (
        each.label[each.windows.target[part]] for each, part in zip((base, moved), parts, strict=True)
    )
    differs = np.flatnonzero(~same(was, became))
    if len(differs):
        row = int(differs[0])
        yield pair.finding("split", f"label of {name}", int(before[row]), was[row], became[row])
    elif not validation:
        yield from differing(pair, base.scalers, moved.scalers, list(base.table.columns))


def differing(pair: Comparison, before: Scalers, after: Scalers, columns: Sequence[str]) -> Iterator[Finding]:
    """The first figure of the scalers that is another; its row is the first that scaling must not know."""
    for old, new, names in (
        (before.features, after.features, columns),
        (before.label, after.label, ["label"]),
    ):
        for name, values in figures(old).items():
            moved = np.flatnonzero(~same(values, figures(new)[name]))
            if len(moved):
                place = int(moved[0])
                column = f"{names[place]} ({name.rstrip('_')})"
                yield pair.finding("scale", column, pair.cut_ms, values[place], figures(new)[name][place])
                return


def figures(scaler: Any) -> dict[str, NDArray[np.float64]]:
    """What a scikit-learn scaler has learned, one value a column."""
    learned_ones = vars(scaler).items() if scaler is not None else ()
    return {
        name: np.atleast_1d(np.asarray(value, float))
        for name, value in learned_ones
        if name.endswith("_") and isinstance(value, np.ndarray) and value.dtype.kind == "f"
    }


def fitted(base: Replay, scalers: Scalers | None) -> Iterator[Finding]:
    """The scalers that the run saved must be what its training rows give."""
    if scalers is not None:
        cut_ms = int(base.target_ms[base.split.validation[0]])
        pair = Comparison(base, base, cut_ms, SAVED, 0.0, 0.0, 0)
        yield from differing(pair, base.scalers, scalers, list(base.table.columns))


def all_over(base: Replay, recorded: pd.Series[float]) -> list[int]:
    """Moments around which all forecasts lie that the run traded: code of one's own may know when it is
    audited.
    """
    first, last = np.searchsorted(base.target_ms, milliseconds(recorded.index)[[0, -1]]).tolist()
    places = range(first, last + NEAR, 2 * NEAR)
    return [int(base.target_ms[min(place + NEAR, len(base.target_ms) - 1)]) for place in places]


def unlike_recorded(base: Replay, moments: Sequence[int], recorded: pd.Series[float]) -> Iterator[Finding]:
    """The first forecast around the moments that is not the one that the run traded.

    They come of the same rows in batches of another size, so float32 rounds otherwise.
    """
    for moment in moments:
        chosen, forecasts = base.forecasts(moment)
        forecast = centre(forecasts)
        there = recorded.reindex(time_index(base.target_ms[chosen])).to_numpy()  # (n,) NaN: none made
        differs = np.abs(forecast - there) > FLOAT32 * float(np.nanstd(recorded))
        for row in np.flatnonzero(differs)[:1]:
            time_ms = int(base.target_ms[chosen[row]])
            figures = float(there[row]), float(forecast[row])
            yield Finding("predict", "forecast", time_ms, time_ms, REPLAYED, *figures)
            return


def tuned(pair: Comparison, test_ms: int) -> Iterator[Finding]:
    """The entry threshold and the bands' width must not know the test."""
    threshold, width = pair.moved.threshold(test_ms), pair.moved.width(test_ms)
    if threshold != pair.threshold:
        yield pair.finding("threshold", "entry threshold", pair.cut_ms, pair.threshold, threshold)
    if not same(np.array(width), np.array(pair.width)):
        yield pair.finding("threshold", "width of bands", pair.cut_ms, pair.width, width)


def first_of_each(findings: Sequence[Finding]) -> list[Finding]:
    """The first finding of each column, earliest stage first."""
    found: dict[tuple[str, str], Finding] = {}
    for finding in sorted(findings, key=rank):
        found.setdefault((finding.stage, finding.column), finding)
    return list(found.values())


def rank(finding: Finding) -> tuple[int, int, int]:
    """Earlier stages first, then earlier rows, then earlier cuts."""
    return ORDER.index(finding.stage), finding.row_ms, finding.cut_ms
