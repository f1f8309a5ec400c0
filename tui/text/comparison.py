"""Runs side by side, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.number_format import UNDEFINED, whole
from engine.runs.audit_status import audit_status
from tui.number_format import table
from tui.runs.comparison import figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.backtest import BacktestResult
    from tui.runs.facts import RunFacts


def side_by_side(
    runs: Sequence[RunFacts], results: Sequence[BacktestResult | None], differ: Mapping[str, list[Any]]
) -> str:
    """The table, and the settings in which the runs differ; with two runs their difference as well."""
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
    rows += [[label, *texts] for label, texts in figures([each.metrics for each in runs])]
    header = ("", *ids, *last)
    settings = [[key, *map(str, values)] for key, values in differ.items()]
    apart = table(("", *ids), settings) if settings else "none: all have the same"
    return "\n".join([table(header, rows, right=range(1, len(header))), "", "settings that differ", apart])
