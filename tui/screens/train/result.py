"""What a study came to, on the screen of its run: the text that the command line prints."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

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
    from tui.text.studies import study_summary

    try:
        text = study_summary(run, read(run, state.ended_at))
    except QuantdeckError as error:
        return [[(f" {error}", "bad")]]
    return [[(f" {line}", "")] for line in text.splitlines()]


@lru_cache(maxsize=8)
def read(run: RunFolder, _ended_at: str) -> Any:
    """The result, read once for each time that the run has ended; its leak audit may come later."""
    return result_of(run)
