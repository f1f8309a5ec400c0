"""The screens of the app, once: key, label, where each stands, and what it needs to be drawn.

Another screen is one more entry: app, header, help and palette read them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen


@dataclass(frozen=True)
class ScreenEntry:
    """One screen.

    place       module:class, imported when the screen is first shown, or soon after the first of them
    draws_with  modules without which it cannot be drawn, imported with it
    opens       modules of what its keys open, imported while something is looked at
    shows       kinds of run that are watched on it, and not on Train
    """

    name: str
    key: str
    label: str
    place: str
    draws_with: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()

    @property
    def modules(self) -> tuple[str, ...]:
        """What must be there before it is shown."""
        return (self.place.partition(":")[0], *self.draws_with)

    @property
    def style(self) -> Path:
        """Its own style sheet, read when the screen is made; it may be lacking."""
        return Path(__file__).parent / self.place.split(".")[-2] / "style.tcss"

    def make(self) -> Screen[object]:
        """A new screen. Imports its module."""
        module, _, name = self.place.partition(":")
        screen: Screen[object] = getattr(import_module(module), name)()
        return screen


SCREENS: dict[str, ScreenEntry] = {}


def watched_on(mode: str) -> str:
    """The screen on which a run of that kind is watched."""
    return next((entry.name for entry in SCREENS.values() if mode in entry.shows), "train")


def add(entry: ScreenEntry) -> None:
    """Register a screen; one of the same name is replaced."""
    SCREENS[entry.name] = entry


for each in (
    ScreenEntry(
        "data", "1", "Data", "tui.screens.data.screen:DataScreen",
        opens=("engine.settings", "plotext", *(f"tui.screens.data.{name}" for name in
               ("add_source", "browse", "import_file"))),
    ),
    ScreenEntry(
        "train", "2", "Train", "tui.screens.train.screen:TrainScreen",
        draws_with=("plotext",), opens=("tui.screens.new_run.screen",),
    ),
    ScreenEntry(
        "backtest", "3", "Backtest", "tui.screens.backtest.screen:BacktestScreen", draws_with=("plotext",),
    ),
    ScreenEntry("runs", "4", "Runs", "tui.screens.runs.screen:RunsScreen"),
    ScreenEntry(
        "search", "5", "Search", "tui.screens.search.screen:SearchScreen", draws_with=("plotext",),
        opens=("engine.settings", "tui.settings.trial"), shows=("search", "nested"),
    ),
):  # fmt: skip
    add(each)
