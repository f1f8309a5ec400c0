"""The space of a search: which settings are searched, between which values, and when.

    parameters = space_of(settings)            # of search.space; every fault at once

A range is {low = 2, high = 64}, with log = true or step = 2; a list is the values to choose from. Either may
have when = {"model.kind" = ["mlp", "gru"]}: elsewhere the setting is as it would be without the search.
"""

from __future__ import annotations

import difflib
import math
import sys
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.errors import Problem, SettingsError
from engine.settings.parameter import RULES, Parameter, stepped, steps
from engine.settings.reading import make
from engine.settings.tree import defaults
from engine.settings.writing import toml_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.settings.parameter import Value
    from engine.settings.tree import Settings

OF_SEVERAL = ("universe", "portfolio")  # groups that mean nothing to one symbol
SEARCHED = ("features", "window", "label", "scaling", "model", "training", *RULES, "universe")
NOT_SEARCHED = {
    "training.seed": "is luck, no setting; several trainings show what it moves",
    "training.seeds": "moves no trial",
    "training.devices": "is 1 in a search, so that no figure hangs on the machine",
    "backtest.span": "is the test in a search",
    "backtest.initial_capital": "is the same for all, or their figures could not be compared",
}
KEYS = ("low", "high", "log", "step", "values", "when")
MOST_VALUES = 1_000_000  # of a setting that goes in steps
ON_THE_LOGARITHM = "log goes without step, and from a low above 0"


class Fault(ValueError):  # noqa: N818  becomes a Problem
    """What is wrong with one entry of a space."""


def space_of(settings: Settings) -> tuple[Parameter, ...]:
    """The parameters of search.space, those that others hang on before these.

    Raises SettingsError with every fault at once.
    """
    found: dict[str, Parameter] = {}
    problems: list[Problem] = []
    for text in settings.search.space:
        key = text.partition("=")[0].strip()
        try:
            key, given = entry(text, found)
            refuse_of_several(key, settings)
            found[key] = parameter(key, given)
            problems += unfit(found[key])
        except Fault as fault:
            problems.append(Problem(key or "search.space", "", str(fault)))
    if not settings.search.space:
        problems.append(Problem("search.space", "", "is empty: name the settings to try"))
    problems += [] if problems else loose_ends(found)
    if problems:
        raise SettingsError("search.space", problems)
    return ordered(found)


def entry(text: str, before: Iterable[str]) -> tuple[str, Any]:
    """Key and value of an entry, whose key none before it has. Raises Fault."""
    key, equals, value = text.partition("=")
    key = key.strip().strip('"')
    if not equals:
        raise Fault("must be written KEY = {low = …, high = …} or KEY = [values]")
    if key in before:
        raise Fault("is there twice: name each setting once")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError) as error:
        raise Fault(f"is not TOML: {error}") from None


def parameter(key: str, given: Any) -> Parameter:
    """The parameter that an entry tells. Raises Fault."""
    refuse_key(key)
    table = {"values": given} if isinstance(given, list) else given
    if not isinstance(table, dict):
        raise Fault("must be a range, {low = …, high = …}, or a list of values")
    for name in table:
        if name not in KEYS:
            near = difflib.get_close_matches(name, KEYS, 1, 0.5)
            raise Fault(f"{name} is no part of a range{f'; did you mean {near[0]}?' if near else ''}")
    listed = isinstance(defaults()[key], tuple)
    when = conditions(table.get("when", {}))
    if "values" in table:
        return Parameter(key, values=choices(table), listed=listed and not holds_lists(table), when=when)
    return range_of(Parameter(key, whole=is_whole(key), listed=listed, when=when), table)


def range_of(empty: Parameter, table: Mapping[str, Any]) -> Parameter:
    """A parameter with the range that is stated for it. Raises Fault."""
    low, high, log = table.get("low", math.nan), table.get("high", math.nan), table.get("log", False)
    step = table.get("step", 1 if empty.whole and not log else 0)
    if isinstance(defaults()[empty.key], bool):
        raise Fault("is true or false: write [true, false]")
    if not (is_number(low) and is_number(high)):
        raise Fault("must have two finite numbers, low and high")
    if empty.whole and not all(isinstance(each, int) for each in (low, high, step)):
        raise Fault("is a whole number, and so must low, high and step be")
    if not low < high:
        raise Fault(f"low = {low:g} must be below high = {high:g}")
    if not isinstance(log, bool) or not is_number(step) or step < 0:
        raise Fault("log must be true or false, step a number above 0")
    if log and ("step" in table or low <= 0):
        raise Fault(ON_THE_LOGARITHM)
    if step and steps(low, high, step) > MOST_VALUES:
        raise Fault(
            f"has more than {MOST_VALUES:,} values in steps of {step:g}: widen these, or leave them out"
        )
    last = stepped(low, step, steps(low, high, step) - 1) if step else high
    return replace(empty, low=low, high=last, log=log, step=step)


def refuse_key(key: str) -> None:
    """Raise Fault for what is no setting, and for one that is not searched."""
    group = key.partition(".")[0]
    if key not in defaults():
        near = difflib.get_close_matches(key, list(defaults()), 1, 0.5)
        raise Fault(f"no such setting{f'; did you mean {near[0]}?' if near else ''}")
    if key in NOT_SEARCHED:
        raise Fault(NOT_SEARCHED[key])
    if group not in SEARCHED:
        raise Fault(f"is the same for all trials; settings of {', '.join(SEARCHED)} can be searched")


