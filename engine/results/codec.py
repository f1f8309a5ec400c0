"""Results as JSON and back: the one edge at which they are tables of anything.

NaN is null in JSON and NaN again when it is read. Keys that are not known are left out, so a result of a
later version can be read as far as it is understood. pydantic validates; imported for that alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from engine.errors import RepairDataError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Kind = TypeVar("Kind")


class NullIsNaN:
    """In an Annotated number: null in JSON is NaN here."""

    @staticmethod
    def __get_pydantic_core_schema__(source: Any, handler: Any) -> Any:
        """How pydantic reads such a number."""
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(
            lambda value: math.nan if value is None else value, handler(source)
        )


Number = Annotated[float, NullIsNaN]
Count = Annotated[int | float, NullIsNaN]  # whole where it is known


def to_json(result: Any) -> dict[str, Any]:
    """A frozen dataclass as the plain values of a JSON document; NaN becomes null."""
    told: dict[str, Any] = plain(asdict(result))
    return told


def from_json(kind: type[Kind], told: Any, where: str) -> Kind:
    """The dataclass that `to_json` wrote down. Raises RepairDataError that names `where`."""
    from pydantic import ValidationError

    try:
        reader: Any = adapter
        found: Kind = reader(kind).validate_python(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise RepairDataError(
            where, f"is no proper {kind.__name__}: {place}: {first['msg']}", "Run it again"
        ) from None
    return found


def ready() -> None:
    """Import what reads results: from a thread, so that whoever shows them need not wait for it."""
    import pydantic  # noqa: F401


@cache
def adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Pydantic's reader of a dataclass, made once."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


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
    return plain(asdict(value)) if is_dataclass(value) and not isinstance(value, type) else str(value)
