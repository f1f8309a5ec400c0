"""What the app says of runs: which have ended, which ended badly while nobody looked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.runs.events import stamp
from tui.run_control import RunControl
from tui.runs.looks import ending, looks, missed, note_look
from tui.runs.watch import RunsChanged, Snapshot, Watch
from tui.screens import watched_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from engine.runs.folder import RunFolder
    from engine.runs.home import Home
    from tui.runs.watch import Watched

RING = "QUANTDECK_BELL"  # what a run that ends does: bell or osc9; nothing unless it is set
REST_S = 1.0  # the first screen is looked at for so long before more is imported


class RunNews(RunControl):
    """An app that follows the runs of a home and passes on to its screens, and to people, what happens.

    chosen: the run on Train and Backtest. moves_to: another home, once the app has been left for it.
    """

    def __init__(
        self, home: Home, now: Callable[[], datetime], other: tuple[Home, str] | None, start: RunFolder | None
    ) -> None:
        """`other` and `start` are as `Quantdeck` takes them."""
        super().__init__()
        self.home, self.now = home, now
        self.snapshot = Snapshot()
        self.watcher = Watch(home, self._new_snapshot, now)
        self.chosen = ""
        self.moves_to: Home | None = None
        self._start, self._other = start, other
        self._since = stamp(now())
        self._announced = False  # a message about a new snapshot is on its way

    def _warm(self) -> None:
        """Import what the other screens need."""
        raise NotImplementedError

    async def action_mode(self, name: str) -> None:
        """Go to a screen."""
        raise NotImplementedError

    def _new_snapshot(self) -> None:  # from the watching thread
        if not self._announced:
            self._announced = True
            self.post_message(RunsChanged())

    def on_runs_changed(self) -> None:
        """Pass the news on to the screen."""
        from tui.screens.base import BaseScreen

        self._announced, first = False, not self.snapshot.ready
        before, self.snapshot = self.snapshot, self.watcher.snapshot
        if first:
            self.set_timer(REST_S, self._warm)
        if first:
            self._tell_missed()
        to_see = self.snapshot.foremost if first and not self._start else None
        if to_see and self.current_mode == "data":
            self.call_later(self.action_mode, watched_on(to_see.run.mode))  # what one came for
        for screen in self.screen_stack:
            if isinstance(screen, BaseScreen):
                screen.refresh_runs()
        for each in self.snapshot.runs if before.ready else ():
            was = before.by_id.get(each.id)
            begun = was.live if was else each.run.created >= self._since  # or it came and went unseen
            if begun and each.state.ended:
                self._tell_end(each)

    def _tell_missed(self) -> None:
        """Say what ended badly since somebody last looked, and show it; offer another home for none."""
        from tui.screens.dialogs import Ask

        runs = [each.run for each in self.snapshot.runs]
        dead = missed(runs, looks().get(self.home.path))
        for run, state in dead:
            from engine.runs.remedies import resumable

            remedy = "R resumes it" if resumable(state) else "Train says why"
            self.notify(
                f"since you last looked: {ending(run, state)}; {remedy}", severity="error", markup=False
            )
        if dead and not self.snapshot.live and not self._start and self.current_mode == "data":
            self.chosen = dead[-1][0].id
            self.call_later(self.action_mode, watched_on(dead[-1][0].mode))
        self._note_look()
        if self._other and not runs:
            question = Ask("No run here", f"{self._other[1]}. Open that?", "open it")
            self.push_screen(question, self._move)

    def _move(self, yes: object) -> None:
        if yes and self._other:
            self.moves_to = self._other[0]
            self.exit()

    def _note_look(self) -> None:
        if self.snapshot.runs and not (self.replayed or self.view):
            live, newest = [each.id for each in self.snapshot.live], self.snapshot.runs[-1].id
            note_look(self.home.path, live, newest)

    def _tell_end(self, watched: Watched) -> None:
        """Say that a run has ended, except on the screen that shows it; ring where that is wished for."""
        from tui.runs.status import ROLE, status
        from tui.screens.base import BaseScreen

        error, failed = watched.state.error, ROLE.get(watched.state.status) == "bad"
        said = f"run {watched.id} {watched.run.name}".strip() + f": {status(watched.state)[0]}"
        said += f"; {error.thing}: {error.reason}" if error and failed else ""
        self.ring(said, os.environ.get(RING, ""))
        if not (isinstance(self.screen, BaseScreen) and self.screen.showing == watched.id):
            self.notify(said, severity="error" if failed else "information", markup=False)
