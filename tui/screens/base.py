"""What all screens share: a header line, a key line, and a word when the terminal is too small."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, ClassVar, cast

from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widget import Widget

from engine.hints import hint
from tui.compat import PacedScreen
from tui.screens.header import Header
from tui.terminal.keys import VIEW, key
from tui.terminal.sizes import HEIGHT, LOW, NARROW, SHORT, TALL, WIDE, WIDTH
from tui.widgets.key_line import KeyLine
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from engine.results.codec import Kind
    from engine.runs.events import Event
    from tui.deck import Deck
    from tui.runs.watch import Snapshot

BOX = 72  # a dialog is so wide where there is room


class ResizableScreen(PacedScreen):
    """A screen that needs 60 columns and 16 rows; with fewer it tells facts and takes no key but leave."""

    _focused_before: Widget | None = None

    @property
    def deck(self) -> Deck:
        """The app, with what it knows."""
        return cast("Deck", self.app)

    @property
    def hidden(self) -> bool:
        """Whether the terminal is too small to show it."""
        return self.has_class("too-small")

    def dismiss(self, result: object = None) -> AwaitComplete:
        """Close, once: of two keys that both close, the second may come before the first has done it."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def on_resize(self, event: events.Resize) -> None:
        """Show the screen, or what is needed for it."""
        width, height = event.size
        small = width < WIDTH or height < HEIGHT
        if small and not self.has_class("too-small"):
            self._focused_before = self.focused  # what is hidden loses it
        elif not small and self.has_class("too-small"):
            self.call_after_refresh(self.set_focus, self._focused_before)
        kinds = {
            "wide": width >= WIDE, "narrow": width < NARROW, "tall": height >= TALL,
            "short": height < SHORT, "low": height < LOW, "too-small": small,
        }  # fmt: skip
        before = self.classes
        for name, fits in kinds.items():
            self.set_class(fits, name, update=False)
        if self.classes != before:
            self.update_node_styles()  # once: all widgets are matched against all rules
        self.show_little()

    def show_little(self) -> None:
        """Where the screen is hidden: how the latest run stands, how to leave, and what room is needed."""
        if self.hidden:
            width, height = self.size
            facts = (
                *latest(self.deck.snapshot),
                "q leave",
                f"{WIDTH}×{HEIGHT} needed, this is {width}×{height}",
            )
            lines = [line for fact in facts for line in textwrap.wrap(fact, max(1, width))]
            self.query_one("#needed", Lines).show([[(line, "warn")] for line in lines])


def latest(snapshot: Snapshot) -> tuple[str, ...]:
    """The newest live run, else the newest, in two facts; none without a run."""
    if not (shown := (snapshot.live or snapshot.runs)[-1:]):
        return ()
    state = shown[0].state
    run = f"{shown[0].id} {state.status}"
    if not state.history:
        return (run,)
    last = state.history[-1]
    loss = "NaN" if last.loss is None else f"{last.loss:.4g}"
    return run, f"epoch {last.epoch}/{last.epochs} loss {loss}"


class BaseScreen(ResizableScreen):
    """One of the screens, or one that is opened from them. Its title stands in the second line."""

    MODE: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        key("question_mark", "app.deck_help", "help", "--help", key_display="?"),
        key("q", "app.leave", "leave", VIEW),
    ]  # fmt: skip

    def __init__(self) -> None:
        """Nothing is shown yet."""
        super().__init__()
        self._relaying = False

    def compose(self) -> ComposeResult:
        """Header, body, keys."""
        yield Lines(id="needed")
        yield Header(id="header")
        yield from self.body()
        yield KeyLine(id="keys")

    def body(self) -> Iterable[Widget]:
        """The widgets between header and keys."""
        return ()

    def on_mount(self) -> None:
        """Show what is known."""
        self.call_after_refresh(self.refresh_runs)

    def on_screen_resume(self) -> None:
        """Show what has happened while another screen was on."""
        self.call_after_refresh(self.refresh_runs)

    def on_lines_relaid(self) -> None:
        """Lay everything out anew, once for all blocks that have another size."""
        if not self._relaying:
            self._relaying = True
            self.call_after_refresh(self._relay)

    def _relay(self) -> None:
        self._relaying = False
        self.refresh_runs()

    def hint(self, words: str) -> str:
        """A command about this home, whose path is as screens write it."""
        home = self.deck.home.path
        return hint(home, words).replace(str(home), self.deck.home_text)

    def ask_engine(self, request: Event, kind: type[Kind]) -> Kind:
        """Ask the warm engine; called from a thread."""
        return self.deck.engine.ask(request, kind)

    def in_sight(self, selector: str) -> bool:
        """Whether a widget is on the screen; a key that acts on one that is not does nothing."""
        widget = self.query_one(selector)
        return all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget))

    @property
    def showing(self) -> str:
        """The id of the run whose present state is in sight; empty for none."""
        return ""

    def refresh_runs(self) -> None:
        """Header and screen from the latest snapshot; nothing once its widgets are being taken away."""
        if self.is_mounted and self.is_attached and self.is_current and self.query(Header):
            self.show_little()
            self.update_header(self.deck.snapshot, self.deck.now())
            self.runs_changed(self.deck.snapshot)

    def update_header(self, snapshot: Snapshot, now: datetime) -> None:
        """Bring the header line up to date."""
        header = self.query_one("#header", Header)
        header.set_facts(self.MODE, snapshot, now, replay=self.deck.replayed is not None)

    def runs_changed(self, snapshot: Snapshot) -> None:
        """Called with every new snapshot while the screen is on, and when it comes back."""


class Dialog(ModalScreen[object], ResizableScreen):
    """A dialog over a room; esc closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "back", show=False)]

    @property
    def columns(self) -> int:
        """The cells of a line of its text; see `#box` in app.tcss."""
        return max(1, min(BOX, self.app.size.width) - 6)

    def on_resize(self, _: events.Resize) -> None:
        """Break the lines anew."""
        self.lay_out()

    def lay_out(self) -> None:
        """Show the text, in lines of `columns`."""

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
