"""Results that are no backtest as plain text; one that has no text of its own is told in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.hints import run_hint
from engine.results.caveats import SIMULATED
from engine.results.metrics import METRICS
from engine.results.nested import NestedResult
from engine.results.number_format import UNDEFINED, amount, defined, percent, whole
from engine.results.search import SearchResult
from engine.results.studies import CalibrationResult, SeedsResult, TrainResult, UpdateResult
from engine.results.tables import tables_of
from engine.runs.audit_status import as_claimed, caveats_of
from tui.number_format import loss, table
from tui.text.nested import nested_summary
from tui.text.search import search_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.results.backtest import Fold
    from engine.results.tables import Table
    from engine.runs.folder import RunFolder

SAVED = ("model*", "scaler.joblib", "metadata.joblib", "manifest.json")


def study_summary(run: RunFolder, result: Any) -> str:
    """What a run came to that is no backtest, below what must be read first."""
    return "\n".join([*caveats_of(run, result), summary(run, as_claimed(run, result))])


def summary(run: RunFolder, result: Any) -> str:
    """The same without that."""
    if isinstance(result, TrainResult):
        return training_summary(run, result)
    if isinstance(result, SearchResult):
        return search_summary(run, result)
    if text_of := TEXTS.get(type(result)):
        return text_of(result)
    first = [SIMULATED] if result.simulated else []
    parts = "\n\n".join(map(laid_out, tables_of(result))).lstrip("\n")
    return "\n".join([*first, parts, *(f"note: {note.text}" for note in result.notes)])


def laid_out(each: Table) -> str:
    """A table as text: numbers to the right, labels and a last column of units to the left."""
    units = len(each.header) > 2 and not each.header[-1]
    return table(each.header, each.rows, right=range(1, len(each.header) - units))


def training_summary(run: RunFolder, result: TrainResult) -> str:
    """Epochs, the best of them with its losses, and the files."""
    training = result.training
    lines = [
        *(["SIMULATED market"] if result.simulated else []),
        f"Epochs: {whole(training.epochs)}, best {whole(training.best_epoch)}",
        f"Loss: {loss(training.loss)}",
        f"Validation Loss: {loss(training.val_loss)}",
        *(f"Saved: {path}" for name in SAVED for path in sorted(run.path.glob(name))),
        f"Next: {run_hint(run.path, 'backtest RUN')}",
    ]
    return "\n".join(lines)


def calibration_summary(result: CalibrationResult) -> str:
    """One line an edge, and what it says."""
    header = ("edge", "markets", "interval above 0", "IC", "IC reachable", "truth recovered", "least")
    rows = [
        [
            f"{each.edge:g}",
            whole(each.markets),
            f"{each.above_zero} ({percent(each.share_above_zero)} %)",
            signed(each.ic),
            signed(each.reachable_ic),
            signed(each.recovered),
            signed(each.recovered_least),
        ]
        for each in result.edges
    ]
    verdicts = [
        f"edge 0: {each.above_zero} of {each.markets} intervals lie above 0, "
        f"{each.most_by_chance} or fewer are chance: "
        + ("as it must be" if each.above_zero <= each.most_by_chance else "FALSE ALARMS, something leaks")
        for each in result.edges
        if each.edge == 0
    ]
    return "\n".join(["SIMULATED markets", table(header, rows, right=range(1, 7)), *verdicts])


def seeds_summary(result: SeedsResult) -> str:
    """Every headline figure's spread over the seeds, and the ensemble's."""
    rows = [
        [
            name.replace("_", " "),
            *(
                written(name, value)
                for value in (each.mean, each.deviation, each.least, each.greatest, result.ensemble[name])
            ),
        ]
        for name, each in result.spread.items()
    ]
    runs = ", ".join(f"{each.seed}: {each.run}" for each in result.seeds)
    header = (f"{len(result.seeds)} seeds", "mean", "deviation", "least", "greatest", "mean forecast")
    first = [SIMULATED] if result.simulated else []
    return "\n".join([*first, table(header, rows, right=range(1, 6)), f"runs  {runs}"])


def folds_table(folds: Sequence[Fold]) -> list[str]:
    """The folds of a walk-forward, nothing for other results."""
    if not folds:
        return []
    header = (
        "fold", "test from", "to", "train", "test", "epochs", "IC", "in band %", "return", "buy & hold",
        "trades",
    )  # fmt: skip
    rows = [
        [
            whole(each.fold), each.test_start[:10], each.test_end[:10], whole(each.train), whole(each.test),
            f"{each.epochs} (best {each.best_epoch})", signed(each.ic),
            percent(each.band_held), f"{percent(each.total_return)} %", f"{percent(each.buy_and_hold)} %",
            whole(each.trades),
        ]
        for each in folds
    ]  # fmt: skip
    return [table(header, rows, right=(0, 3, 4, 6, 7, 8, 9, 10))]


def written(name: str, value: float) -> str:
    """A headline figure: shares in percent, correlations with three decimals."""
    if name == "directional_accuracy" or (name in METRICS and METRICS[name].format == "percent"):
        return f"{percent(value)} %" if defined(value) else UNDEFINED
    return amount(value) if name in METRICS else signed(value)


def signed(value: float) -> str:
    """+0.071, n/a where undefined."""
    return f"{value:+.3f}" if defined(value) else UNDEFINED


TEXTS: dict[type[Any], Callable[[Any], str]] = {
    SeedsResult: seeds_summary,
    CalibrationResult: calibration_summary,
    NestedResult: nested_summary,
    UpdateResult: lambda _: "",
}
