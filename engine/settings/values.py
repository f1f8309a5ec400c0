"""What settings are made of: kinds of values, patterns, and a group with its documented fields."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

TIMEFRAME_MS = {
    "1m": 60_000, "3m": 180_000, "5m": 300_000, "15m": 900_000, "30m": 1_800_000,
    "1h": 3_600_000, "2h": 7_200_000, "4h": 14_400_000, "6h": 21_600_000, "8h": 28_800_000,
    "12h": 43_200_000, "1d": 86_400_000,
}  # fmt: skip
SERIES_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SERIES_PATTERN = re.compile(r"[A-Za-z0-9*?\[][A-Za-z0-9._*?\[\]!-]{0,99}")
SYMBOL = re.compile(r"[A-Z0-9a-z]{1,20}(/[A-Z0-9a-z]{1,20})?(:[A-Z0-9a-z]{1,20})?")
CALENDAR = re.compile(r"(24/7|[a-z]{3}(?:[-,][a-z]{3})*)(?: ([\d:,-]+))?(?: ([A-Za-z0-9_+/-]+))?")
NAMED = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]{1,100}")  # what files call a market, such as BRK.B or EURUSD=X
KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
EXCHANGE = re.compile(r"([a-z0-9]{2,30})?")
OWN_COLUMNS = (  # of a merged market; a series of the user's own has another name
    "open", "high", "low", "close", "volume", "flag", "candles", "funding", "open_interest", "second_close",
    "second_volume",
)  # fmt: skip
EXTRA_HOURS = (24.0, 72.0)  # delay and staleness of a series of the user's own that tells neither
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Contradiction(ValueError):  # noqa: N818  becomes a Problem of the settings
    """A value that does not go with another setting's."""

    def __init__(self, key: str, reason: str) -> None:
        """`key` is the setting to change."""
        super().__init__(reason)
        self.key, self.reason = key, reason


def matching(pattern: re.Pattern[str], value: str, wanted: str) -> str:
    """Return value if the whole of it matches; raise ValueError that says what is wanted."""
    if not pattern.fullmatch(value):
        raise ValueError(f"must be {wanted}")
    return value


def once(value: tuple[str, ...], names: Sequence[str]) -> tuple[str, ...]:
    """Return value if no name is there twice; raise ValueError that says which is."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"names {', '.join(twice)} twice")
    return value


def extra_of(text: str) -> tuple[str, float, float]:
    """Name, delay and staleness in hours of an entry of data.extra. Raises ValueError."""
    name, *hours = text.split(":")
    matching(SERIES_NAME, name, "NAME, NAME:DELAY or NAME:DELAY:STALENESS, such as fear_greed:24:72")
    if name in OWN_COLUMNS:
        raise ValueError(f"must not name a series {name}: that is one of the run's own")
    try:
        parts = [float(number) for number in hours]
    except ValueError:
        parts = [math.nan]
    delay, staleness = (*parts, *EXTRA_HOURS[len(parts) :])[:2]
    if len(hours) > 2 or not (0 <= delay <= 8760 and 0 < staleness <= 87_600):
        raise ValueError(f"must be written NAME:DELAY:STALENESS, 0 … 8760 h and above 0 … 87600 h; {text}")
    return name, delay, staleness


def also_of(text: str) -> tuple[str, float | None, float | None]:
    """Kind, delay and staleness in hours of an entry of data.also, None for the kind's own.

    Raises ValueError.
    """
    name, *hours = text.split(":")
    wanted = "KIND or KIND:DELAY:STALENESS, such as open_interest:0.5:6"
    matching(KIND, name, wanted)
    if not hours:
        return name, None, None
    try:
        delay, staleness = map(float, hours)
    except ValueError:
        raise ValueError(f"must be {wanted}; {text}") from None
    if not (0 <= delay <= 8760 and 0 < staleness <= 87_600):
        raise ValueError(f"must have 0 … 8760 h of delay and above 0 … 87600 h of staleness; {text}")
    return name, delay, staleness


def brackets_of(texts: tuple[str, ...]) -> tuple[tuple[float, float], ...]:
    """Margin brackets NOTIONAL:SHARE as (notional, share of what lies above it). Raises ValueError."""
    wanted = "NOTIONAL:SHARE, both rising, from 0 on and shares below 1, such as 0:0.004, 50000:0.005"
    try:
        parts = tuple((float(low), float(share)) for low, share in (text.split(":") for text in texts))
    except ValueError:
        raise ValueError(f"must be written {wanted}") from None
    lows, shares = [low for low, _ in parts], [share for _, share in parts]
    rising = all(low < high for low, high in itertools.pairwise([*lows, math.inf]))
    right = rising and shares == sorted(shares) and all(0 <= share < 1 for share in shares)
    if parts and not (right and lows[0] == 0):
        raise ValueError(f"must be written {wanted}")
    return parts


def moment(text: str) -> dt.datetime:
    """Read an ISO 8601 date or time; without an offset it is UTC. Raises ValueError."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a date or time such as 2021-01-31 or 2021-01-31T12:00") from None
    return read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)


def setting(default: Any, doc: str, unit: str = "", choices: Collection[str] = (), **bounds: Any) -> Any:
    """One setting: its default, what it means, its unit, and its bounds (ge, gt, le, lt).

    choices: a table of its values that may grow; the group checks them.
    """
    extra: dict[str, Any] = {"unit": unit, "choices": choices}
    return Field(default=default, description=doc, json_schema_extra=extra, **bounds)


class Group(BaseModel):
    """A table of the settings file: frozen, closed, validated when made."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
