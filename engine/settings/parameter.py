"""A setting that is searched: what it may be, when it is there; and settings with drawn values in place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.settings.reading import FROM, THRESHOLD, make

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.settings.tree import Settings

Value: TypeAlias = "str | int | float | bool | list[str] | list[int] | list[float]"
RULES = ("signal", "backtest", "portfolio")  # groups that move no forecast


@dataclass(frozen=True)
class Parameter:
    """A setting that is searched: between low and high, or of `values`; whole numbers where `whole`.

    listed: the setting is a list, and a drawn value its only member. when: keys of other parameters, each
    with the values for which there is this one.
    """

    key: str
    low: float = math.nan
    high: float = math.nan
    log: bool = False
    step: float = 0.0
    whole: bool = False
    listed: bool = False
    values: tuple[Value, ...] = ()
    when: tuple[tuple[str, tuple[Value, ...]], ...] = ()

    @property
    def is_rule(self) -> bool:
        """Whether it moves no forecast, so that no training is needed to try it."""
        return self.key.partition(".")[0] in RULES

    def exists(self, chosen: Mapping[str, Value]) -> bool:
        """Whether it is there when the parameters that were chosen before have these values."""
        return all(key in chosen and chosen[key] in values for key, values in self.when)

    def setting(self, value: Value) -> Any:
        """A drawn value as the setting takes it."""
        return [value] if self.listed else value

    @property
    def count(self) -> int:
        """How many values can be drawn, for a grid; 0 of a range without steps."""
        if self.values:
            return len(self.values)
        return 0 if not self.step or self.log else steps(self.low, self.high, self.step)

    def value_at(self, number: int) -> Value:
        """One of the values that can be counted, from 0 on."""
        return self.values[number] if self.values else stepped(self.low, self.step, number)

    def every_value(self) -> list[Value]:
        """All that can be drawn, for a grid; none of a range without steps."""
        return [self.value_at(number) for number in range(self.count)]


def steps(low: float, high: float, step: float) -> int:
    """How many of low, low + step and so on there are up to high, as they are written."""
    return int((Fraction(str(high)) - Fraction(str(low))) // Fraction(str(step))) + 1


def stepped(low: float, step: float, number: int) -> int | float:
    """Low and so many steps on, as they are written: 0.1 and two of 0.1 are 0.3."""
    found = Fraction(str(low)) + number * Fraction(str(step))
    return int(found) if isinstance(low, int) and isinstance(step, int) else float(found)


def with_values(settings: Settings, chosen: Mapping[str, Value], parameters: Iterable[Parameter]) -> Settings:
    """The settings with drawn values in their places. Raises SettingsError where they contradict."""
    tree = settings.model_dump()
    for each in parameters:
        if each.key in chosen:
            group, _, name = each.key.partition(".")
            tree[group][name] = each.setting(chosen[each.key])
    if THRESHOLD in chosen and FROM not in chosen:
        tree["signal"]["threshold_from"] = "settings"  # a threshold that is drawn is the one that is meant
    return make(tree)


def with_rules(settings: Settings, chosen: Mapping[str, Value], parameters: Iterable[Parameter]) -> Settings:
    """The same for rules alone, a hundred times faster. Raises pydantic's ValidationError."""
    tables: dict[str, dict[str, Any]] = {}
    for each in parameters:
        if each.key in chosen:
            group, _, name = each.key.partition(".")
            tables.setdefault(group, getattr(settings, group).model_dump())[name] = each.setting(
                chosen[each.key]
            )
    if THRESHOLD in chosen and FROM not in chosen:
        tables["signal"]["threshold_from"] = "settings"
    groups = {group: type(getattr(settings, group)).model_validate(table) for group, table in tables.items()}
    return settings.model_copy(update=groups)
