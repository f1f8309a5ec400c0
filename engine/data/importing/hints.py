"""What somebody says about a file, where the file itself leaves it open."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnclearError(ValueError):
    """What a file is instead of a table, or what of it cannot be read or read in one way: said in words."""


class HintNeededError(UnclearError):
    """A file can be read in more than one way, and `option` says which is meant."""

    def __init__(self, reason: str, option: str) -> None:
        """The reason shows the readings."""
        self.option = option
        super().__init__(reason)


@dataclass(frozen=True)
class Hints:
    """Each is empty where nothing is said; `choices` of the metadata are the words that are allowed."""

    dates: str = field(default="", metadata={"choices": ("day-first", "month-first", "year-first")})
    decimal: str = field(default="", metadata={"choices": ("point", "comma")})  # the decimal mark
    timezone: str = ""  # of times that carry none; without it they are UTC
    label: str = field(default="", metadata={"choices": ("open", "close")})  # which end of a bar its time is
    part: str = field(default="", metadata={"choices": ("finer", "later")})  # of a file with two steps
    memory_limit: str = ""  # GB that reading may take; empty: what the machine has left
    accept_losses: bool = False  # store what is sound, however little that is

    def __post_init__(self) -> None:
        """Refuse a word that is not allowed. Raises ChangeSettingsError."""
        for each in fields(self):
            value: Any = getattr(self, each.name)
            choices = each.metadata.get("choices")
            if choices and value and value not in choices:
                option = f"--{each.name.replace('_', '-')}"
                raise ChangeSettingsError(f"{option} {value}", "is not known", f"Use {' or '.join(choices)}")
        if self.memory_limit and not is_size(self.memory_limit):
            given, remedy = f"--memory-limit {self.memory_limit}", "Give GB, such as 4 or 0.5"
            raise ChangeSettingsError(given, "is no amount of memory", remedy)
        if self.timezone:
            zone_of(self.timezone)


def hints_of(given: Mapping[str, Any]) -> Hints:
    """Hints by name. Raises ChangeSettingsError for a name or a word that is not known."""
    names = [each.name for each in fields(Hints)]
    if unknown := set(given) - set(names):
        known = ", ".join(f"--{name.replace('_', '-')}" for name in names)
        raise ChangeSettingsError(f"option --{min(unknown)}", "is not known", f"Use {known}")
    return Hints(**given)


def is_size(text: str) -> bool:
    """Whether a text is a number above 0, and of bytes that there could be."""
    try:
        return 0 < float(text) < 1e9
    except ValueError:
        return False


def zone_of(name: str) -> Any:
    """The time zone of an IANA name. Raises ChangeSettingsError."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        remedy = "Use a name such as Europe/Berlin or America/New_York"
        raise ChangeSettingsError(f"--timezone {name}", "is not known", remedy) from None


NO_HINTS = Hints()
