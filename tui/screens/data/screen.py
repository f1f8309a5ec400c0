"""Screen 1: the stored series, their coverage and freshness, and how to fetch or import more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import VerticalScroll

from engine.results.series import BrokenSeries, StoredSeries, StoreStatus
from tui.background.questions import Questions
from tui.screens.backtest import selection
from tui.screens.base import BaseScreen
from tui.screens.data import actions, detail, drawing
from tui.screens.data.open_store import OpenStore
from tui.screens.dialogs import Prompt, wrapped
from tui.screens.first_steps import first_steps
from tui.terminal.keys import VIEW, key
from tui.widgets.lines import Line, Lines, spread
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.timer import Timer
    from textual.widget import Widget

    from engine.errors import QuantdeckError
    from engine.runs.events import Event
    from tui.runs.watch import Snapshot

PAUSE_S = 0.15  # the cursor rests so long before its series is asked about
AGEING_S = 60.0


class DataScreen(BaseScreen):
    """A row a series; below it what the row under the cursor is made of."""

    MODE: ClassVar[str] = "data"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("n", "new_run", "new run on it", "run -s data.series=NAME"),
        key("d", "demo", "demo", "demo"),
        key("u", "update", "update", "data update"),
        key("U", "update_all", "update all", "data update", show=False, key_display="U"),
        key("r", "repair", "repair gaps", "data update --refetch"),
        key("i", "import", "import", "data import FILE"),
        key("a", "add", "add", "data update -s data.symbol=…"),
        key("b", "browse", "browse", "data show SERIES"),
        key("m", "map", "coverage", "data coverage"),
        key("slash", "filter", "filter", VIEW, key_display="/"),
        key("z", "zoom", "gaps", VIEW),
        key("f5", "reload", "reload", VIEW, show=False),
        key("y", "copy", "copy the detail", "data status", show=False),
        key("escape", "unzoom", "back", VIEW, show=False),
    ]  # fmt: skip

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self.questions = Questions(self, self.ask_engine)
        self.imports = Questions(self, ask_apart)
        self.store = OpenStore(self.questions)
        self._shown: list[StoredSeries | BrokenSeries] = []  # the rows of the table
        self._filter = ""
        self._rest: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """Title, table, what is going on, detail."""
        yield Lines(id="title")
        yield Lines(id="state", classes="auto")
        yield VirtualTable(drawing.COLUMNS, empty="no series fits the filter", id="sources")
        yield Lines(id="progress")
        with VerticalScroll(id="detail", can_focus=False):
            yield Lines(id="text")

    def on_mount(self) -> None:
        """Ask what is stored."""
        self.set_class(True, "empty")
        self.table.mark = ">" if self.deck.ascii else "▸"
        self.action_reload()
        self.set_interval(AGEING_S, self.draw)

    @property
    def table(self) -> VirtualTable:
        """The table."""
        return self.query_one(VirtualTable)

    @property
    def status(self) -> StoreStatus:
        """What is stored, as far as it is known."""
        return self.store.status or StoreStatus()

    @property
    def row(self) -> StoredSeries | BrokenSeries | None:
        """What the cursor is on, if that is anything."""
        return self._shown[self.table.cursor] if self._shown else None

    @property
    def series(self) -> StoredSeries | None:
        """What the cursor is on; None if that is nothing, or broken."""
        return self.row if isinstance(self.row, StoredSeries) else None

    def action_reload(self) -> None:
        """Ask what is stored."""
        self.store.ask(str(self.deck.home.path), self.answered, self.draw)
        self.draw()

    def answered(self, before: set[str] | None) -> None:
        """Show what is stored; `before` are the names that were known until now."""
        self.draw()
        self.go_to_new(before)
        self.ask_detail()

    def go_to_new(self, before: set[str] | None) -> None:
        """Put the cursor on the first candles that were not stored before: `n` starts a run on them."""
        names = [each.series for each in self.status.series if each.kind == "candles"]
        new = [name for name in names if before is not None and name not in before]
        places = {row.series: place for place, row in enumerate(self._shown)}
        if new and new[0] in places:
            self.table.go(places[new[0]])

    def runs_changed(self, snapshot: Snapshot) -> None:
        """Show the progress of updates; once a run has collected or ended, ask anew what is stored."""
        if self.store.outdated(snapshot):
            self.action_reload()
        self.draw()

    def draw(self) -> None:
        """Everything, from what is known."""
        if not self.is_attached or not self.is_current:
            return
        every: list[StoredSeries | BrokenSeries] = [*self.status.series, *self.status.broken]
        words = self._filter.lower().split()
        self._shown = [
            each for each in every if all(word in str(list(vars(each).values())).lower() for word in words)
        ]
        self.set_class(not every, "empty")
        self.refresh_bindings()
        self.say(every)
        runs, width = self.deck.snapshot.runs, self.size.width
        self.query_one("#progress", Lines).show(drawing.progress(runs, width, ascii=self.deck.ascii))
        widths = {column.key: size for column, size in self.table.fitting().items()}
        view = drawing.View(
            drawing.axis_of(self.status.series),
            self.deck.now().timestamp(),
            widths.get("coverage", 1),
            self.deck.ascii,
        )
        self.table.set_cells(drawing.rows(self._shown, drawing.errors(runs), view))
        self.draw_detail()

    def say(self, every: Sequence[StoredSeries | BrokenSeries]) -> None:
        """The title, and what is to be said in the place of a table."""
        left = drawing.title_line(len(every), self._filter)
        title = spread(left, [(f"home {self.deck.home_text} ", "quiet")], self.size.width)
        self.query_one("#title", Lines).show([title])
        state: list[Line] = []
        if self.store.error:
            state = [*selection.error_lines(self.store.error), [], [("  F5", "bright"), ("  reload", "")]]
        elif self.store.status is None:
            state = [[], [(" reading the store …", "quiet")]]
        elif not every:
            state = first_steps("Nothing stored yet.")
        self.query_one("#state", Lines).show(state)

    def on_virtual_table_moved(self) -> None:
        """Another series: ask for its detail as soon as the cursor rests."""
        if self._rest:
            self._rest.stop()
        self._rest = self.set_timer(PAUSE_S, self.ask_detail)
        self.draw_detail()

    def ask_detail(self) -> None:
        """Ask for the gaps and the report of the series under the cursor."""
        series = self.series
        if series is None or series.content in self.store.details:
            self.draw_detail()
            return

        def failed(error: QuantdeckError) -> None:
            self.query_one("#text", Lines).show(selection.error_lines(error))

        self.store.ask_detail(str(self.deck.home.path), series, self.draw_detail, failed)

    def draw_detail(self) -> None:
        """Gaps, report and provenance of the series under the cursor."""
        lines: list[Line] = []
        row = self.row
        if isinstance(row, BrokenSeries):
            said = ((f"{row.series}: {row.reason}", "bad"), (row.remedy, ""))
            lines = [
                line
                for text, role in said
                for line in selection.indented(wrapped(text, role, max(1, self.size.width - 1)))
            ]
        elif row:
            error = drawing.errors(self.deck.snapshot.runs).get(row.series, "")
            known = self.store.details.get(row.content)
            lines = (
                detail.detail(known, error, self.size.width)
                if known
                else [[(" reading the series …", "quiet")]]
            )
        self.query_one("#text", Lines).show(lines)

    def action_update(self) -> None:
        """Bring the series up to now."""
        if self.series:
            actions.fetch(self, self.series, whole=False)

    def action_repair(self) -> None:
        """Ask again for what lies between its first and last value; what the exchange has not stays a gap."""
        if self.series:
            actions.fetch(self, self.series, whole=True)

    def action_update_all(self) -> None:
        """Bring every series up to now."""
        actions.fetch_all(self, self.status.series)

    def action_add(self) -> None:
        """Ask for a source and fetch it."""
        actions.ask_source(self, self.status, self.questions)

    def action_import(self) -> None:
        """Ask for a file and store it."""
        actions.ask_file(self, self.imports, self.action_reload)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing now, or nothing in sight, are neither shown nor taken."""
        known = self.store.status is not None
        needs = {
            "filter": self.in_sight("#sources") and bool(self.status.series),
            "update": self.series is not None,
            "repair": self.series is not None,
            "browse": self.series is not None,
            "map": any(isinstance(each, StoredSeries) and each.kind == "candles" for each in self._shown),
            "new_run": self.series is not None and self.series.kind == "candles",
            "demo": known and not self._shown and not self.deck.snapshot.runs,
            "zoom": self.row is not None,
            "copy": self.row is not None,
            "unzoom": self.has_class("zoom"),
        }
        return needs.get(action, True)

    def action_demo(self) -> None:
        """Start the demo."""
        self.deck.start_demo()

    def action_new_run(self) -> None:
        """Open the form for a run on the series under the cursor, if it holds candles."""
        self.deck.new_run(self.series.series if self.series and self.series.kind == "candles" else "")

    def action_filter(self) -> None:
        """Ask which series to show."""

        def given(text: object) -> None:
            if isinstance(text, str):
                self._filter = text.strip()
                self.draw()

        self.app.push_screen(Prompt("Show series with these words (empty: all)", self._filter), given)

    def on_virtual_table_chosen(self) -> None:
        """Enter: browse the series."""
        self.action_browse()

    def action_browse(self) -> None:
        """The series as a chart; of one that cannot be read the detail."""
        from tui.screens.data.browse import Browse

        if self.series:
            self.app.push_screen(Browse(self.series))
        else:
            self.action_zoom()

    def action_map(self) -> None:
        """Which of the series that are shown have candles when."""
        from tui.screens.data.coverage import CoverageMap

        shown = [each for each in self._shown if isinstance(each, StoredSeries)]
        self.app.push_screen(CoverageMap(shown))

    def action_zoom(self) -> None:
        """The detail alone, and back."""
        self.zoom(on=not self.has_class("zoom"))

    def action_unzoom(self) -> None:
        """Table and detail."""
        self.zoom(on=False)

    def zoom(self, *, on: bool) -> None:
        """Show the detail alone and let it scroll, or table and detail."""
        self.set_class(on, "zoom")
        self.refresh_bindings()
        detail = self.query_one("#detail", VerticalScroll)
        detail.can_focus = on
        (detail if on else self.table).focus()
        if not on:
            detail.scroll_home(animate=False)

    def action_copy(self) -> None:
        """Copy the detail."""
        self.deck.copy(self.query_one("#text", Lines).text, "the detail")


def ask_apart(request: Event, kind: type[Any]) -> Any:
    """Ask a process of its own, which may take its time; called from a thread."""
    from engine.runs.requests import ask

    return ask(request, kind)
