"""What a key does, said once: for the screen, the line of keys, help and palette.

Whatever a key does that outlives the screen, a sub-command does as well; its binding names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.keys import format_key

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    class Facts(TypedDict, total=False):
        """What a binding may have besides."""

        show: bool
        key_display: str
        priority: bool


VIEW = "view only"  # nothing but what is shown, or how, is changed
# Where there are no arrows; `<` and `>` would be taken for keys of their own.
SPELLED = {"↵": "enter", "←": "left", "→": "right", "↑": "up", "↓": "down"}


def key(names: str, action: str, description: str, command: str, **facts: Unpack[Facts]) -> Binding:
    """A binding; `command` is the sub-command that does the same, without `quantdeck`, or VIEW."""
    # The tooltip, since Textual makes bindings of its own from these and keeps no other fields.
    tip = command if command == VIEW else f"quantdeck {command}"
    return Binding(names, action, description, tooltip=tip, **facts)


def shown_as(binding: Binding, *, ascii: bool) -> str:  # noqa: A002
    """The key as it is named on screens, or the two keys."""
    name = binding.key_display or format_key(binding.key)
    return " ".join(SPELLED.get(part, part) for part in name.split(" ")) if ascii else name


# The sub-commands that only read; a key that does the same as another changes something.
READING = (
    "--help",
    "runs show",
    "runs list",
    "compare",
    "trades",
    "returns",
    "data status",
    "data show",
    "data coverage",
)
WRITING = ("FILE", "--csv")


def changes(binding: Binding) -> bool:
    """Whether a key does more than show: it starts, stops, changes, writes or deletes something."""
    same = same_as(binding).removeprefix("quantdeck ")
    return bool(same) and (not same.startswith(READING) or any(word in same for word in WRITING))


def same_as(binding: Binding) -> str:
    """The sub-command that does the same as a key, empty if the key changes the view alone."""
    return "" if binding.tooltip == VIEW else binding.tooltip
