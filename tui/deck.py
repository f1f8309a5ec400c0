"""What a screen finds in the app: the runs, the engine, and how to start, open, copy and report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from engine.errors import QuantdeckError
    from engine.runs.folder import RunFolder
    from engine.runs.home import Home
    from engine.settings import Settings
    from tui.background.warm_engine import Engine
    from tui.runs.watch import Snapshot, Watch
    from tui.settings.draft import Draft


class Deck(Protocol):
    """The app as its screens see it.

    snapshot   all runs, as they were last read
    engine     answers questions
    ascii      whether plain characters alone are drawn
    home_text  the home's path as screens show it
    chosen     the id of the run on Train, Backtest and Search, empty without a choice
    draft      a new run's settings that are not started yet
    replayed   the run that is seen again, if it is one
    view       whether nothing is started, stopped, changed or deleted
    """

    home: Home
    home_text: str
    ascii: bool
    snapshot: Snapshot
    watcher: Watch
    engine: Engine
    chosen: str
    draft: Draft | None
    replayed: RunFolder | None
    view: bool

    def now(self) -> datetime:
        """The present, in UTC."""

    def launch(self, run: RunFolder) -> bool:
        """Start the engine on a run; a refusal is told."""

    def stop_run(self, run: RunFolder, *, at_once: bool = False) -> None:
        """Ask a run to stop."""

    def start(self, mode: str, settings: Settings, of: str = "", name: str = "") -> None:
        """Make a run, start it and show it."""

    def reproduce(self, run: RunFolder) -> None:
        """Repeat a finished run."""

    def start_demo(self) -> None:
        """Start the whole pipeline on the simulated market."""

    def begin(self, way: str) -> None:
        """Begin in an empty home: `demo`, `import` or `add`."""

    def new_run(self, series: str = "") -> None:
        """Open the form for a new run."""

    def open_run(self, run_id: str, mode: str = "") -> None:
        """Show a run on a screen; without one, where runs of its kind are watched."""

    def copy(self, text: str, what: str = "") -> None:
        """Copy through the terminal, or offer a file; `what` is said to be copied."""

    def wrote(self, path: Path) -> None:
        """Say what was written; a browser is handed it as well."""

    def report_error(self, error: QuantdeckError, title: str = "") -> None:
        """Tell an error: a toast if it may pass by itself, otherwise a dialog with the remedy."""
