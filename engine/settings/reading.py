"""Settings out of TOML and `-s key=value`, every fault told at once."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from engine.errors import ChangeSettingsError, Problem, SettingsError
from engine.hints import file_hint
from engine.plain_file import plain_bytes
from engine.settings.fields import allowed_values
from engine.settings.tree import Settings, defaults
from engine.settings.values import Contradiction

if TYPE_CHECKING:
    from pathlib import Path


MOST_BYTES = 1 << 17  # of a settings file; with every setting it has a fiftieth of them
MOST_TOLD, LONGEST_SHOWN = 100, 500  # faults, characters of a value
DOTTED = re.compile(rb"""(?<![\w"'-])(?:[\w"'-]++[ \t]*\.[ \t]*){30}""")  # parsed in the square of the time
THRESHOLD, FROM = "signal.entry_threshold", "signal.threshold_from"
NAMED_SINCE_EVER = frozenset(
    {
        THRESHOLD, FROM, "window.lookback", "label.horizon", "split.test", "scaling.kind", "model.units",
        "training.seed", "backtest.fee_bps", "evidence.seed",
    }
)  # fmt: skip
# What was done before there were these settings, whose defaults are otherwise.
FORMERLY = {
    "label.scale": "none", "label.clip": 0.0, "scaling.clip": 0.0, "model.members": 1,
    "signal.exit": "signal",
}  # fmt: skip


def load(path: Path | None, overrides: list[str] | None = None) -> Settings:
    """Settings from a TOML file (or the defaults) with `key=value` overrides on top.

    Raises SettingsError with every fault at once, ChangeSettingsError if the file cannot be read.
    """
    return make(read_toml(path) if path else {}, overrides, str(path) if path else "settings")


def make(tree: dict[str, Any], overrides: list[str] | None = None, where: str = "settings") -> Settings:
    """Settings from nested dicts and `key=value` overrides; SettingsError tells every fault."""
    as_it_was(tree)
    problems = [problem for text in overrides or [] if (problem := override(tree, text))]
    named = {text.partition("=")[0].strip() for text in overrides or []}
    if THRESHOLD in named and FROM not in named and isinstance(tree.get("signal"), dict):
        tree["signal"].pop("threshold_from", None)  # the threshold that is named is the one that is meant
    settings, faults = validated(tree)
    if faults:  # the rules between settings speak once the settings by themselves are right
        faults += validated(without(tree, faults))[1]
    problems += [problem_of(fault) for fault in faults[:MOST_TOLD]]
    if (more := len(faults) - MOST_TOLD) > 0:
        problems.append(Problem("…", "", f"{more:,} more are wrong"))
    if problems or settings is None:
        raise SettingsError(where, problems)
    return settings


def as_it_was(tree: dict[str, Any]) -> None:
    """Put FORMERLY into a tree that names all settings but those, such as that of a run of before them."""
    keys = {f"{group}.{name}" for group, table in tree.items() if isinstance(table, dict) for name in table}
    if keys >= NAMED_SINCE_EVER:
        for key, value in FORMERLY.items():
            group, _, name = key.partition(".")
            tree[group].setdefault(name, value)


def validated(tree: dict[str, Any]) -> tuple[Settings | None, list[Any]]:
    """The settings of a tree, or pydantic's list of faults."""
    try:
        return Settings.model_validate(tree), []
    except ValidationError as error:
        return None, list(error.errors())


def without(tree: dict[str, Any], faults: list[Any]) -> dict[str, Any]:
    """A copy of the tree without the keys that the faults name; a fault of a whole table takes the table."""
    pruned = {group: dict(table) if isinstance(table, dict) else table for group, table in tree.items()}
    for fault in faults:
        group, *name = fault["loc"][:2]
        if name and isinstance(pruned.get(group), dict):
            pruned[group].pop(name[0], None)
        else:
            pruned.pop(group, None)
    return pruned


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a settings file; ChangeSettingsError says where its syntax is wrong."""
    try:
        content = plain_bytes(path, MOST_BYTES)
        dotted = DOTTED.search(content) is not None
        found = {} if dotted else tomllib.loads(content.decode("utf-8-sig"))
    except FileNotFoundError:
        remedy = f"Write one: {file_hint(None, 'init -c FILE', path)}"
        raise ChangeSettingsError(str(path), "there is no such file", remedy) from None
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ChangeSettingsError(str(path), reason, "Name a file that you may read") from None
    except ValueError as error:  # of the syntax, of the encoding, or a number of too many digits
        raise ChangeSettingsError(str(path), f"is not TOML: {error}", "Correct it there") from None
    except RecursionError:
        reason = "is TOML of lists or tables within each other without end"
        raise ChangeSettingsError(str(path), reason, "Correct it there") from None
    if dotted:
        raise ChangeSettingsError(str(path), "has a key of more than 30 parts", "Correct it there")
    return found


def override(tree: dict[str, Any], text: str) -> Problem | None:
    """Put one `group.key=value` into the tree; the value is TOML, or else a plain string."""
    key, equals, raw = text.partition("=")
    group, dot, name = key.strip().partition(".")
    if not equals or not dot:
        return Problem(text, "", "must be written group.key=value, such as training.epochs=5")
    if any("\ud800" <= character <= "\udfff" for character in text):  # how Python hands over other bytes
        return Problem(ascii(key)[1:-1], ascii(raw)[1:-1], "must be UTF-8 text")
    table = tree.setdefault(group, {})
    if not isinstance(table, dict):
        return Problem(key, raw, f"{group} is not a table")
    table[name] = value_of(key.strip(), raw.strip())
    return None


def value_of(key: str, raw: str) -> Any:
    """Read a value as the key's own type wants it: strings need no quotes on a command line."""
    default = defaults().get(key)
    if isinstance(default, str):
        return raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "'\"" else raw
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
        return [value] if isinstance(default, tuple) and not isinstance(value, list) else value
    except (ValueError, RecursionError):
        return parted(raw.removeprefix("[").removesuffix("]")) if isinstance(default, tuple) else raw


def parted(text: str) -> list[str]:
    """The parts of a list whose texts have no quotes; a comma within brackets is of the part."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def shown(value: Any) -> str:
    """A value as the file may have it, cut where nobody would read on."""
    try:
        text = json.dumps(value, default=str)
    except (ValueError, RecursionError):
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} …"


def problem_of(fault: Any) -> Problem:
    """One pydantic fault as key, value and a reason that says what is allowed."""
    key = ".".join(str(part) for part in fault["loc"])
    value = shown(fault["input"])
    if fault["type"] == "extra_forbidden":
        known = list(Settings.model_fields) if "." not in key else list(defaults())
        near = difflib.get_close_matches(key, known, 1, 0.5)
        return Problem(key, "", f"no such setting{f'; did you mean {near[0]}?' if near else ''}")
    if fault["type"] == "value_error":
        error = fault["ctx"]["error"]
        if isinstance(error, Contradiction):
            return Problem(error.key, "", error.reason)
        return Problem(key, value, str(error))
    allowed = allowed_values(key)
    reason = fault["msg"].replace("Input should be", "must be")
    return Problem(key, value, f"{reason}{f' (allowed: {allowed})' if allowed else ''}")
