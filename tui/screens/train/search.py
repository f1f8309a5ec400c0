"""A search at work: how far it is, the best so far, and its trials, the latest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.number_format import defined, whole
from tui.number_format import span
from tui.runs.search import DONE, progress_of
from tui.screens.train.drawing import bar
from tui.widgets.lines import Line, fitted, width_of

if TYPE_CHECKING:
    from engine.runs.log_entries import LogNote
    from engine.runs.state import State

BAR = 24


def trials(state: State, width: int, height: int, *, ascii: bool) -> list[Line]:  # noqa: A002
    """Lines for a search of which a trial is done; none for other runs."""
    found = progress_of(state)
    if found is None:
        return []
    first: Line = [(" trials ", "quiet"), *bar(found.done / found.of, min(BAR, width // 4), ascii=ascii)]
    first += [(f" {whole(found.done)}/{whole(found.of)}", "")]
    if defined(found.best):
        told = [(f"  best {found.objective} ", "quiet"), (f"{found.best:+.4f}", "good")]
        first += [*told, (f", trial {found.best_trial}", "quiet")]
    left: Line = (
        [(f"  {span(found.left_s)} left", "quiet")] if defined(found.left_s) and not state.ended else []
    )
    first += left if width_of(first) + width_of(left) <= width else []
    head: Line = [(fitted(f" {'trial':>6}  {'result':<34}  settings tried", width), "quiet")]
    return [first, head, *(row(note, found.best_trial, width) for note in found.notes[: max(0, height - 2)])]


def row(note: LogNote, best_trial: int | None, width: int) -> Line:
    """One trial: its objectives and what was drawn, or why it ended."""
    known = note.values
    trial = known["trial"]
    if note.code != DONE:
        return [(fitted(f" {trial:>6}  {known['state']}: {known['why']}", width), "quiet")]
    drawn = known["drawn"] or "the settings as they are"
    return [
        (
            fitted(f" {trial:>6}  {known['objectives']:<34}  {drawn}", width),
            "good" if trial == best_trial else "",
        )
    ]
