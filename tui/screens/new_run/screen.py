"""The form for a new run: all settings in groups, each checked while it is typed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from engine import settings
from engine.disk import refuse_output, write_whole
from engine.errors import QuantdeckError
from engine.runs.modes import started_alone
from tui.screens.base import BaseScreen
from tui.screens.dialogs import Ask, Prompt, wrapped
from tui.settings.draft import Draft
from tui.terminal.keys import VIEW, key
from tui.widgets.field import Choice, Field
from tui.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.runs.watch import Snapshot, Watched


class NewRun(BaseScreen, inherit_bindings=False):
    """Groups on the left, the settings of one on the right, what the present one means below."""

    MODE: ClassVar[str] = "train"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("ctrl+s", "start", "start", "run -c FILE", key_display="ctrl+s"),
        key("ctrl+o", "save", "save as TOML", "init -c FILE", key_display="ctrl+o"),
        key("pagedown", "group(1)", "group", VIEW, key_display="pgup pgdn", priority=True),
        key("pageup", "group(-1)", "previous group", VIEW, show=False, priority=True),
        key("ctrl+r", "default", "default", "init", key_display="ctrl+r"),
        key("ctrl+l", "last", "as last run", "run -c FILE", show=False),
        key("escape", "app.pop_screen", "back", VIEW, key_display="esc"),
        key("down,tab,enter", "app.focus_next", "next setting", VIEW, show=False, priority=True),
        key("up,shift+tab", "app.focus_previous", "previous setting", VIEW, show=False, priority=True),
        key("f1", "app.deck_help", "help", "--help", show=False),
    ]  # fmt: skip

    def __init__(self, draft: Draft | None = None) -> None:
        """Go on with a draft; without one a new one begins as the last run."""
        super().__init__()
        self._draft = draft
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
            self._draft = draft_of(
                [each for each in self.deck.snapshot.runs if each.run.mode in started_alone()]
            )
        self.deck.draft = self._draft
        self._check()
        self.call_after_refresh(self._show_group)

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
        width, rule = self.size.width, "-" if self.deck.ascii else "─"
        for name in ("#rule", "#rule2"):
            self.query_one(name, Lines).show([[(rule * width, "rule")]])
        count = len(self._wrong)
        verdict: Line = [("all settings are valid", "good")]
        if count:
            verdict = [(f"{count} setting{'s are' if count > 1 else ' is'} wrong", "bad")]
        origin = (
            "as the last run; ≠ marks what differs"
            if self.draft.has_last
            else "defaults; ≠ marks what differs"
        )
        self.query_one("#title", Lines).show(
            [[(" New run   ", "bright"), *verdict, (f"   {origin}", "quiet")]]
        )
        self.query_one("#groups", Lines).show(self._visible_groups())
        for field in self.query(Field):
            key = field.about.key
            field.remark(self._wrong.get(key, ""), self.draft.last[key], changed=self.draft.changed(key))
        self._explain()

    def _groups(self) -> list[str]:
        return list(dict.fromkeys(about.group for about in self.draft.catalogue.values()))

    def _visible_groups(self) -> list[Line]:
        """As many as fit around the present one; arrows tell of the others."""
        names = self._groups()
        room = self.query_one("#groups").size.height or len(names)
        first = max(0, min(names.index(self._group) - room + 2, len(names) - room))
        lines = [self._line_of(group) for group in names[first : first + room]]
        if first:
            lines[0] = [(f" ↑ {first + 1} more", "quiet")]
        if below := len(names) - first - room:
            lines[-1] = [(f" ↓ {below + 1} more", "quiet")] if below > 0 else lines[-1]
        return lines

    def _line_of(self, group: str) -> Line:
        keys = [key for key in self.draft.texts if key.startswith(f"{group}.")]
        wrong, changed = sum(key in self._wrong for key in keys), sum(map(self.draft.changed, keys))
        here = group == self._group
        return [
            ("▸" if here else " ", "live"), (group, "chosen" if here else ""),
            (f" ✗{wrong}" if wrong else "", "bad"), (f" ≠{changed}" if changed else "", "warn"),
        ]  # fmt: skip

    def _explain(self) -> None:
        field = self._field
        if field is None:
            return
        about, wrong = field.about, self._wrong.get(field.about.key, "")
        facts = [f"default {about.default or '(empty)'}"]
        facts += (
            [f"last run {self.draft.last[about.key] or '(empty)'}"] if self.draft.changed(about.key) else []
        )
        facts += (
            [f"allowed {about.allowed}"] if about.allowed else [f"unit {about.unit}"] if about.unit else []
        )
        width = self.size.width - 2
        text = [
            *wrapped(f"{about.key}  {self.draft.meaning(about.key)}", "", width)[:2],
            *wrapped("   ".join(facts), "quiet", width),
        ]
        told = wrapped(f"✗ {wrong}", "bad", width)[:2] if wrong else []
        height = self.query_one("#about").size.height or 4
        lines = [*text[: max(1, height - len(told))], *told]
        self.query_one("#about", Lines).show([[(" ", ""), *line] for line in lines])

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
        groups = self._groups()
        self._group = groups[(groups.index(self._group) + by) % len(groups)]
        await self._show_group()

    def action_default(self) -> None:
        """Put the default into the present field."""
        if field := self._field:
            field.put(field.about.default)

    def action_last(self) -> None:
        """Put the last run's value into the present field."""
        if field := self._field:
            field.put(self.draft.last[field.about.key])

    async def action_start(self) -> None:
        """Start the run if all settings are valid; else go to the first that is not."""
        if self._settings is None:
            key = next(iter(self._wrong))
            self._group = key.partition(".")[0]
            await self._show_group()
            for field in self.query(Field):
                if field.about.key == key:
                    self.set_focus(field.query("Input, Choice").first())
            self.notify(f"{key}: {self._wrong[key]}", title="Not yet", severity="error", markup=False)
            return
        texts = self.draft.texts
        self.deck.draft = None
        self.app.pop_screen()
        self.deck.start(texts["start.mode"], self._settings, name=texts["start.name"])

    def action_save(self) -> None:
        """Ask for a file and write the settings to it."""
        chosen = self._settings
        if chosen is None:
            self.notify("correct what is marked ✗ first", title="Not yet", severity="error")
            return

        def save(name: object) -> None:
            if not isinstance(name, str) or not name:
                return
            path = Path(name).expanduser()
            if not path.exists():
                self._write(path, chosen)
                return
            question = Ask(f"{path} exists already.", "Its content would be replaced.", "replace it")
            self.app.push_screen(question, lambda yes: self._write(path, chosen) if yes else None)

        self.app.push_screen(Prompt("Save these settings as", "quantdeck.toml"), save)

    def _write(self, path: Path, chosen: settings.Settings) -> None:
        try:
            refuse_output(path, self.deck.home.path, replace=True)
            write_whole(path, settings.to_toml(chosen, comments=True).encode())
        except QuantdeckError as error:
            self.notify(f"{path}: {error.reason}", title="Not written", severity="error", markup=False)
        else:
            self.notify(f"written to {path.absolute()}", markup=False)


def draft_of(runs: list[Watched]) -> Draft:
    """A draft that begins as the newest of these runs whose settings can be read."""
    for each in reversed(runs):
        try:
            return Draft(settings.load(each.run.settings_path), each.run.mode)
        except QuantdeckError:
            continue
    return Draft()
