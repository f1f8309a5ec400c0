"""Screen 2: a training, live or past, from its events alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical

from engine.errors import QuantdeckError
from tui.background.questions import Questions
from tui.runs import status as run_status
from tui.screens.base import BaseScreen
from tui.screens.dialogs import ask_stop, wrapped
from tui.screens.train import drawing, search
from tui.screens.train.repetition import Repetitions
from tui.screens.train.result import result
from tui.terminal.keys import VIEW, key
from tui.widgets.lines import Line, Lines
from tui.widgets.loss_chart import SPANS, LossChart, Losses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.runs.watch import Snapshot, Watched

MESSAGE_LINES = 8  # lines of alarm, error and note


class TrainScreen(BaseScreen):
    """Stages, epochs, losses and the log of one run."""

    MODE: ClassVar[str] = "train"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("n", "new_run", "new", "run -c FILE"),
        key("x", "stop", "stop", "runs stop RUN"),
        key("R", "resume", "resume", "runs resume RUN", key_display="R"),
        key("l", "log_axis", "log axis", VIEW),
        key("plus,equals_sign", "smooth(1)", "smooth", VIEW, key_display="+ -"),
        key("minus", "smooth(-1)", "rougher", VIEW, show=False),
        key("space", "freeze", "freeze", VIEW),
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
        key("e", "export", "export epochs (CSV)", "runs show RUN --csv FILE", show=False),
        key("d", "demo", "demo", "demo"),
    ]  # fmt: skip

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self._shown: Watched | None = None
        self._repetitions = Repetitions(Questions(self, self.ask_engine), self.refresh_runs)
        self._frozen = False
        self._log, self._smoothing, self._back = False, 0, 0

    def body(self) -> Iterable[Widget]:
        """Title, stages, progress, then chart and table, then machine and log."""
        yield Lines(id="title")
        yield Lines(id="stages", classes="auto")
        yield Lines(id="progress", classes="auto")
        yield Lines(id="fault", classes="auto")
        yield Lines(id="rule")
        with Vertical(id="main"):
            yield Lines(id="sources")
            yield LossChart(id="chart")
            yield Lines(id="epochs")
        yield Lines(id="machine")
        yield Lines(id="log")

    def runs_changed(self, snapshot: Snapshot) -> None:
        """Show the chosen run as it is now, unless the display is frozen."""
        if not self._frozen:
            self._shown = self._chosen(snapshot)
        if self._shown and self._shown.summary:
            self.deck.watcher.read_log(self._shown.id)
        self._show(snapshot)
        self.refresh_bindings()

    def _chosen(self, snapshot: Snapshot) -> Watched | None:
        """The run that was opened; else the newest live one, else the newest."""
        if chosen := snapshot.by_id.get(self.deck.chosen):
            return chosen
        return (snapshot.live or snapshot.runs or (None,))[-1]

    def _show(self, snapshot: Snapshot) -> None:
        watched = self._shown
        panels = {
            panel.id: panel for panel in self.query(Lines) if panel.id not in ("header", "keys", "needed")
        }
        panels["rule"].show([[(("-" if self.deck.ascii else "─") * self.size.width, "rule")]])
        bare = watched is None or not watched.state.history
        self.set_class(bare, "collecting")
        if watched is None:
            for panel in panels.values():
                panel.show([] if panel.id != "rule" else [[]])
            panels["sources"].show(nothing(snapshot, self.deck.home_text))
            return
        state, width, plain = watched.state, self.size.width, self.deck.ascii
        panels["title"].show([drawing.title(watched, width, frozen=self._frozen)])
        panels["stages"].show(drawing.stages(state, watched.run.mode, width - 1))
        bar = drawing.progress(state, width, ascii=plain)
        panels["progress"].show([bar] if bar else [])
        repetition = self._repetitions.lines(watched, snapshot)
        panels["fault"].show([*repetition, *fault(watched, width - 2, self._short)][:MESSAGE_LINES])
        trials = search.trials(state, width, panels["sources"].size.height, ascii=plain)
        panels["sources"].show(result(watched) or trials or drawing.sources(state, width, ascii=plain))
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
        state, view = (
            watched.state,
            {"log": self._log, "smoothing": self._smoothing, "ascii": self.deck.ascii},
        )
        self.query_one(LossChart).set_losses(Losses.of(state.history, state.best_epoch, **view))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing now are not shown."""
        state = self._shown.state if self._shown else None
        if action == "stop":
            return self._shown is not None and self._shown.live
        if action == "resume":
            return state is not None and run_status.resumable(state)
        if action == "demo":
            return self._shown is None
        if action in ("log_axis", "smooth", "freeze", "zoom", "export"):
            return state is not None and bool(state.history or (action == "freeze"))
        if action == "other":
            return len(self.deck.snapshot.runs) > 1
        return action != "back" or self.in_sight("#epochs")

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

    def action_demo(self) -> None:
        """Start the demo."""
        self.deck.start_demo()

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
        """Write the table of epochs as CSV beside the terminal's folder."""
        from tui.text.csv_file import write_csv

        if self._shown:
            try:
                rows = [each.facts() for each in self._shown.state.history]
                path = write_csv(f"{self._shown.id}-epochs.csv", rows, self.deck.home)
            except QuantdeckError as error:
                self.deck.report_error(error)
            else:
                self.notify(f"written to {path}", markup=False)

    def _again(self) -> None:
        self._show(self.deck.snapshot)


def nothing(snapshot: Snapshot, home: str) -> list[Line]:
    """What is shown without any run."""
    if not snapshot.ready:
        return [[(" reading runs …", "quiet")]]
    return [
        [("", "")],
        [(f" {run_status.cannot_be_read(snapshot.closed) or 'No run yet'} in {home}", "bright")],
        [("", "")],
        [(" d", "bright"), ("  the demo: a small training on a SIMULATED market, under a minute", "")],
        [(" n", "bright"), ("  a new run: a form over all settings", "")],
    ]


def fault(watched: Watched, width: int, short: Callable[[str], str]) -> list[Line]:
    """Alarm, and error with its remedy; nothing while all is well. `short` writes the home as screens do."""
    state = watched.state
    lines: list[Line] = [[(f" {text} ", "alarm")]] if (text := run_status.alarm(state)) else []
    if error := state.error:
        parts = (f"{error.thing}: {error.reason}", *(f"  {each}" for each in error.problems), error.remedy)
        for part in filter(None, parts):
            role = "bad" if part is parts[0] else ""
            lines += [[(" ", ""), *line] for line in wrapped(short(part), role, width)[:3]]
    if watched.note:
        lines.append([(" note  ", "quiet"), (watched.note, "")])
    return lines
