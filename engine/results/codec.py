"""Results as JSON and back: the one edge at which they are tables of anything.

NaN is null in JSON and NaN again when it is read. Keys that are not known are left out, so a result of a
later version can be read as far as it is understood. Pydantic would read the same, 150 ms after it is first
asked: too late for the app's first screen, which is drawn from an answer.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from engine.errors import RepairDataError

Kind = TypeVar("Kind")
Read = Callable[[Any], Any]  # a value of a JSON document as a value of a type; raises NotOfTypeError

IN_WORDS = {
    int: "a whole number", float: "a number", str: "a text", bool: "true or false", NoneType: "nothing",
}  # fmt: skip
LARGEST = int(sys.float_info.max)
JSON_NAME = "JSON name"  # in a field's metadata: what it is called in JSON, where no field can be called that


def null_is_nan(value: Any) -> Any:
    """In an Annotated number: null in JSON is NaN here."""
    return math.nan if value is None else value


Number = Annotated[float, null_is_nan]
Count = Annotated[int | float, null_is_nan]  # whole where it is known


def name_of(each: Field[Any]) -> str:
    """What a field is called in JSON."""
    return str(each.metadata.get(JSON_NAME, each.name))


class NotOfTypeError(ValueError):
    """A value that is not of its type: where it stands, and what is wrong with it."""

    def __init__(self, reason: str, *place: str) -> None:
        """`place` leads from the whole to the value."""
        super().__init__(reason)
        self.reason, self.place = reason, place

    def within(self, part: object) -> NotOfTypeError:
        """The same, told of what holds the part."""
        return NotOfTypeError(self.reason, str(part), *self.place)


def to_json(result: Any) -> dict[str, Any]:
    """A frozen dataclass as the plain values of a JSON document; NaN becomes null."""
    return {name_of(each): plain(getattr(result, each.name)) for each in fields(result)}


def from_json(kind: type[Kind], value: Any, where: str) -> Kind:
    """The dataclass that `to_json` wrote down. Raises RepairDataError that names `where`."""
    try:
        read: Any = reader
        found: Kind = read(kind)(value)
    except NotOfTypeError as error:
        place = f"{'.'.join(error.place)}: " if error.place else ""
        reason = f"is no proper {kind.__name__}: {place}{error.reason}"
        raise RepairDataError(where, reason, "Run it again") from None
    return found


@cache
def reader(kind: Any) -> Read:
    """What reads values of a type: a dataclass, or what one of results may hold."""
    if kind is Any:
        return lambda value: value
    if is_dataclass(kind):
        return read_dataclass(kind)
    if (origin := get_origin(kind)) is None:
        return partial(read_scalar, kind) if not issubclass(kind, tuple) else read_named_tuple(kind)
    return reader_of_parts(origin, get_args(kind))


def reader_of_parts(origin: Any, arguments: tuple[Any, ...]) -> Read:
    """What reads values of a type that is made of others."""
    if origin is Annotated:
        return partial(read_prepared, reader(arguments[0]), arguments[1:])
    if origin in (Union, UnionType):
        return partial(read_first, tuple(reader(each) for each in arguments))
    if origin is Literal:
        return partial(read_choice, arguments)
    if origin is dict:
        return partial(read_table, reader(arguments[1]))
    endless = origin is list or arguments[1:] == (Ellipsis,)
    readers = tuple(reader(each) for each in arguments[: 1 if endless else None])
    return partial(read_items, origin, readers, endless=endless)


def read_dataclass(kind: Any) -> Read:
    """A reader of tables by the names of a dataclass's fields."""
    types = get_type_hints(kind, include_extras=True)
    parts = [(each.name, name_of(each), reader(types[each.name]), is_needed(each)) for each in fields(kind)]

    def read(value: Any) -> Any:
        if type(value) is kind:
            return value
        if not isinstance(value, Mapping):
            raise NotOfTypeError("is no table")
        found = {}
        for field_name, name, part, needed in parts:
            if name in value:
                found[field_name] = inside(name, part, value[name])
            elif needed:
                raise NotOfTypeError("is missing", name)
        return kind(**found)

    return read


def read_named_tuple(kind: Any) -> Read:
    """A reader of lists of a NamedTuple's items."""
    readers = tuple(reader(each) for each in get_type_hints(kind, include_extras=True).values())
    return partial(read_items, kind._make, readers, endless=False)


def is_needed(each: Field[Any]) -> bool:
    """Whether a field has no default."""
    return each.default is MISSING and each.default_factory is MISSING


def inside(part: object, read: Read, value: Any) -> Any:
    """Read a part of a whole, which an error names."""
    try:
        return read(value)
    except NotOfTypeError as error:
        raise error.within(part) from None


def read_prepared(read: Read, prepare: tuple[Callable[[Any], Any], ...], value: Any) -> Any:
    """A value that the functions of its Annotated type prepare or refuse first."""
    try:
        for function in prepare:
            value = function(value)
    except (TypeError, ValueError) as error:
        raise NotOfTypeError(str(error)) from None
    return read(value)


def read_first(readers: tuple[Read, ...], value: Any) -> Any:
    """A value of one of several types, the first that takes it unchanged, else the first that takes it."""
    taken, refused = [], NotOfTypeError("")
    for read in readers:
        try:
            taken.append(read(value))
        except NotOfTypeError as error:
            refused = error if len(error.place) >= len(refused.place) else refused
        else:
            if type(taken[-1]) is type(value):
                return taken[-1]
    if not taken:
        raise refused
    return taken[0]


def read_choice(choices: tuple[Any, ...], value: Any) -> Any:
    """One of the choices."""
    if value not in choices:
        raise NotOfTypeError(f"is {value!r}, not one of {', '.join(map(str, choices))}")
    return value


def read_items(made: Callable[[Any], Any], readers: tuple[Read, ...], value: Any, *, endless: bool) -> Any:
    """A list, of any length of one kind, or with a kind for each item."""
    if not isinstance(value, list | tuple):
        raise NotOfTypeError("is no list")
    if endless:
        return made(inside(number, readers[0], item) for number, item in enumerate(value))
    if len(value) != len(readers):
        raise NotOfTypeError(f"has {len(value)} items instead of {len(readers)}")
    return made(inside(number, *pair) for number, pair in enumerate(zip(readers, value, strict=True)))


def read_table(read: Read, value: Any) -> dict[str, Any]:
    """A table of any keys."""
    if not isinstance(value, Mapping):
        raise NotOfTypeError("is no table")
    return {str(key): inside(key, read, item) for key, item in value.items()}


def read_scalar(kind: Any, value: Any) -> Any:
    """A text, a truth value, nothing or a number; a whole number may be written as 3.0."""
    if type(value) is int and abs(value) > LARGEST:
        raise NotOfTypeError("is too large a number")
    if type(value) is kind or (value is None and kind is NoneType):
        return value
    if kind is float and type(value) is int:
        return float(value)
    if kind is int and type(value) is float and value.is_integer():
        return int(value)
    raise NotOfTypeError(f"is {value!r}, not {IN_WORDS.get(kind, kind.__name__)}")


def plain(value: Any) -> Any:
    """The value as JSON can hold it: NaN and infinities become null, numpy's scalars plain numbers, results
    tables.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case _ if hasattr(value, "tolist"):
            return plain(value.tolist())
    return to_json(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
