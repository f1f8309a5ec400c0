"""What the form for a new run shows around its fields: title, groups, rules, what a setting means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.dialogs import wrapped
from tui.widgets.lines import fitted, width_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.settings.draft import About, Draft
    from tui.widgets.lines import Line


def title(draft: Draft, wrong: int) -> Line:
    """Whether all settings are valid, and what the marks mean."""
    verdict = ("all settings are valid", "good")
    if wrong:
        verdict = (f"{wrong} setting{'s are' if wrong > 1 else ' is'} wrong", "bad")
    whose = f"as {draft.origin}" if draft.origin else "defaults"
    legend = f"   {whose}  ≠ changed  • not default"
    return [(" New run   ", "bright"), verdict, (legend, "quiet")]


def rule(text: str, width: int, *, ascii: bool) -> Line:  # noqa: A002
    """A rule with a text at its end."""
    sign, room = "-" if ascii else "─", fitted(text, width - 8).rstrip()
    told: Line = [(f" {room} ", "quiet")] if room else []
    return [(sign * (width - width_of(told) - 4), "rule"), *told, (sign * 4, "rule")]


def groups(draft: Draft, wrong: Mapping[str, str], present: str, room: int) -> list[Line]:
    """As many groups as fit around the present one; arrows tell of the others."""
    names = draft.groups
    room = room or len(names)
    first = max(0, min(names.index(present) - room + 2, len(names) - room))
    lines = [group(draft, wrong, name, here=name == present) for name in names[first : first + room]]
    if first:
        lines[0] = [(f" ↑ {first + 1} more", "quiet")]
    if (below := len(names) - first - room) > 0:
        lines[-1] = [(f" ↓ {below + 1} more", "quiet")]
    return lines


def group(draft: Draft, wrong: Mapping[str, str], name: str, *, here: bool) -> Line:
    """A group, and how many of its settings are wrong or changed."""
    keys = [key for key in draft.texts if key.startswith(f"{name}.")]
    faulty, changed = sum(key in wrong for key in keys), sum(map(draft.changed, keys))
    return [
        ("▸" if here else " ", "live"), (name, "chosen" if here else ""),
        (f" ✗{faulty}" if faulty else "", "bad"), (f" ≠{changed}" if changed else "", "warn"),
    ]  # fmt: skip


def explanation(draft: Draft, about: About, wrong: str, width: int, height: int) -> list[Line]:
    """What a setting means, what it may be and was, and why it cannot be as it stands."""
    facts = [f"default {about.default or '(empty)'}"]
    if about.choices:
        facts.append("← → change, / lists them")
    if draft.changed(about.key):
        whose = draft.origin.removeprefix("the ") or "at first"
        facts.append(f"{whose} {draft.last[about.key] or '(empty)'}")
    facts += [f"allowed {about.allowed}"] if about.allowed else [f"unit {about.unit}"] if about.unit else []
    text = [
        *wrapped(f"{about.key}  {draft.meaning(about.key)}", "", width)[:2],
        *wrapped("   ".join(facts), "quiet", width),
    ]
    reason = wrapped(f"✗ {wrong}", "bad", width)[:2] if wrong else []
    lines = [*text[: max(1, height - len(reason))], *reason]
    return [[(" ", ""), *line] for line in lines]
