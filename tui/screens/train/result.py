"""What a study came to, on the screen of its run: the text that the command line prints."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from engine.errors import QuantdeckError
from engine.runs.modes import with_backtest
from engine.runs.results import result_of

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from tui.runs.watch import Watched
    from tui.widgets.lines import Line


def result(watched: Watched) -> list[Line]:
    """The result of a run that has ended without epochs and without a backtest; nothing for any other."""
    state, run = watched.state, watched.run
    if state.status != "done" or state.history or run.mode in with_backtest():
        return []
    return result_lines(run, state.ended_at)


@lru_cache(maxsize=8)
def result_lines(run: RunFolder, _ended_at: str) -> list[Line]:
    """The text as lines, read once for each time that the run has ended."""
    from tui.text.studies import study_summary

    try:
        text = study_summary(run, result_of(run))
    except QuantdeckError as error:
        return [[(f" {error}", "bad")]]
    return [[(f" {line}", "")] for line in text.splitlines()]
