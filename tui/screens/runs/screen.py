"""Screen 4: all runs, live and past."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from engine.errors import QuantdeckError
from engine.runs.remedies import resumable
from tui.runs.run_filter import wrong
from tui.runs.status import cannot_be_read
from tui.screens.backtest import selection
from tui.screens.base import BaseScreen
from tui.screens.dialogs import Prompt, ask_stop
from tui.screens.runs import actions, drawing
from tui.screens.runs.listing import RunsList
from tui.terminal.keys import VIEW, key
from tui.widgets.lines import Line, Lines
from tui.widgets.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.runs.facts import RunFacts
    from tui.runs.watch import Snapshot, Watched


class RunsScreen(BaseScreen):
    """The list of runs, the newest first, and the details of the one under the cursor."""

    MODE: ClassVar[str] = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("enter", "open", "open", "runs show RUN", key_display="↵"),
        key("space", "mark", "mark", VIEW),
        key("c", "compare", "compare", "runs compare RUN RUN"),
        key("n", "new_run", "new", "run -c FILE"),
        key("x", "stop", "stop", "runs stop RUN"),
        key("f", "first", "next in the queue", "runs first RUN"),
        key("R", "resume", "resume", "runs resume RUN", key_display="R"),
        key("D", "delete", "delete", "runs delete RUN", key_display="D"),
        key("N", "rename", "name", "runs rename RUN NAME", key_display="N"),
        key("o", "note", "note", "runs note RUN TEXT"),
        key("P", "reproduce", "reproduce", "reproduce RUN", show=False, key_display="P"),
        key("t", "train", "open its training", "runs show RUN", show=False),
        key("slash", "filter", "filter", "runs list --filter TEXT", show=False, key_display="/"),
        key("s", "sort", "sort by the next column", "runs list --sort NAME", show=False),
        key("S", "reverse", "reverse the order", "runs list --reverse", show=False, key_display="S"),
        key("up,k", "move(-1)", "up", VIEW, show=False),
        key("down,j", "move(1)", "down", VIEW, show=False),
        key("pageup", "page(-1)", "a page up", VIEW, show=False),
        key("pagedown", "page(1)", "a page down", VIEW, show=False),
        key("g,home", "move(-1000000)", "first run", VIEW, show=False),
        key("G,end", "move(1000000)", "last run", VIEW, show=False),
        key("T", "tree", "each under its run", "runs list --tree", show=False, key_display="T"),
        key("y", "copy", "copy the id", VIEW, show=False),
        key("e", "export", "export the list (CSV)", "runs list --csv FILE", show=False),
    ]  # fmt: skip

    def __init__(self) -> None:
        """An empty list."""
        super().__init__()
        self._list = RunsList()

    def body(self) -> Iterable[Widget]:
        """Title, list, details."""
        yield Lines(id="title")
        yield Lines(id="rule")
        yield Rows(id="rows")
        yield Lines(id="rule2")
        yield Lines(id="details")

    def runs_changed(self, snapshot: Snapshot) -> None:
        """Show the list as it is now; the cursor stays on its run."""
        at, rows = self._current, self.query_one(Rows)
        self._list.take(snapshot)
        if at is not None and (place := self._list.place(at.id)) is not None:
            rows.cursor = place
        self._show(snapshot)
        self.refresh_bindings()

    def _show(self, snapshot: Snapshot) -> None:
        width, rule = self.size.width, "-" if self.deck.ascii else "─"
        rows, details = self.query_one(Rows), self.query_one("#details", Lines)
        for name in ("#rule", "#rule2"):
            self.query_one(name, Lines).show([[(rule * width, "rule")]])
        self.query_one("#title", Lines).show([self._title(snapshot)])
        if not snapshot.runs:
            start: Line = [("  1   ", "bright"), ("Data: the demo, an import or a download", "")]
            empty: list[Line] = [
                [],
                [(f" {cannot_be_read(snapshot.closed) or 'No run yet'} in {self.deck.home_text}", "bright")],
                [],
                start,
            ]
            rows.show(empty if snapshot.ready else [[(" reading runs …", "quiet")]])
            details.show([])
            return
        listed, shown = self._list, drawing.columns(width)

        def row(number: int) -> Line:
            each = listed.shown[number]
            marked = each.run.id in listed.marked
            return drawing.row(each, shown, marked=marked, depth=listed.depths[number])

        rows.set_rows(drawing.header(shown, listed.by, down=listed.down), len(listed.shown), row)
        at = self._at
        none: Line = [(" no run fits the filter; / changes it", "quiet")]
        details.show(drawing.details(at, width, details.size.height) if at else [none])

    def _title(self, snapshot: Snapshot) -> Line:
        listed, total = self._list, len(snapshot.runs)
        all_of = f"{total} run{'s' * (total != 1)}"
        line: Line = [(f" {f'{len(listed.shown)} of ' if listed.filter else ''}{all_of}", "bright")]
        line += [(f"   filter: {listed.filter}", "warn")] if listed.filter else []
        marked = listed.marked if len(listed.marked) <= 2 else [f"{len(listed.marked)} runs"]
        line += [(f"   marked: {' '.join(marked)}", "live")] if marked else []
        if closed := cannot_be_read(snapshot.closed):
            line.append((f"   {closed}", "warn"))
        return [*line, (f"   in {self.deck.home_text}", "quiet")]

    @property
    def _at(self) -> RunFacts | None:
        cursor = self.query_one(Rows).cursor
        return self._list.shown[cursor] if cursor < len(self._list.shown) else None

    @property
    def _current(self) -> Watched | None:
        return self.deck.snapshot.by_id.get(at.run.id) if (at := self._at) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Keys that would do nothing now are not shown."""
        at = self._current
        if action == "stop":
            return at is not None and at.live
        if action == "first":
            return at is not None and at.live and at.state.status == "queued"
        if action == "delete":
            return at is not None and not at.live
        if action == "resume":
            return at is not None and resumable(at.state)
        if action in ("open", "mark", "compare", "rename", "note", "reproduce", "train", "copy", "export"):
            return at is not None
        return True

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self.query_one(Rows).move(rows)
        self._again()

    def action_page(self, pages: int) -> None:
        """Move by a page."""
        self.action_move(pages * self.query_one(Rows).page)

    def action_open(self) -> None:
        """The backtest if there is one, else the training."""
        if at := self._current:
            self.deck.open_run(at.id, "backtest" if selection.finished(at) else "")

    def action_train(self) -> None:
        """The training, even if there is a backtest."""
        if at := self._current:
            self.deck.open_run(at.id, "train")

    def action_mark(self) -> None:
        """Mark for a comparison."""
        if at := self._current:
            self._list.mark(at.id)
            self.action_move(1)

    def action_compare(self) -> None:
        """The marked runs side by side; with one marked, that one and the one under the cursor."""
        from tui.screens.runs.compare import Compare

        chosen = self._list.chosen(at.id if (at := self._current) else "")
        if len(chosen) > 1:
            self.app.push_screen(Compare(chosen))
        else:
            self.notify("mark two runs or more with space, then c", title="Compare", timeout=3)

    def action_new_run(self) -> None:
        """Open the form."""
        self.deck.new_run()

    def action_stop(self) -> None:
        """Ask first, then ask the run."""
        if at := self._current:
            ask_stop(self, at)

    def action_first(self) -> None:
        """Have a run that waits begin before the others that do."""
        if at := self._current:
            actions.put_first(self, at)

    def action_resume(self) -> None:
        """Go on from the last checkpoint."""
        if at := self._current:
            self.deck.launch(at.run)

    def action_delete(self) -> None:
        """Ask first, then delete the run with its files."""
        if at := self._current:
            actions.ask_delete(self, at)

    def action_rename(self) -> None:
        """Ask for a name."""
        if at := self._current:
            actions.ask_name(self, at)

    def action_note(self) -> None:
        """Ask for a note."""
        if at := self._current:
            actions.ask_note(self, at)

    def action_reproduce(self) -> None:
        """Ask first, then repeat the run and compare the two."""
        if at := self._current:
            actions.ask_again(self, at)

    def action_filter(self) -> None:
        """Ask for words and terms that rows must hold."""

        def take(text: object) -> None:
            if isinstance(text, str):
                self._list.filter = text
                self.refresh_runs()

        question = "Filter the runs: words, or such as sharpe>1 trades>30 series=BTC mode=run (empty: all)"
        check = partial(wrong, self._list.every)
        self.app.push_screen(Prompt(question, self._list.filter, check), take)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._list.sort()
        self.notify(f"sorted by {self._list.by}", timeout=2)
        self.refresh_runs()

    def action_reverse(self) -> None:
        """The other way round."""
        self._list.down = not self._list.down
        self.refresh_runs()

    def action_tree(self) -> None:
        """Each run under the one that it is of, and back."""
        self._list.tree = not self._list.tree
        self.refresh_runs()

    def action_copy(self) -> None:
        """Copy the id."""
        if at := self._current:
            self.deck.copy(at.id)

    def action_export(self) -> None:
        """Write the list as CSV."""
        from tui.text.csv_file import write_csv

        try:
            path = write_csv("runs.csv", self._list.table(), self.deck.home)
        except QuantdeckError as error:
            self.deck.report_error(error)
        else:
            self.deck.wrote(path)

    def _again(self) -> None:
        self._show(self.deck.snapshot)
        self.refresh_bindings()
