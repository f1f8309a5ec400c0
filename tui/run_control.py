"""Starting, stopping and repeating runs, as far as the app may."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.errors import QuantdeckError
from tui.terminal.crash import CrashSafe

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.runs.home import Home
    from engine.settings import Settings
    from tui.runs.watch import Watch

ONLY_SHOWS = "this app only shows (--view): nothing is started, stopped, changed or deleted"


class RunControl(CrashSafe):
    """An app that starts and stops the runs of a home; one that only shows, or replays, starts none."""

    home: Home
    watcher: Watch
    replayed: RunFolder | None
    view: bool

    def report_error(self, error: QuantdeckError, title: str = "") -> None:
        """Tell an error."""
        raise NotImplementedError

    def open_run(self, run_id: str, mode: str = "") -> None:
        """Show a run."""
        raise NotImplementedError

    def launch(self, run: RunFolder) -> bool:
        """Start the engine on a run; a refusal is told."""
        from engine.runs.launch import launch

        if self.replayed or self.view:
            said = "nothing is started in a replay; q leaves it" if self.replayed else ONLY_SHOWS
            self.notify(said, severity="warning")
            return False
        try:
            launch(run)
        except QuantdeckError as error:
            self.report_error(error)
            return False
        self.watcher.look()
        return True

    def stop_run(self, run: RunFolder, *, at_once: bool = False) -> None:
        """Ask a run to stop, or kill it."""
        from engine.runs.launch import ask_stop, kill
        from engine.runs.state import state_of

        if self.view:
            self.notify(ONLY_SHOWS, severity="warning")
            return
        try:
            if at_once and (process := state_of(run).pid):
                kill(run, process)
            elif not ask_stop(run):
                self.notify(f"run {run.id} has ended already")
        except QuantdeckError as error:
            self.report_error(error)
        self.watcher.look()

    def start(self, mode: str, settings: Settings, of: str = "", name: str = "") -> None:
        """Make a run, start it and show it."""
        if self.view:
            self.notify(ONLY_SHOWS, severity="warning")
            return
        try:
            run = self.home.create(mode, settings, of=of, name=name)
        except QuantdeckError as error:
            self.report_error(error)
            return
        if self.launch(run):
            self.open_run(run.id)

    def reproduce(self, run: RunFolder) -> None:
        """Repeat a finished run; Train tells whether the two are equal once the repetition has ended."""
        self.run_worker(self._repeat(run), group="reproduce")

    async def _repeat(self, run: RunFolder) -> None:
        from engine.runs.repetition import repeat

        try:
            again = await asyncio.to_thread(repeat, self.home, run)  # it reads all files of the run
        except QuantdeckError as error:
            self.report_error(error)
            return
        if self.launch(again):
            self.open_run(again.id)

    def start_demo(self) -> None:
        """Start the whole pipeline on the simulated market."""
        from engine.settings import make
        from tui.settings.demo import DEMO

        self.start("run", make(DEMO))
