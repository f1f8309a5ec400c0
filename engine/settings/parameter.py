"""A setting that is searched: what it may be, when it is there; and settings with drawn values in place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.settings.reading import FROM, THRESHOLD, make

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.settings.tree import Settings

Value: TypeAlias = "str | int | float | bool | list[str] | list[int] | list[float]"
RULES = ("signal", "backtest")  # groups that move no forecast


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

    def every_value(self) -> list[Value]:
        """All that can be drawn, for a grid; none of a range without steps."""
        if self.values:
            return list(self.values)
        if not self.step or self.log:
            return []
        found = stepped(self.low, self.high, self.step)
        return [int(each) for each in found] if self.whole else list(found)


def stepped(low: float, high: float, step: float) -> list[float]:
    """low, low + step and so on up to high, as they are written: 0.1 + 0.2 is 0.3."""
    first, apart = Decimal(str(low)), Decimal(str(step))
    count = int((Decimal(str(high)) - first) // apart) + 1
    kind = int if isinstance(low, int) and isinstance(step, int) else float
    return [kind(first + number * apart) for number in range(count)]


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
    told: dict[str, dict[str, Any]] = {}
    for each in parameters:
        if each.key in chosen:
            group, _, name = each.key.partition(".")
            told.setdefault(group, getattr(settings, group).model_dump())[name] = each.setting(
                chosen[each.key]
            )
    if THRESHOLD in chosen and FROM not in chosen:
        told["signal"]["threshold_from"] = "settings"
    groups = {group: type(getattr(settings, group)).model_validate(table) for group, table in told.items()}
    return settings.model_copy(update=groups)
