"""Screen 5: a search, live or past, and how likely its winner is luck."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, VerticalScroll

from engine.errors import RepairDataError
from engine.runs.audit_status import as_claimed, caveats_of, unclaimed_of
from engine.runs.remedies import resumable
from tui.background.preload import warm
from tui.runs import nested
from tui.runs.nested import Spans, spans_of
from tui.runs.search import MODES, Trials, progress_of, trials_of
from tui.screens.base import BaseScreen
from tui.screens.dialogs import ask_stop
from tui.screens.search import actions, drawing, spans
from tui.screens.search.figures import Figures
from tui.screens.search.listing import TrialsList, TrialsTable
from tui.screens.train.drawing import title as title_of
from tui.terminal.keys import VIEW, key
from tui.widgets.lines import Line, Lines
from tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from engine.results.search import SearchTrial
    from engine.runs.folder import RunFolder
    from tui.runs.watch import Snapshot, Watched

ZOOMS = ("", "best", "trials")
MORE = ("", "luck", "slices", "parallel", "front")
SHOW = "search --show RUN"
SHOWN = (*MODES, nested.MODE)
SPAN_LINES = {"low": 6, "": 9}  # of figures and notes above the spans


class SearchScreen(BaseScreen):
    """Progress, verdict, best so far, odds, and the table of trials; slices and more with f."""

    MODE: ClassVar[str] = "search"
    AUTO_FOCUS: ClassVar[str | None] = "#table"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("enter", "open", "open", SHOW, key_display="↵"),
        key("a", "train", "train it", "search --best FILE --run RUN --trial N, run -c FILE"),
        key("x", "stop", "stop", "runs stop RUN"),
        key("R", "resume", "resume", "search --resume RUN", key_display="R"),
        key("slash", "filter", "filter", VIEW, key_display="/"),
        key("s", "sort", "sort", VIEW),
        key("S", "reverse", "reverse the order", VIEW, show=False, key_display="S"),
        key("f,tab", "more", "luck, slices", SHOW, key_display="f"),
        key("z", "zoom", "zoom", VIEW),
        key("left_square_bracket", "setting(-1)", "setting", VIEW, key_display="[ ]"),
        key("right_square_bracket", "setting(1)", "next setting", VIEW, show=False, key_display="]"),
        key("left", "other(-1)", "other search", VIEW, key_display="← →"),
        key("right", "other(1)", "next search", VIEW, show=False),
        key("y", "copy", "copy the id", VIEW, show=False),
        key("e", "export", "export trials (CSV)", "search --show RUN --csv FILE", show=False),
        key("escape", "unzoom", "back", VIEW, show=False),
    ]  # fmt: skip

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self._watched: Watched | None = None
        self._found, self._list, self._spans = Trials(()), TrialsList(), Spans({})
        self._figures, self._zoom = Figures(), ""

    def body(self) -> Iterable[Widget]:
        """Title, progress, verdict, then figures beside each other, then the trials."""
        yield Lines(id="title")
        yield Lines(id="progress")
        yield Lines(id="verdict", classes="auto")
        yield Lines(id="rule")
        yield Lines(id="state")
        with Horizontal(id="panels"):
            yield Lines(id="best")
            yield Lines(id="slices")
            yield Lines(id="odds")
            yield Lines(id="parallel")
            yield Lines(id="front")
            with VerticalScroll(id="luck"):
                yield Lines(id="all-odds", classes="auto")
        yield Lines(id="trials")
        yield TrialsTable(drawing.columns(()), empty="no trial fits the filter; / changes it", id="table")

    def on_mount(self) -> None:
        """Have what the first dialog needs; keys go to the trials."""
        self._table.mark = ">" if self.deck.ascii else "▸"
        warm(self, "engine.settings")

    @property
    def _table(self) -> VirtualTable:
        return self.query_one(VirtualTable)

    @property
    def showing(self) -> str:
        """The search that is shown, unless the display is hidden."""
        return self._watched.id if self._watched and not self.hidden else ""

    def runs_changed(self, snapshot: Snapshot) -> None:
        """Show the chosen search as it is now."""
        searches = [each for each in snapshot.runs if each.run.mode in SHOWN]
        live = [each for each in searches if each.live]
        chosen = snapshot.by_id.get(self.deck.chosen)
        latest = (live or searches)[-1:]
        shown = chosen if chosen in searches else latest[0] if latest else None
        if shown and self._watched and shown.id != self._watched.id:
            self._list, self._figures = TrialsList(), Figures()
            if self._zoom and shown.run.mode == nested.MODE:
                self._to("")
        self._watched = shown
        if shown and shown.summary and shown.state.status != "done":
            self.deck.watcher.read_log(shown.id)
        self._show()
        self.refresh_bindings()

    def _show(self) -> None:
        watched, width = self._watched, self.size.width
        self.query_one("#rule", Lines).show([[(("-" if self.deck.ascii else "─") * width, "rule")]])
        state = self.query_one("#state", Lines)
        broken: list[Line] = []
        self._found, self._spans = Trials(()), Spans({})
        through = watched is not None and watched.run.mode == nested.MODE
        try:
            if watched and through:
                self._spans = spans_of(watched.run, watched.state)
            elif watched:
                self._found = trials_of(watched.run, watched.state)
        except RepairDataError as error:
            broken = [[(f" {error}", "bad")]]
        self.set_class(not (self._found.trials or self._spans.searches), "empty")
        if self.has_class("spans") != through:
            self.set_class(through, "spans")
            self.call_after_refresh(self._show)  # figures that come into sight have no size before
        title = title_of(watched, width, frozen=False) if watched else [(" Search", "bright")]
        self.query_one("#title", Lines).show([title])
        if watched and self._spans.searches:
            self._show_spans(watched.run)
            return
        if watched is None or not self._found.trials:
            for name in ("#progress", "#verdict"):
                self.query_one(name, Lines).show([])
            state.show(
                broken or drawing.without(watched, self.deck.home.path, width, ready=self.deck.snapshot.ready)
            )
            return
        if self.focused is None:
            self.call_after_refresh(self.set_focus, self._table)  # what is not laid out yet takes none
        far = None if self._found.result else progress_of(watched.state)
        line = drawing.progress(self._found, far, width, ascii=self.deck.ascii)
        self.query_one("#progress", Lines).show([line])
        said = caveats_of(watched.run, self._found.result), unclaimed_of(watched.run, self._found.result)
        self.query_one("#verdict", Lines).show(drawing.verdicts(self._found, width, *said))
        self._list.take(self._found, self._table)
        self.query_one("#trials", Lines).show([self._list.title()])
        self._figures.draw(self, self._found)

    def _show_spans(self, run: RunFolder) -> None:
        """A search through time: its figures, and a row for each span."""
        found, width, table = self._spans, self.size.width, self._table
        first = caveats_of(run, found.result)
        found = replace(found, result=found.result and as_claimed(run, found.result))
        snapshot = self.deck.snapshot
        line = spans.progress(found, snapshot, width, ascii=self.deck.ascii)
        self.query_one("#progress", Lines).show([line])
        room = SPAN_LINES["low" if self.has_class("low") else ""]
        self.query_one("#verdict", Lines).show(spans.verdicts(found, width, room, first))
        title: Line = [(" spans", "bright"), ("   enter opens a span's search", "quiet")]
        self.query_one("#trials", Lines).show([title])
        table.columns, table.sorted_by = spans.COLUMNS, ("", False)
        table.set_cells(dict(enumerate(spans.rows(found, snapshot))))
        if self.focused is None:
            self.call_after_refresh(self.set_focus, table)

    @property
    def _current(self) -> SearchTrial | None:
        """The trial under the cursor."""
        return self._list.at(self._table)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing now, or nothing in sight, are neither shown nor taken."""
        watched, trials = self._watched, bool(self._found.trials)
        trial = self._current is not None and self.in_sight("#table")
        allowed = {
            "open": trial or self._spans.at(self._table.cursor) in self.deck.snapshot.by_id,
            "train": trial,
            "filter": trials and self.in_sight("#table"),
            "setting": trials and self.in_sight("#slices"),
            "more": trials,
            "stop": watched is not None and watched.live,
            "resume": watched is not None and resumable(watched.state),
            "copy": watched is not None,
            "unzoom": bool(self._zoom),
            "other": len(self._searches()) > 1,
        }
        like = {"sort": "filter", "reverse": "filter", "zoom": "more", "export": "more"}
        return allowed.get(like.get(action, action), True)

    def _searches(self) -> list[Watched]:
        return [each for each in self.deck.snapshot.runs if each.run.mode in SHOWN]

    def action_open(self) -> None:
        """The run that the trial became, or its facts; of a span its search."""
        if name := self._spans.at(self._table.cursor):
            self.deck.chosen = name
            self.refresh_runs()
        elif self._watched and (trial := self._current):
            actions.open_trial(self, self._watched, self._found, trial)

    def action_train(self) -> None:
        """Ask first, then train the trial as a run of its own."""
        if self._watched and (trial := self._current):
            actions.ask_train(self, self._watched, trial)

    def action_stop(self) -> None:
        """Ask first, then ask the run."""
        if self._watched:
            ask_stop(self, self._watched)

    def action_resume(self) -> None:
        """Go on with the trials that lack."""
        if self._watched:
            self.deck.launch(self._watched.run)

    def action_filter(self) -> None:
        """Ask for a filter."""

        def put(text: str) -> None:
            self._list.filter = text
            self._show()

        actions.ask_filter(self, self._list.filter, self._list.check(self._found), put)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._list.sort(self._table)
        self._show()

    def action_reverse(self) -> None:
        """The other way round."""
        self._list.turn()
        self._show()

    def action_setting(self, step: int) -> None:
        """Slice by the setting before or after."""
        self._figures.choose(self._found, step)
        self._figures.draw(self, self._found)

    def action_zoom(self) -> None:
        """The next panel alone; in the end all of them."""
        self._to(ZOOMS[(ZOOMS.index(self._zoom) + 1) % len(ZOOMS)] if self._zoom in ZOOMS else "")

    def action_more(self) -> None:
        """Each further panel, and back."""
        more = [each for each in MORE if each != "front" or len(self._found.objectives) > 1]
        self._to(more[(more.index(self._zoom) + 1) % len(more)] if self._zoom in more else "")

    def action_unzoom(self) -> None:
        """All panels."""
        self._to("")

    def _to(self, zoom: str) -> None:
        self._zoom = zoom
        self.set_class(bool(zoom), "zoom")
        for name in (*ZOOMS, *MORE):
            if name:
                self.set_class(name == zoom, f"zoom-{name}")
        self.set_focus(
            self.query_one("#luck") if zoom == "luck" else self._table if zoom in ("", "trials") else None
        )
        self.refresh_bindings()
        self.call_after_refresh(self._show)

    def action_other(self, step: int) -> None:
        """The search before or after."""
        searches = self._searches()
        at = next(
            (at for at, each in enumerate(searches) if self._watched and each.id == self._watched.id), 0
        )
        self.deck.chosen = searches[max(0, min(len(searches) - 1, at + step))].id
        self.refresh_runs()

    def action_copy(self) -> None:
        """Copy the id."""
        if self._watched:
            self.deck.copy(self._watched.id)

    def action_export(self) -> None:
        """Write the trials as CSV."""
        if self._watched:
            actions.export(self, self._watched, self._found.trials)
