"""Screen 2: a training, live or past, from its events alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Vertical

from engine.runs.modes import training, with_backtest
from engine.runs.remedies import resumable
from tui.background.questions import Questions
from tui.runs import status as run_status
from tui.screens.base import BaseScreen
from tui.screens.dialogs import ask_stop, wrapped
from tui.screens.first_steps import KEYS, first_steps
from tui.screens.train import drawing
from tui.screens.train.export import export
from tui.screens.train.repetition import Repetitions
from tui.screens.train.result import result
from tui.terminal.keys import VIEW, key
from tui.widgets.lines import Line, Lines, fitted
from tui.widgets.loss_chart import SPANS, LossChart, Losses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from engine.runs.state import State
    from tui.runs.watch import Snapshot, Watched

MESSAGE_LINES = 8  # lines of alarm, error and note


class TrainScreen(BaseScreen):
    """Stages, epochs, losses and the log of one run."""

    MODE: ClassVar[str] = "train"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("n", "new_run", "new", "run -c FILE"),
        key("3", "see_backtest", "backtest", "runs show RUN"),
        key("x", "stop", "stop", "runs stop RUN"),
        key("R", "resume", "resume", "runs resume RUN", key_display="R"),
        key("l", "log_axis", "log axis", VIEW),
        key("plus,equals_sign", "smooth(1)", "smooth", VIEW, key_display="+ -"),
        key("minus", "smooth(-1)", "less smoothing", VIEW, show=False),
        key("Z", "freeze", "freeze", VIEW, key_display="Z"),
        key("z", "zoom", "zoom", VIEW),
        key("left", "other(-1)", "other run", VIEW, key_display="← →"),
        key("right", "other(1)", "next run", VIEW, show=False),
        key("up,k", "back(1)", "earlier epochs", VIEW, show=False),
        key("down,j", "back(-1)", "later epochs", VIEW, show=False),
        key("pageup", "back(10)", "ten epochs up", VIEW, show=False),
        key("pagedown", "back(-10)", "ten epochs down", VIEW, show=False),
        key("g", "back(1000000)", "first epochs", VIEW, show=False),
        key("G", "back(-1000000)", "newest epochs", VIEW, show=False),
        key("y", "copy", "copy id or error", "runs show RUN", show=False),
        key("e", "export", "export", "charts, runs show --csv", show=False),
        *KEYS,
    ]  # fmt: skip

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self._shown: Watched | None = None
        self.questions = Questions(self, self.ask_engine)
        self._repetitions = Repetitions(self.questions, self.refresh_runs)
        self._frozen = False
        self._log, self._smoothing, self._back = False, 0, 0

    def body(self) -> Iterable[Widget]:
        """Title, stages, progress, then chart and table, then machine and log."""
        yield Lines(id="title")
        yield Lines(id="stages", classes="auto")
        yield Lines(id="progress", classes="auto")
        yield Lines(id="symbols", classes="auto")
        yield Lines(id="fault", classes="auto")
        yield Lines(id="rule")
        with Vertical(id="main"):
            yield Lines(id="sources")
            yield LossChart(id="chart")
            yield Lines(id="epochs")
        yield Lines(id="machine")
        yield Lines(id="log")

    def on_mount(self) -> None:
        """Count the seconds while a run imports or compiles, of which no event comes."""
        self.set_interval(1.0, self._count)

    @property
    def showing(self) -> str:
        """The run that is shown, unless the display is frozen or hidden."""
        return self._shown.id if self._shown and not self._frozen and not self.hidden else ""

    def _count(self) -> None:
        shown = self._shown
        if shown and self.is_current and not self._frozen and run_status.waited(shown.state, self.deck.now()):
            self._again()

    def runs_changed(self, snapshot: Snapshot) -> None:
        """Show the chosen run as it is now, unless the display is frozen."""
        if not self._frozen:
            self._shown = self._chosen(snapshot)
        if self._shown and self._shown.summary:
            self.deck.watcher.read_log(self._shown.id)
        self._show(snapshot)
        self.refresh_bindings()

    def _chosen(self, snapshot: Snapshot) -> Watched | None:
        """The run that was opened; else the newest at work, the one that was just watched, or the newest."""
        if chosen := snapshot.by_id.get(self.deck.chosen):
            return chosen
        now, before = snapshot.foremost, snapshot.by_id.get(self._shown.id if self._shown else "")
        if before and (now is None or now.state.status == "queued"):
            return before  # how it ended is what one wants to see
        return now or (snapshot.runs or (None,))[-1]

    def _show(self, snapshot: Snapshot) -> None:
        watched = self._shown
        panels = {
            panel.id: panel for panel in self.query(Lines) if panel.id not in ("header", "keys", "needed")
        }
        panels["rule"].show([[(("-" if self.deck.ascii else "─") * self.size.width, "rule")]])
        bare = watched is None or not drawn(watched)
        self.set_class(bare, "collecting")
        if watched is None:
            for panel in panels.values():
                panel.show([] if panel.id != "rule" else [[]])
            panels["sources"].show(nothing(snapshot, self.deck.home_text))
            return
        state, width, plain = watched.state, self.size.width, self.deck.ascii
        waited = run_status.waited(state, self.deck.now())
        panels["title"].show([drawing.title(watched, width, waited, frozen=self._frozen)])
        panels["stages"].show(drawing.stages(state, watched.run.mode, width - 1))
        bar = drawing.progress(state, width, ascii=plain)
        panels["progress"].show([bar] if bar else [])
        panels["symbols"].show(drawing.by_symbol(state, width))
        repetition = self._repetitions.lines(watched, snapshot)
        said = failure(watched, width - 2, self._short)
        self.set_class(bool(said), "faulty")  # the curve needs its rows more than the log
        panels["fault"].show([*repetition, *said][:MESSAGE_LINES])
        panels["sources"].show(result(watched) or drawing.sources(state, width, waited, ascii=plain))
        panels["machine"].show([drawing.machine(state, width)])
        panels["log"].show(drawing.log(watched, width, panels["log"].size.height))
        table, most = panels["epochs"].content_size, panels["epochs"].styles.max_height
        rows = most.cells if most and most.cells else table.height  # it is as high as there are epochs
        self._back = max(0, min(self._back, len(state.history) - rows + 1))
        panels["epochs"].show(drawing.epochs(state, table.width or width, rows, self._back))
        self._chart(watched)

    def _short(self, text: str) -> str:
        return text.replace(str(self.deck.home.path), self.deck.home_text)

    def _chart(self, watched: Watched) -> None:
        state = watched.state
        view: dict[str, Any] = {"log": self._log, "smoothing": self._smoothing, "ascii": self.deck.ascii}
        if within_first(state):
            view |= {"trace": state.trace, "batches": state.batches}
        self.query_one(LossChart).set_losses(Losses.of(state.history, state.best_epoch, **view))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing now are not shown."""
        shown, snapshot = self._shown, self.deck.snapshot
        if action == "begin":
            return shown is None and snapshot.ready
        if action == "other":
            return len(snapshot.runs) > 1
        if action == "back":
            return self.in_sight("#epochs")
        return action not in NEEDS or (shown is not None and NEEDS[action](shown))

    def action_stop(self) -> None:
        """Ask first, then ask the run."""
        if watched := self._shown:
            ask_stop(self, watched)

    def action_resume(self) -> None:
        """Go on from the last checkpoint."""
        if self._shown:
            self.deck.launch(self._shown.run)

    def action_new_run(self) -> None:
        """Open the form."""
        self.deck.new_run()

    def action_begin(self, way: str) -> None:
        """Start the demo, or go to Data and import or download."""
        self.deck.begin(way)

    async def action_see_backtest(self) -> None:
        """What the model came to, or how to come to it."""
        if self._shown:
            self.deck.chosen = self._shown.id
        await self.app.run_action("app.mode('backtest')")

    def action_log_axis(self) -> None:
        """Logarithmic axis, or linear."""
        self._log = not self._log
        self._again()

    def action_smooth(self, by: int) -> None:
        """Smoother or rougher curves."""
        self._smoothing = max(0, min(len(SPANS) - 1, self._smoothing + by))
        self._again()

    def action_freeze(self) -> None:
        """Hold the display still, or let it go on. The run does not notice."""
        self._frozen = not self._frozen
        self.refresh_runs()

    def action_zoom(self) -> None:
        """The chart alone, or everything."""
        self.toggle_class("zoomed")
        self.refresh_bindings()
        self.call_after_refresh(self.refresh_runs)

    def action_back(self, rows: int) -> None:
        """Move through the table of epochs."""
        self._back = max(0, self._back + rows)
        self._again()

    def action_other(self, by: int) -> None:
        """The run before or after this one."""
        runs, shown = self.deck.snapshot.runs, self._shown
        if shown is not None and runs:
            at = next((at for at, each in enumerate(runs) if each.id == shown.id), len(runs) - 1)
            self.deck.chosen = runs[max(0, min(len(runs) - 1, at + by))].id
            self._frozen, self._back = False, 0
            self.refresh_runs()

    def action_copy(self) -> None:
        """Copy the error if there is one, else the run's id."""
        if self._shown:
            error = self._shown.state.error
            self.deck.copy(f"{error.thing}: {error.reason}" if error else self._shown.id)

    def action_export(self) -> None:
        """Write the chart of losses, or the table of epochs."""
        if self._shown:
            export(self, self.questions, self._shown)

    def _again(self) -> None:
        self._show(self.deck.snapshot)


