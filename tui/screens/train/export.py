"""A training as files: the chart of its losses, or the table of its epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import QuantdeckError
from tui.screens.chart_file import ask_chart
from tui.text.csv_file import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from tui.background.questions import Questions
    from tui.runs.watch import Watched
    from tui.screens.base import BaseScreen


def export(screen: BaseScreen, questions: Questions, watched: Watched) -> None:
    """Ask for a file: .svg is the chart, .csv the epochs."""

    def epochs(path: Path) -> None:
        try:
            written = write_csv(str(path), [each.facts() for each in watched.state.history], screen.deck.home)
        except QuantdeckError as error:
            screen.deck.report_error(error)
        else:
            screen.deck.wrote(written)

    request = {"chart": "loss", "run": str(watched.run.path)}
    ask_chart(screen, questions, request, f"{watched.id}-loss", {".csv": ("the epochs", epochs)})
