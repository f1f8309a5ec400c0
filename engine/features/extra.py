"""Features of series that the user brought along: `data.extra`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import ChangeSettingsError
from engine.features.definition import Feature
from engine.settings import OWN_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from engine.features.inputs import Bars, Column

SPAN = 168


def with_extra(known: dict[str, Feature], columns: Iterable[str]) -> dict[str, Feature]:
    """The features, and two of each column that is of the user's own series.

    Raises ChangeSettingsError where a series has a feature's name.
    """
    added = {each.name: each for name in extra(columns) for each in (last_value(name), score(name))}
    if taken := sorted(set(known) & set(added)):
        reason = f"{taken[0]} is the name of a feature"
        raise ChangeSettingsError("data.extra", reason, "Import the series under another name")
    return known | added


def extra(columns: Iterable[str]) -> list[str]:
    """Those of a market's columns that are neither candles nor one of quantdeck's own series."""
    own: Collection[str] = OWN_COLUMNS
    return [name for name in columns if name not in own]


def last_value(name: str) -> Feature:
    """The value known at the bar's end."""

    def compute(bars: Bars) -> Column:
        return bars[name].copy()

    return Feature(name, 0, f"last known value of {name}", compute, needs=(name,))


def score(name: str) -> Feature:
    """How unusual the value is."""

    def compute(bars: Bars) -> Column:
        return bars.z_score(bars[name], SPAN)

    doc = f"({name} - mean) / std over {SPAN} bars (ddof 1); 0 where std is 0"
    return Feature(f"{name}_z_{SPAN}", SPAN - 1, doc, compute, needs=(name,))
