"""The line at the bottom of every screen: the keys that do something here and now."""

from __future__ import annotations

from tui.terminal.keys import changes, shown_as
from tui.widgets.lines import Line, Lines, width_of

ALWAYS = ("help", "leave")


class KeyLine(Lines):
    """One line of keys, taken from the bindings that are in force; `? help` and `q leave` are never cut."""

    _asked = False

    def on_mount(self) -> None:
        """Follow the bindings."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._show_soon())
        self._show_soon()

    def _show_soon(self) -> None:
        """Show them once for all that changes at a time: every binding is asked whether it is in force."""
        if not self._asked:
            self._asked = True
            self.call_after_refresh(self.show_keys)

    def on_resize(self) -> None:
        """Another width, another choice."""
        self.show_keys()

    def show_keys(self) -> None:
        """Show as many keys as fit."""
        self._asked = False
        if not self.is_attached or not self.screen.is_current:
            return
        shown: list[tuple[str, str]] = []
        last: list[tuple[str, str]] = []
        seen: dict[str, str] = {}
        view, plain = (getattr(self.app, name, False) for name in ("view", "ascii"))
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if view and changes(binding):
                continue
            if not binding.show or not active.enabled or seen.get(binding.description) is not None:
                continue
            seen[binding.description] = binding.key
            key = shown_as(binding, ascii=plain)
            (last if binding.description in ALWAYS else shown).append((key, binding.description))
        room = self.size.width - 1
        end = row(last)
        line: Line = [(" ", "")]
        for pair in shown:
            piece = row([pair])
            if width_of(line) + width_of(piece) + width_of(end) > room:
                break
            line += piece
        self.show([[*line, *end]])


def row(pairs: list[tuple[str, str]]) -> Line:
    """Keys with what they do."""
    line: Line = []
    for key, label in pairs:
        line += [(key, "bright"), (f" {label}  ", "quiet")]
    return line
