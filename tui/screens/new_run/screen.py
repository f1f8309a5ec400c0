"""The form for a new run: all settings in groups, each checked while it is typed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from engine import settings
from engine.disk import refuse_output, write_whole
from engine.errors import QuantdeckError
from engine.plain_file import expanded
from engine.runs.modes import startable, training
from tui.number_format import span
from tui.screens.base import BaseScreen
from tui.screens.dialogs import Ask, Prompt
from tui.screens.new_run import drawing
from tui.screens.new_run.beginning import draft_of, estimated_cost, taken_from, trained_alike
from tui.screens.pick import Pick
from tui.settings.draft import SERIES, Draft
from tui.settings.files import DEFAULT_FILE
from tui.terminal.keys import VIEW, key
from tui.widgets.field import Choice, Field
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from textual import events
    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.runs.watch import Snapshot


class NewRun(BaseScreen, inherit_bindings=False):
    """Groups on the left, the settings of one on the right, what the present one means below."""

    MODE: ClassVar[str] = "train"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("ctrl+s", "start", "start", "run -c FILE", key_display="ctrl+s"),
        key("ctrl+f", "find", "find", VIEW, key_display="ctrl+f"),
        key("ctrl+o", "save", "save TOML", "init -c FILE", key_display="ctrl+o"),
        key("pagedown", "group(1)", "group", VIEW, key_display="pgup pgdn", priority=True),
        key("pageup", "group(-1)", "previous group", VIEW, show=False, priority=True),
        key("ctrl+t", "take", "load TOML", "run -c FILE", show=False),
        key("ctrl+r", "default", "default", "init", key_display="ctrl+r"),
        key("ctrl+l", "last", "as it was", "run -c FILE", show=False),
        key("escape", "app.pop_screen", "back", VIEW, key_display="esc"),
        key("down,tab,enter", "app.focus_next", "next setting", VIEW, show=False, priority=True),
        key("up,shift+tab", "app.focus_previous", "previous setting", VIEW, show=False, priority=True),
        key("f1", "app.deck_help", "help", "--help", show=False),
    ]  # fmt: skip

    def __init__(self, draft: Draft | None = None, series: str = "") -> None:
        """Go on with a draft; without one a new one begins as quantdeck.toml, or as the last run.

        `series` is the stored series to run on, if that is chosen already.
        """
        super().__init__()
        self._draft, self._series = draft, series
        self._group, self._wrong = "start", dict[str, str]()
        self._settings: settings.Settings | None = None
        self._changing = asyncio.Lock()  # one group's fields at a time

    def body(self) -> Iterable[Widget]:
        """Title, groups beside fields, explanation."""
        yield Lines(id="title")
        yield Lines(id="rule")
        with Horizontal(id="form"):
            yield Lines(id="groups")
            yield Vertical(id="fields")
        yield Lines(id="rule2")
        yield Lines(id="about")

    def on_mount(self) -> None:
        """Begin with the first group."""
        if self._draft is None:
            runs = [each for each in self.deck.snapshot.runs if each.run.mode in startable()]
            try:
                self._draft = draft_of(runs, self._stored())
            except QuantdeckError as error:  # a quantdeck.toml that is wrong
                self.deck.report_error(error)
                self._draft = Draft(stored=self._stored())
        if self._series:
            self._draft.say(SERIES, self._series)
        self.deck.draft = self._draft
        self._check()
        self.call_after_refresh(self._show_group)

    def _stored(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in self.deck.home.data.glob("*.parquet")))

    @property
    def draft(self) -> Draft:
        """The draft, which is there once the form is mounted."""
        return self._draft or Draft()

    def runs_changed(self, snapshot: Snapshot) -> None:  # noqa: ARG002  the form stays as it is
        """Lay out for the present size."""
        self._show()

    def _check(self) -> None:
        self._settings, self._wrong = self.draft.check()

    async def _show_group(self) -> None:
        fields = self.query_one("#fields", Vertical)
        async with self._changing:
            await fields.remove_children()
            chosen = [about for about in self.draft.catalogue.values() if about.group == self._group]
            await fields.mount_all(Field(about, self.draft.texts[about.key]) for about in chosen)
        self._show()
        if found := fields.query("Input, Choice"):
            self.set_focus(found.first())

    def _show(self) -> None:
        if self._draft is None or not self.is_attached:
            return
        width, ascii_only = self.size.width, self.deck.ascii
        self.query_one("#title", Lines).show([drawing.title(self.draft, len(self._wrong))])
        self.query_one("#rule", Lines).show([[(("-" if ascii_only else "─") * width, "rule")]])
        self.query_one("#rule2", Lines).show([drawing.rule(self._cost(), width, ascii=ascii_only)])
        groups = self.query_one("#groups", Lines)
        groups.show(drawing.groups(self.draft, self._wrong, self._group, groups.size.height))
        for field in self.query(Field):
            key = field.about.key
            field.remark(
                self._wrong.get(key, ""), self.draft.last[key], changed=self.draft.changed(key),
                default=self.draft.texts[key] == field.about.default,
                meaning=self.draft.meaning(key) if self.has_class("wide") else "",
            )  # fmt: skip
        self._explain()

    def _cost(self) -> str:
        """How long an epoch will take, by the newest training that can be compared; nothing without one."""
        chosen, mode = self._settings, self.draft.texts["start.mode"]
        if chosen is None or mode not in training():
            return ""
        found = estimated_cost(self.deck.snapshot.runs, chosen, self.deck.watcher.read_log)
        if found is None:
            return ""
        cost, run = found
        return f"about {span(cost.epoch_s)} an epoch, {span(cost.most_s)} in all at most, judged by run {run}"

    def _explain(self) -> None:
        field = self._field
        if field is None:
            return
        wrong, block = self._wrong.get(field.about.key, ""), self.query_one("#about", Lines)
        width, height = self.size.width - 2, block.size.height or 4
        block.show(drawing.explanation(self.draft, field.about, wrong, width, height))

    @property
    def _field(self) -> Field | None:
        focused = self.focused
        return (
            next((each for each in focused.ancestors if isinstance(each, Field)), None) if focused else None
        )

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Explain the setting that one is at."""
        if isinstance(event.widget, Input | Choice):
            self._explain()

    def on_field_changed(self, event: Field.Changed) -> None:
        """Check all settings: what is allowed for one may hang on another."""
        self.draft.say(event.key, event.text)
        self._check()
        self._show()

    async def action_group(self, by: int) -> None:
        """Another group."""
        groups = self.draft.groups
        self._group = groups[(groups.index(self._group) + by) % len(groups)]
        await self._show_group()

    def action_default(self) -> None:
        """Put the default into the present field."""
        if field := self._field:
            field.put(field.about.default)

    def action_find(self) -> None:
        """Look for a setting by its name or by what it means, and go there."""
        listed = [(key, self.draft.meaning(key)) for key in self.draft.texts]
        present = self._field.about.key if self._field else ""

        async def go(key: object) -> None:
            if isinstance(key, str):
                await self._go(key)

        self.app.push_screen(Pick("Which setting?", listed, present), go)

    async def _go(self, key: str) -> None:
        """Put the focus on a setting."""
        self._group = key.partition(".")[0]
        await self._show_group()
        for field in self.query(Field):
            if field.about.key == key:
                self.set_focus(field.query("Input, Choice").first())

    def on_choice_listed(self, event: Choice.Listed) -> None:
        """Offer all values of a setting in a list that can be searched."""
        field = self._field
        if field is None:
            return

        def given(value: object) -> None:
            if isinstance(value, str):
                field.put(value)

        choices = [(value, "") for value in event.values]
        self.app.push_screen(Pick(f"{field.about.key}: {field.about.doc}", choices, event.value), given)

    def action_last(self) -> None:
        """Put the last run's value into the present field."""
        if field := self._field:
            field.put(self.draft.last[field.about.key])

    async def action_start(self) -> None:
        """Start the run if all settings are valid; else go to the first that is not."""
        if self._settings is None:
            key = next(iter(self._wrong))
            await self._go(key)
            self.notify(f"{key}: {self._wrong[key]}", title="Not started", severity="error", markup=False)
            return
        runs, mode = self.deck.snapshot.runs, self.draft.texts["start.mode"]
        if not (alike := trained_alike(runs, mode, self._settings)):
            self._start(self._settings)
            return
        chosen = self._settings
        question = Ask(
            f"Run {alike} has trained this model already.",
            "The settings are the same; training again would give the same model.",
            "train again",
        )
        self.app.push_screen(question, lambda yes: self._start(chosen) if yes else None)

    def _start(self, chosen: settings.Settings) -> None:
        texts = self.draft.texts
        self.deck.draft = None
        self.app.pop_screen()
        self.deck.start(texts["start.mode"], chosen, name=texts["start.name"])

    def action_take(self) -> None:
        """Ask for a file of settings and begin as that."""

        async def take(name: object) -> None:
            if not isinstance(name, str) or not name:
                return
            try:
                found = taken_from(name)
            except QuantdeckError as error:
                self.deck.report_error(error)
                return
            mode = self.draft.texts["start.mode"]
            self._draft = self.deck.draft = Draft(found, mode, origin=name, stored=self._stored())
            self._check()
            await self._show_group()

        self.app.push_screen(Prompt("Load settings from", DEFAULT_FILE), take)

    def action_save(self) -> None:
        """Ask for a file and write the settings to it."""
        chosen = self._settings
        if chosen is None:
            self.notify("correct what is marked ✗ first", title="Not saved", severity="error")
            return

        def save(name: object) -> None:
            if not isinstance(name, str) or not name:
                return
            path = expanded(name)
            if not path.exists():
                self._write(path, chosen)
                return
            question = Ask(f"{path} exists already.", "Its content would be replaced.", "replace it")
            self.app.push_screen(question, lambda yes: self._write(path, chosen) if yes else None)

        self.app.push_screen(Prompt("Save these settings as", DEFAULT_FILE), save)

    def _write(self, path: Path, chosen: settings.Settings) -> None:
        try:
            refuse_output(path, self.deck.home.path, replace=True)
            write_whole(path, settings.to_toml(chosen, comments=True).encode())
        except QuantdeckError as error:
            self.notify(f"{path}: {error.reason}", title="Not written", severity="error", markup=False)
        else:
            self.deck.wrote(path.absolute())
