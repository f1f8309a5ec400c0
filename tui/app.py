"""The app: screens over the run folders of a home. It starts and shows runs; it computes nothing."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.events import Key

from engine.errors import QuantdeckError
from engine.hints import hint
from engine.runs.events import clock
from tui.background.preload import load, warm
from tui.background.warm_engine import Engine
from tui.run_control import ONLY_SHOWS
from tui.run_news import RunNews
from tui.screens import SCREENS, watched_on
from tui.terminal import themes
from tui.terminal.keys import VIEW, changes, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path, PurePath

    from textual.actions import ActionParseResult
    from textual.app import SystemCommand
    from textual.binding import BindingType
    from textual.dom import DOMNode
    from textual.events import Paste
    from textual.screen import Screen

    from engine.runs.folder import RunFolder
    from engine.runs.home import Home
    from tui.screens import ScreenEntry
    from tui.settings.draft import Draft


LEAVE = ("q", "ctrl+c", "ctrl+q")  # the keys of a screen that is hidden


class Quantdeck(RunNews):
    """The app; what its screens find in it is told by `tui.deck`."""

    TITLE = "quantdeck"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "screens/new_run/style.tcss"]
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        key("ctrl+c", "leave", "leave", VIEW, show=False, priority=True),
        key("ctrl+q", "leave", "leave", VIEW, show=False, priority=True),
        key("ctrl+z", "suspend_process", "to the shell; fg comes back", VIEW, show=False, priority=True),
    ]  # fmt: skip

    def __init__(
        self,
        home: Home,
        *,
        ascii: bool = False,  # noqa: A002
        start: RunFolder | None = None,
        first: str = "data",
        now: Callable[[], datetime] = clock,
        engine: Engine | None = None,
        other: tuple[Home, str] | None = None,
        replayed: RunFolder | None = None,
        view: bool = False,
    ) -> None:
        """`start` is a run to be launched at once, `first` the screen to begin with, `now` the clock, `other`
        a home that is offered while there is no run in this one, and what there is in it, `replayed` a run
        that is seen again, in a home where nothing new is started, `view` that nothing is started, stopped,
        changed or deleted.

        The app ends `engine` when it is left.
        """
        self.replayed, self.view = replayed, view
        self._first = "train" if start or replayed else first
        self.DEFAULT_MODE = self._first  # type: ignore[misc]  # instead of a blank screen before it
        super().__init__(home, now, other, start)
        self.ascii = ascii
        self.home_text = str(home.path)  # as screens show it
        self.engine = engine or Engine()
        self.chosen = run.id if (run := start or replayed) else ""
        self.draft: Draft | None = None  # a new run's settings, not started yet
        self._first_words: list[str] = []
        for entry in SCREENS.values():
            self.add_mode(entry.name, partial(self._made, entry))
            self.bind(entry.key, f"mode('{entry.name}')", description=entry.label, show=False)
        for theme in (themes.DARK, themes.LIGHT):
            self.register_theme(theme)
        wanted = os.environ.get("TEXTUAL_THEME", "")
        self.begin_with(wanted if wanted in self.available_themes else themes.DARK.name)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The colours of our roles, for every theme."""
        theme = self.current_theme
        return themes.roles(theme.to_color_system().generate(), dark=theme.dark)

    def _made(self, entry: ScreenEntry) -> Screen[object]:
        screen = entry.make()
        if entry.style.exists() and not self.stylesheet.has_source(str(entry.style)):
            self.stylesheet.read(entry.style)
            self.stylesheet.parse()
        self.styled_when_mounted(screen)
        return screen

    def takes(self, event: Key | Paste) -> bool:
        """Nothing but leaving is possible on a screen that is hidden, whatever is beneath.

        What was typed before a question stood there is no answer to it: text in which x and y follow each
        other, pasted where no field takes it, stops no run.
        """
        from tui.screens.dialogs import Ask

        if isinstance(self.screen, Ask) and event.time < self.screen.asked_at:
            return False
        if not self.screen.has_class("too-small"):
            return True
        if isinstance(event, Key) and event.key in LEAVE:
            self.action_leave()
        return False

    def on_mount(self) -> None:
        """Look at the runs, once the first screen stands."""
        self.app_resume_signal.subscribe(self, lambda _: self.repaint())  # after Ctrl-Z and fg
        self.call_after_refresh(self._begin)

    def say_first(self, text: str) -> None:
        """Have something said once the first screen stands."""
        self._first_words.append(text)

    def _begin(self) -> None:
        self.show_now()  # before the runs are read
        for text in self._first_words:
            self.notify(text, markup=False)
        if self._start:
            self.launch(self._start)
        self.watcher.start()

    def on_unmount(self) -> None:
        """End what belongs to the app alone."""
        self.watcher.stop()
        self._note_look()
        self.engine.close()

    def _warm(self) -> None:
        """Import what the other screens need, so that no key waits for it."""
        warm(self, *(module for entry in SCREENS.values() for module in (*entry.modules, *entry.opens)))

    async def run_action(
        self, action: str | ActionParseResult, default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:  # fmt: skip
        """Carry out what a key or the palette asks for; an app that only shows refuses to change anything."""
        active = self.screen.active_bindings.values() if self.view else ()
        if any(each.binding.action == action and changes(each.binding) for each in active):
            self.notify(ONLY_SHOWS, severity="warning")
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def begin(self, way: str) -> None:
        """Begin in an empty home: start the demo, or go to Data and `import` a file or `add` a source."""
        if way == "demo":
            self.start_demo()
        else:
            self.run_worker(self._begin_on_data(way), group="begin")

    async def _begin_on_data(self, way: str) -> None:
        await self.action_mode("data")
        self.run_later(way)

    def new_run(self, series: str = "") -> None:
        """Open the form for a new run, on a stored series if one is given."""
        from tui.screens.new_run.screen import NewRun

        self.push_screen(NewRun(self.draft, series))

    def copy(self, text: str, what: str = "") -> None:
        """Copy through the terminal (OSC 52); where it takes no copy, say so and offer a file."""
        from tui.screens.dialogs import ask_copy_file
        from tui.terminal.clipboard import refusal

        self.copy_to_clipboard(text)
        if why := refusal():
            self.push_screen(ask_copy_file(why), partial(self._write_copy, text))
        else:
            self.notify(f"copied: {what or text[:60]}", timeout=2, markup=False)

    def _write_copy(self, text: str, name: object) -> None:
        from engine.disk import refuse_output, write_whole
        from engine.plain_file import expanded

        if not isinstance(name, str) or not name.strip():
            return
        path = expanded(name).absolute()
        try:
            refuse_output(path, self.home.path)
            write_whole(path, f"{text}\n".encode())
        except QuantdeckError as error:
            self.report_error(error)
        else:
            self.wrote(path)

    def wrote(self, path: Path) -> None:
        """Say what was written; a browser is handed it as well, since the file lies with the server."""
        if self.is_web:
            self.deliver_text(path)
        self.notify(f"written to {path}", markup=False)

    def open_run(self, run_id: str, mode: str = "") -> None:
        """Show a run, on the screen where its kind is watched unless another is named, before any dialog."""
        self.chosen = run_id
        if not mode:
            known = self.snapshot.by_id.get(run_id)
            mode = watched_on(known.run.mode if known else self.home.find(run_id).mode)
        if self.current_mode != mode:
            self.switch_mode(mode)
        while len(self.screen_stack) > 1:
            self.pop_screen()  # a form's draft is kept
        self.on_runs_changed()

    def report_error(self, error: QuantdeckError, title: str = "") -> None:
        """An error: a toast if it may pass by itself, otherwise a dialog with the remedy."""
        from engine.errors import StopRequestedError, TryAgainError
        from tui.screens.dialogs import ErrorDialog

        if isinstance(error, TryAgainError | StopRequestedError):
            self.notify(str(error), title=title or "Try again", severity="warning", markup=False)
        else:
            self.push_screen(ErrorDialog(error))

    async def action_mode(self, name: str) -> None:
        """Go to a screen; what it is made of is imported beside the loop."""
        await asyncio.to_thread(load, SCREENS[name].modules)
        self.switch_mode(name)

    def action_leave(self) -> None:
        """Leave; runs go on. Settings of a new run that were typed and not started are not lost unasked."""
        from tui.screens.dialogs import Ask

        typed = self.draft is not None and any(map(self.draft.changed, self.draft.texts))
        if not typed or isinstance(self.screen, Ask) or self.screen.has_class("too-small"):
            self.exit()
            return
        detail = "The settings that you have typed for a new run are not started, and would be lost."
        self.push_screen(Ask("Leave?", detail, "leave"), lambda yes: self.exit() if yes else None)

    def action_deck_help(self) -> None:
        """Show all keys of this screen."""
        from tui.screens.help import Help

        self.push_screen(Help(self.screen))

    def action_command_palette(self) -> None:
        """Open the palette."""
        from tui.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def search_themes(self) -> None:
        """Choose a theme in the palette."""
        from textual.theme import ThemeProvider

        from tui.screens.palette import Palette

        self.push_screen(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: the screens, what the present one can do, and textual's own."""
        from textual.app import SystemCommand

        from tui.screens.help import actions

        for label, action, what in actions(screen):
            yield SystemCommand(label, what, lambda action=action: self.run_later(action))
        yield from super().get_system_commands(screen)

    def run_later(self, action: str) -> None:
        """Run an action once the palette has closed."""
        self.call_later(self.run_action, action, self.screen)

    def farewell(self) -> str:
        """What goes on after the app has been left; empty if nothing does."""
        live = self.snapshot.live
        if not live or self.replayed:
            return ""
        names = ", ".join(f"{each.id} ({each.state.status})" for each in live[-4:])
        go = "1 run goes" if len(live) == 1 else f"{len(live)} runs go"
        return f"{go} on: {names}. Watch again: {hint(self.home.path)}"
