"""What can be done with a trial besides looking at it: asked first, then done; a refusal is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import QuantdeckError
from tui.screens.dialogs import Ask, Prompt
from tui.screens.search.trial import TrialDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.results.search import SearchTrial
    from tui.runs.search import Trials
    from tui.runs.watch import Watched
    from tui.screens.base import BaseScreen


def open_trial(screen: BaseScreen, watched: Watched, found: Trials, trial: SearchTrial) -> None:
    """The run that a trial became, or its facts where it is none."""
    result = found.result
    if (
        result is not None
        and trial.number == result.winner
        and result.winner_run in screen.deck.snapshot.by_id
    ):
        screen.deck.open_run(result.winner_run, "backtest")
        return
    screen.app.push_screen(
        TrialDialog(trial), lambda wanted: ask_train(screen, watched, trial) if wanted else None
    )


def ask_train(screen: BaseScreen, watched: Watched, trial: SearchTrial) -> None:
    """Ask first, then write the trial's settings to a file and train and backtest them as a run."""
    from tui.settings.trial import file_of_trial

    name = file_of_trial(watched.run, trial)
    detail = (
        f"Its settings are written to {name} in the folder that quantdeck was started in, and a run trains "
        "them and trades the test: one more look at that."
    )
    question = Ask(f"Train and backtest trial {trial.number}?", detail, "start it")
    screen.app.push_screen(question, lambda yes: train(screen, watched, trial) if yes else None)


def train(screen: BaseScreen, watched: Watched, trial: SearchTrial) -> None:
    """Write the settings and start the run."""
    from engine.disk import refuse_output, write_whole
    from tui.settings.trial import file_of_trial, settings_of_trial, written

    deck, path = screen.deck, Path(file_of_trial(watched.run, trial))
    try:
        chosen, content = settings_of_trial(watched.run, trial), written(watched.run, trial)
        refuse_output(path, deck.home.path, replace=True)
        write_whole(path, content)
    except QuantdeckError as error:
        deck.report_error(error)
        return
    deck.wrote(path.absolute())
    deck.start("run", chosen, name=f"trial {trial.number} of {watched.id}")


def ask_filter(
    screen: BaseScreen, text: str, check: Callable[[str], str], put: Callable[[str], object]
) -> None:
    """Ask for words and terms that trials must hold."""

    def take(given: object) -> None:
        if isinstance(given, str):
            put(given)

    question = "Filter the trials: words, or such as ic>0.02 state=pruned lookback<10 (empty: all)"
    screen.app.push_screen(Prompt(question, text, check), take)


def export(screen: BaseScreen, watched: Watched, trials: Sequence[SearchTrial]) -> None:
    """Write the trials as CSV beside the terminal's folder."""
    from tui.text.csv_file import write_csv
    from tui.text.search import rows_of

    try:
        path = write_csv(f"{watched.id}-trials.csv", rows_of(trials), screen.deck.home)
    except QuantdeckError as error:
        screen.deck.report_error(error)
    else:
        screen.deck.wrote(path)
