"""Runs side by side, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.number_format import UNDEFINED, whole
from engine.runs.audit_status import audit_status, caveats_of
from tui.number_format import table
from tui.runs.comparison import against_first, figures, intervals_of, why_not

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.backtest import BacktestResult
    from engine.results.compared import ComparedRuns
    from tui.runs.facts import RunFacts


def side_by_side(
    runs: Sequence[RunFacts],
    results: Sequence[BacktestResult | None],
    differ: Mapping[str, list[Any]],
    found: ComparedRuns | None,
) -> str:
    """Figures, how each run differs from the first, settings that differ; with two runs their difference."""
    rows = [
        ["name", *(each.run.name for each in runs)],
        ["mode", *(each.run.mode for each in runs)],
        ["state", *(each.state.status for each in runs)],
        ["market", *("SIMULATED" if each.state.simulated else "real" for each in runs)],
        ["from", *(each.start[:10] if each else UNDEFINED for each in results)],
        ["to", *(each.end[:10] if each else UNDEFINED for each in results)],
        ["bars", *(whole(each and each.bars) for each in results)],
        ["leak audit", *(audit_status(each.run) for each in runs)],
    ]
    ids = [each.run.id for each in runs]
    last = ["second - first"] if len(runs) == 2 else []
    rows = [[*row, *([""] * len(last))] for row in rows]
    every = figures([each.metrics for each in runs], [intervals_of(each) for each in results])
    rows += [[label, *texts] for label, texts in every]
    header = ("", *ids, *last)
    lines = [*first_read(runs, results), table(header, rows, right=range(1, len(header))), ""]
    if found:
        held = [[label, *texts] for label, texts in against_first(ids, found)]
        first = found.runs[0].run
        lines += [f"less {first}, over common days", table(("", *ids), held, right=range(1, len(ids) + 1))]
        lines += [*why_not(found), ""]
    settings = [[key, *map(str, values)] for key, values in differ.items()]
    apart = table(("", *ids), settings) if settings else "none: all have the same"
    return "\n".join([*lines, "settings that differ", apart])


def first_read(runs: Sequence[RunFacts], results: Sequence[BacktestResult | None]) -> list[str]:
    """What must be read before the figures of runs, whose it is before it."""
    return [
        f"{each.run.id}: {said}"
        for each, result in zip(runs, results, strict=True)
        if result
        for said in caveats_of(each.run, result)
    ]
