"""Runs side by side: equity in one chart, figures and settings as columns, a run a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll

from engine.results.compared import ComparedRuns
from tui.background.questions import Question, Questions
from tui.screens.backtest import selection
from tui.screens.base import BaseScreen
from tui.screens.chart_file import ask_chart
from tui.screens.runs.columns import columns_of, head, table
from tui.terminal.keys import VIEW, key
from tui.widgets.lines import Lines, spread
from tui.widgets.overlay_chart import Overlaid, OverlayChart

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from engine.errors import QuantdeckError
    from tui.runs.facts import RunFacts
    from tui.runs.watch import Snapshot
    from tui.widgets.lines import Line

COMMAND = "runs compare RUN RUN"
ZOOMS = ("", "chart", "table")
PLOTTED = 240  # columns of a curve: more than a terminal is wide


class Compare(BaseScreen):
    """The first run stays in sight, the others are paged; differences are told against the first."""

    MODE: ClassVar[str] = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "back", "back", VIEW),
        key("left", "page(-1)", "other columns", VIEW, key_display="← →"),
        key("right", "page(1)", "columns to the right", VIEW, show=False),
        key("v", "turn", "next run first", COMMAND),
        key("z", "zoom", "zoom", VIEW),
        key("l", "log_axis", "log axis", VIEW),
        key("e", "export", "export the chart", "charts RUN", show=False),
    ]  # fmt: skip

    def __init__(self, runs: Sequence[RunFacts]) -> None:
        """As they were when the comparison was asked for."""
        super().__init__()
        self.questions = Questions(self, self.ask_engine)
        self._runs = list(runs)
        self._columns = columns_of(self._runs)
        self._found: ComparedRuns | None = None
        self._error: QuantdeckError | None = None
        self._first, self._zoom = 1, ""

    def body(self) -> Iterable[Widget]:
        """Title, chart, heads of the columns, and the table, which scrolls if it must."""
        yield Lines(id="title")
        yield OverlayChart(ascii=self.deck.ascii, id="overlay")
        yield Lines(id="heads")
        with VerticalScroll(id="table"):
            yield Lines(id="comparison", classes="auto")

    def on_mount(self) -> None:
        """Ask for the curves and the differences."""
        self.query_one("#table").focus()
        self.ask()

    def ask(self) -> None:
        """Ask for what only the engine can tell of the runs that have a backtest."""
        paths = [str(each.run.path) for each in self._columns.with_result]
        if not paths:
            return
        asked = list(self._runs)

        def answered(found: ComparedRuns) -> None:
            if asked == self._runs:
                self._found, self._error = found, None
                self.refresh_runs()

        def failed(error: QuantdeckError) -> None:
            if asked == self._runs:
                self._found, self._error = None, error
                self.refresh_runs()

        request = {"do": "result.compare", "runs": paths, "columns": PLOTTED}
        self.questions.ask("compare", Question(request, ComparedRuns, answered, failed))

    def runs_changed(self, snapshot: Snapshot) -> None:  # noqa: ARG002  the runs are shown as they were
        """Lay everything out for the present width."""
        text = self.query_one("#comparison", Lines)
        width = text.size.width or self.size.width  # a scrollbar takes columns
        shown = self._columns.shown(width, self._first)
        self._first = shown.first
        ids = f"{len(self._runs)} runs"
        more: Line = [(shown.said, "live"), (" ", "")] if shown.said else []
        title: Line = [(" Compare  ", "bright"), (ids, ""), (self.simulated, "warn")]
        self.query_one("#title", Lines).show([spread(title, more, self.size.width)])
        self.query_one("#heads", Lines).show(head(self._columns, shown))
        errors = [*self._columns.faults, *([self._error] if self._error else [])]
        fault = [line for error in errors for line in selection.error_lines(error)]
        text.show([*fault, *table(self._columns, shown, self._found, waits=self.waits)])
        self.draw_chart()
        self.refresh_bindings()

    @property
    def waits(self) -> bool:
        """Whether the engine is still to answer."""
        return self._found is None and self._error is None and bool(self._columns.with_result)

    @property
    def simulated(self) -> str:
        """Which runs are of a market that is none."""
        made_up = [number for number, each in enumerate(self._runs, 1) if each.state.simulated]
        some = f" ({len(made_up)})" if len(made_up) < len(self._runs) else ""
        return f"   SIMULATED{some}" if made_up else ""

    def draw_chart(self) -> None:
        """The curves, as soon as they are there."""
        numbers = {each.run.id: number for number, each in enumerate(self._runs)}
        found = self._found.runs if self._found else ()
        curves = [
            Overlaid(numbers[each.run], self._runs[numbers[each.run]].run.name or each.run, each.equity)
            for each in found
        ]
        said = "computing …" if self.waits else "no run here has a backtest" if not self._error else ""
        self.query_one(OverlayChart).set_curves(curves, said)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing now are neither shown nor taken."""
        if action == "page":
            return self._columns.shown(self.size.width, self._first).said != ""
        if action == "log_axis":
            return self.in_sight("#overlay")
        if action == "export":
            return bool(self._columns.with_result)
        return True

    def action_page(self, step: int) -> None:
        """Further runs to the side."""
        text = self.query_one("#comparison", Lines)
        shown = self._columns.shown(text.size.width or self.size.width, self._first)
        self._first += step * max(1, len(shown.others))
        self.refresh_runs()

    def action_turn(self) -> None:
        """Hold the runs against the next one."""
        self._runs = [*self._runs[1:], self._runs[0]]
        self._columns, self._found, self._first = columns_of(self._runs), None, 1
        self.ask()
        self.refresh_runs()

    def action_zoom(self) -> None:
        """The chart alone, the table alone, and both."""
        self._zoom = ZOOMS[(ZOOMS.index(self._zoom) + 1) % len(ZOOMS)]
        for name in ZOOMS[1:]:
            self.set_class(self._zoom == name, f"zoom-{name}")
        self.refresh_bindings()
        self.call_after_refresh(self.refresh_runs)

    def action_log_axis(self) -> None:
        """Equity on a logarithmic axis, or linear."""
        chart = self.query_one(OverlayChart)
        chart.log_axis = not chart.log_axis
        chart.draw()

    def action_export(self) -> None:
        """The chart as a file."""
        paths = [str(each.run.path) for each in self._columns.with_result]
        ask_chart(self, self.questions, {"chart": "compare", "runs": paths}, "quantdeck-compare")

    def action_back(self) -> None:
        """Both panels, and then back to the list."""
        if self._zoom:
            self._zoom = ZOOMS[-1]
            self.action_zoom()
        else:
            self.app.pop_screen()
