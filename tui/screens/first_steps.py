"""What an empty home offers: three ways to begin, each with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.terminal.keys import key

if TYPE_CHECKING:
    from textual.binding import Binding

    from tui.widgets.lines import Line

WAYS = (
    ("d", "the demo: a small training on a SIMULATED market, under a minute"),
    ("i", "import a file: candles or other values as CSV, Parquet, JSON"),
    ("a", "download from an exchange: candles, funding rates, open interest"),
)
KEYS: list[Binding] = [
    key("d", "begin('demo')", "demo", "demo"),
    key("i", "begin('import')", "import", "data import FILE"),
    key("a", "begin('add')", "download", "data update -s data.symbol=…"),
]


def first_steps(lacking: str) -> list[Line]:
    """What is lacking, and the three ways."""
    keys: list[Line] = [[(f"  {name}   ", "bright"), (what, "")] for name, what in WAYS]
    return [[], [(f" {lacking}", "bright")], [], *keys]
