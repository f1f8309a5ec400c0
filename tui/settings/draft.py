"""A new run's settings while they are typed: texts, what is wrong, what differs from the last run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from engine import settings
from engine.errors import QuantdeckError, SettingsError
from engine.runs.modes import MODES, startable
from engine.settings.writing import toml_value

START = ("start.mode", "start.name")
SERIES = "data.series"
SPACE = "search.space"
SYNTAX = set(',[]{}"')  # a list of texts that hold these is written as TOML has it


@dataclass(frozen=True)
class About:
    """What a form tells of one setting."""

    key: str
    doc: str
    unit: str
    allowed: str
    choices: tuple[str, ...]  # empty: free text
    default: str

    @property
    def group(self) -> str:
        """The table it stands in."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """Its name in the table."""
        return self.key.partition(".")[2]


def catalogue() -> dict[str, About]:
    """Every setting in order, after what a run has besides settings: its mode and name."""
    modes = startable()
    found = {
        START[0]: About(START[0], "what is done", "", ", ".join(modes), modes, modes[0]),
        START[1]: About(START[1], "a name for the run, for people", "", "", (), ""),
    }
    for key, default in settings.defaults().items():
        field = settings.field_of(key)
        unit, allowed = settings.unit_of(key), settings.allowed_values(key)
        found[key] = About(key, field.description, unit, allowed, choices(key, default), written(default))
    return found


def choices(key: str, default: Any) -> tuple[str, ...]:
    """The values of a setting that has only a few."""
    if isinstance(default, bool):
        return ("false", "true")
    return settings.choices_of(key) if isinstance(default, str) else ()


def written(value: Any) -> str:
    """A value as one would type it."""
    match value:
        case bool():
            return str(value).lower()
        case tuple() | list() if any(isinstance(each, str) and set(each) & SYNTAX for each in value):
            return toml_value(list(value))
        case tuple() | list():
            return ", ".join(written(each) for each in value)
        case float():
            return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)


class Draft:
    """Texts by key. `last` holds the texts that it begins with, `origin` says whose these are."""

    def __init__(
        self, last: settings.Settings | None = None, mode: str = "run", *, origin: str = "the last run",
        stored: tuple[str, ...] | None = None,
    ) -> None:  # fmt: skip
        """Begin as the last run, or with the defaults. `stored`: the series that a run may read, if known."""
        self.catalogue = catalogue()
        self.stored = stored
        if stored:
            self.catalogue[SERIES] = replace(self.catalogue[SERIES], choices=("", *stored))
        self.last = {key: about.default for key, about in self.catalogue.items()}
        if last is not None:
            self.last |= {f"{group}.{name}": written(value) for group, table in last for name, value in table}
            offered = self.catalogue["start.mode"].choices
            self.last["start.mode"] = mode if mode in offered else offered[0]
        self.origin = origin if last is not None else ""
        self.texts = dict(self.last)
        self.said: set[str] = set()  # keys whose values were typed

    @property
    def groups(self) -> list[str]:
        """The tables, in order."""
        return list(dict.fromkeys(about.group for about in self.catalogue.values()))

    def say(self, key: str, text: str) -> None:
        """Take what was typed for a setting."""
        if self.texts[key] != text:
            self.said.add(key)
        self.texts[key] = text

    def overrides(self) -> list[str]:
        """What differs from the defaults or was typed, as the command line would be told.

        A default that somebody chose is a choice: 1h of a series of minutes makes hours of them.
        """
        found = []
        for key, text in self.texts.items():
            about = self.catalogue[key]
            if key in START or (text == about.default and key not in self.said):
                continue
            many = isinstance(settings.defaults()[key], tuple) and not text.startswith("[")
            found.append(f"{key}=[{text}]" if many else f"{key}={text}")
        return found

    def check(self) -> tuple[settings.Settings | None, dict[str, str]]:
        """The settings if all is well, and what is wrong by key."""
        wrong = {"start.name": fault} if (fault := name_fault(self.texts["start.name"])) else {}
        series = self.texts[SERIES]
        if self.stored is not None and series not in ("", *self.stored):
            wrong[SERIES] = f"no series {series!r} is stored here; import or fetch it on Data"
        try:
            made = settings.make({}, self.overrides())
        except SettingsError as error:
            for problem in error.problems:
                key = ".".join(problem.key.split(".")[:2])
                wrong.setdefault(key, problem.reason)
            return None, wrong
        if "trials" in MODES[self.texts[START[0]]].stages and (fault := space_fault(made)):
            wrong[SPACE] = fault
        return (None if wrong else made), wrong

    def meaning(self, key: str) -> str:
        """What a setting is; of the mode, what the chosen one does."""
        return MODES[self.texts[key]].about if key == START[0] else self.catalogue[key].doc

    def changed(self, key: str) -> bool:
        """Whether a setting differs from the last run's."""
        return self.texts[key] != self.last[key]


def space_fault(made: settings.Settings) -> str:
    """What is wrong with the space of a search."""
    try:
        settings.space_of(made)
    except SettingsError as error:
        return "; ".join(
            each.reason if each.key == SPACE else f"{each.key} {each.reason}" for each in error.problems
        )
    return ""


def name_fault(name: str) -> str:
    """What is wrong with a name for a run."""
    from engine.runs.home import checked_name

    try:
        checked_name(name)
    except QuantdeckError as error:
        return error.reason
    return ""