def traded(shown: Watched) -> bool:
    """Whether a run is done whose backtest is there or can be made."""
    return shown.state.status == "done" and shown.run.mode in (*training(), *with_backtest())


def drawn(shown: Watched) -> bool:
    """Whether there is a curve of losses."""
    return bool(shown.state.history) or within_first(shown.state)


NEEDS: dict[str, Callable[[Watched], bool]] = {  # what a run must be like for an action
    "stop": lambda shown: shown.live,
    "resume": lambda shown: resumable(shown.state),
    "freeze": lambda _: True,
    "copy": lambda _: True,
    "see_backtest": traded,
    "export": lambda shown: bool(shown.state.history),
    **dict.fromkeys(("log_axis", "smooth", "zoom"), drawn),
}


def within_first(state: State) -> bool:
    """Whether there is nothing but the batches of a first epoch, of which at least two are known."""
    return not state.history and len(state.trace) > 1


def nothing(snapshot: Snapshot, home: str) -> list[Line]:
    """What is shown without any run."""
    if not snapshot.ready:
        return [[(" reading runs …", "quiet")]]
    new: Line = [("  n   ", "bright"), ("a new run: a form over all settings", "")]
    return [*first_steps(f"{run_status.cannot_be_read(snapshot.closed) or 'No run yet'} in {home}"), [], new]


def failure(watched: Watched, width: int, short: Callable[[str], str]) -> list[Line]:
    """Alarm, and error with its remedy; nothing while all is well. `short` writes the home as screens do."""
    state = watched.state
    alarm = run_status.alarm(state)
    lines: list[Line] = [[(f" {text} ", role)] for ((text, role),) in wrapped(alarm, "alarm", width - 2)]
    lines = lines if alarm else []
    if error := state.error:
        parts = (f"{error.thing}: {error.reason}", *(f"  {each}" for each in error.problems), error.remedy)
        for part in filter(None, parts):
            role = run_status.tone(error) if part is parts[0] else ""
            lines += [[(" ", ""), *line] for line in wrapped(short(part), role, width)[:3]]
    if watched.note:
        lines.append([(" note  ", "quiet"), (fitted(watched.note, width - 6).rstrip(), "")])
    return lines
