"""In which order runs are listed: by anything that a filter knows, and each under the run that it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.number_format import defined
from tui.runs.run_filter import CHOICES, TEXTS, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.runs.facts import RunFacts


def ordered(runs: Sequence[RunFacts], by: str, *, reverse: bool) -> list[RunFacts]:
    """The runs by a figure or a text; those without it come last. Raises ChangeSettingsError."""
    key = key_of(by, by.lower(), {name for each in runs for name in each.own})

    def value(each: RunFacts) -> Any:
        if key in TEXTS or key in CHOICES:
            return (TEXTS | CHOICES)[key](each).lower()
        return each.best_loss if key == "val_loss" else each.metrics.get(key)

    return by_value(runs, value, reverse=reverse)


def by_value(runs: Sequence[RunFacts], value: Callable[[RunFacts], Any], *, reverse: bool) -> list[RunFacts]:
    """The runs by a value; those of which it is not defined come last either way."""
    known = [each for each in runs if isinstance(value(each), str) or defined(value(each))]
    ids = {each.run.id for each in known}
    return [*sorted(known, key=value, reverse=reverse), *(each for each in runs if each.run.id not in ids)]


def as_tree(runs: Sequence[RunFacts]) -> list[tuple[RunFacts, int]]:
    """Each run below the one that it is of, if it is among them, and how deep; siblings keep their order."""
    ids = {each.run.id for each in runs}
    below: dict[str, list[RunFacts]] = {}
    for each in runs:
        below.setdefault(each.run.of if each.run.of in ids - {each.run.id} else "", []).append(each)
    found: list[tuple[RunFacts, int]] = []
    todo = [(each, 0) for each in reversed(below.pop("", []))]
    while todo:
        each, depth = todo.pop()
        found.append((each, depth))
        todo += [(child, depth + 1) for child in reversed(below.pop(each.run.id, []))]
    left = [(each, 0) for rest in below.values() for each in rest]  # of each other, if anybody says so
    return [*found, *left]


def branch(name: str, depth: int) -> str:
    """A name as a tree shows it."""
    return f"{'  ' * (depth - 1)}└ {name}" if depth else name
