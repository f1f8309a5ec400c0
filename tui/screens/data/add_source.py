"""The form of a new source; its first update fetches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input

from engine.errors import SettingsError
from tui.screens.base import Dialog
from tui.screens.data.updates import source
from tui.screens.dialogs import described, wrapped
from tui.widgets.entry import Entry
from tui.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.results.series import SeriesKind
    from engine.settings import Settings

FIELDS = (
    ("exchange", "binance", "its id in ccxt (demo: simulated)"),
    ("symbol", "BTC/USDT", "market, such as BTC/USDT or BTC/USDT:USDT"),
    ("timeframe", "1h", "length of a candle: 1m … 1d"),
    ("kind", "candles", ""),
    ("start", "", "UTC date; empty: two years ago"),
)


class AddSource(Dialog):
    """Dismissed with the settings of an update, or None."""

    def __init__(self, kinds: tuple[SeriesKind, ...]) -> None:
        """`kinds`: those that can be fetched."""
        super().__init__()
        self.kinds = {kind.name: kind for kind in kinds}

    def compose(self) -> ComposeResult:
        """A field a line, with what it means; below, what is wrong."""
        yield Lines(id="needed")
        with Vertical(id="box"):
            yield Lines(id="text")
            for name, value, _ in self.fields():
                yield Lines(id=f"about-{name}")
                yield Entry(value, id=f"field-{name}", compact=True)
            yield Lines(id="wrong")

    def on_mount(self) -> None:
        """Lay out the text."""
        self.query_one("#text", Lines).show([[("Add a source", "bright")]])
        self.lay_out()
        self.query_one("#field-exchange", Input).focus()
        self.judge()

    def lay_out(self) -> None:
        """Say what each field is, in the room that there is."""
        for name, _, meaning in self.fields():
            self.query_one(f"#about-{name}", Lines).show(described(name, meaning, self.columns))

    def fields(self) -> list[tuple[str, str, str]]:
        """Name, first value and meaning of each field."""
        return [(name, value, meaning or ", ".join(self.kinds)) for name, value, meaning in FIELDS]

    def on_input_changed(self) -> None:
        """Say while it is typed whether it will do."""
        self.judge()

    def on_input_submitted(self) -> None:
        """Give the settings, if they will do."""
        if settings := self.judge():
            self.dismiss(settings)

    def judge(self) -> Settings | None:
        """The settings; None where they are wrong, which is said."""
        from engine.settings import make

        given = {name: self.query_one(f"#field-{name}", Input).value.strip() for name, *_ in FIELDS}
        wrong, settings = "", None
        kind = self.kinds.get(given["kind"])
        if kind is None:
            wrong = f"kind: {given['kind']!r} is none of {', '.join(self.kinds)}"
        else:
            data = source(given["exchange"], given["symbol"], given["timeframe"], kind)
            try:
                settings = make({"data": {**data, "start": given["start"]}})
            except SettingsError as error:
                wrong = "\n".join(str(problem) for problem in error.problems)
        keys: Line = []
        for key, what in (("enter", "fetch it"), ("tab", "next field"), ("esc", "cancel")):
            keys += [(key, "bright"), (f" {what}   ", "quiet")]
        self.query_one("#wrong", Lines).show(
            [*(wrapped(wrong, "bad", self.columns) if wrong else [[]]), keys]
        )
        return settings