def refuse_of_several(key: str, settings: Settings) -> None:
    """Raise Fault for what is of several symbols where there is one."""
    if key.partition(".")[0] in OF_SEVERAL and not settings.data.symbols:
        raise Fault("is of several symbols, and data.symbols names none: name them, or leave it out")


def choices(table: Mapping[str, Any]) -> tuple[Value, ...]:
    """The values of a list. Raises Fault."""
    values = table["values"]
    if not isinstance(values, list) or len(values) < 2 or set(table) - {"values", "when"}:
        raise Fault("must have two or more values, and then no range")
    if any(not isinstance(each, str | int | float | list) for each in values):
        raise Fault("names a value that is no text, number, true, false or list")
    if any(values.count(each) > 1 for each in values):
        raise Fault("names a value twice")
    return tuple(values)


def holds_lists(table: Mapping[str, Any]) -> bool:
    """Whether the values are lists themselves."""
    return any(isinstance(each, list) for each in table["values"])


def conditions(table: Any) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    """What `when` asks for. Raises Fault."""
    if not isinstance(table, dict):
        raise Fault('when must be written {"model.kind" = "mlp"}, or with a list of values')
    flat: dict[str, Any] = {}
    for key, value in table.items():  # model.kind without quotes is a table within a table
        flat |= (
            {f"{key}.{name}": part for name, part in value.items()}
            if isinstance(value, dict)
            else {key: value}
        )
    for key, value in flat.items():
        if value == []:
            raise Fault(f"hangs on {key}, and on none of its values: name one or more")
    return tuple((key, tuple(value) if isinstance(value, list) else (value,)) for key, value in flat.items())


def is_number(value: Any) -> bool:
    """Whether it is a number that a float can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_whole(key: str) -> bool:
    """Whether a setting takes whole numbers alone."""
    default = defaults()[key]
    sample = default[0] if isinstance(default, tuple) and default else default
    return isinstance(sample, int) and not isinstance(sample, bool)


def unfit(found: Parameter) -> list[Problem]:
    """What the setting itself says of the ends of its range, or of each of its values."""
    group, _, name = found.key.partition(".")
    tried = found.values or (found.low, found.high)
    problems: list[Problem] = []
    for value in tried:
        sample = int(value) if found.whole and isinstance(value, float) else value
        try:
            make({group: {name: found.setting(sample)}})
        except SettingsError as error:
            own = [each for each in error.problems if each.key.startswith(found.key)]
            problems += [Problem(found.key, toml_value(value), each.reason) for each in own]
    return problems


def loose_ends(found: Mapping[str, Parameter]) -> list[Problem]:
    """Conditions that name what is not searched, values that cannot come, or each other in a circle."""
    problems = []
    for each in found.values():
        for key, values in each.when:
            other = found.get(key)
            if other is None:
                problems.append(
                    Problem(each.key, "", f"hangs on {key}, which is not searched: add it, or leave it out")
                )
            elif not other.values:
                problems.append(
                    Problem(each.key, "", f"hangs on {key}, which is a range: give it a list of values")
                )
            elif strange := [value for value in values if value not in other.values]:
                problems.append(
                    Problem(
                        each.key,
                        "",
                        f"hangs on {key} = {toml_value(strange[0])}, which is not among its values",
                    )
                )
            elif other.is_rule and not each.is_rule:
                problems.append(
                    Problem(
                        each.key, "", f"decides forecasts and hangs on {key}, a rule: rules are tried after"
                    )
                )
    if not problems and len(ordered(found)) < len(found):
        circle = sorted(set(found) - {each.key for each in ordered(found)})
        problems.append(
            Problem(circle[0], "", "hangs on itself through its conditions: leave one of them out")
        )
    return problems or never_there(found)


def never_there(found: Mapping[str, Parameter]) -> list[Problem]:
    """Parameters whose conditions cannot hold together; those of parameters that they hang on count, too."""
    problems = []
    for each in found.values():
        if never := [key for key, values in asked_of(each, found).items() if not values]:
            reason = f"is never there, as its conditions leave {never[0]} no value: leave one of them out"
            problems.append(Problem(each.key, "", reason))
    return problems


def asked_of(each: Parameter, found: Mapping[str, Parameter]) -> dict[str, list[Value]]:
    """The values that other parameters must have for this one to be there, those they hang on among them."""
    asked: dict[str, list[Value]] = {}
    for key, values in each.when:
        for name, allowed in ((key, list(values)), *asked_of(found[key], found).items()):
            asked[name] = [value for value in asked.get(name, allowed) if value in allowed]
    return asked


def ordered(found: Mapping[str, Parameter]) -> tuple[Parameter, ...]:
    """The parameters, those that others hang on before these; without those of a circle."""
    placed: dict[str, Parameter] = {}
    for _ in found:
        for key, each in found.items():
            if key not in placed and all(other in placed for other, _ in each.when):
                placed[key] = each
    return tuple(placed.values())
