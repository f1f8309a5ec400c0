"""The kinds of series, one file each. A new one is such a file and its entry in KINDS."""

from __future__ import annotations

from engine.data.kinds.candles import CANDLES
from engine.data.kinds.funding import FUNDING
from engine.data.kinds.kind import Kind
from engine.data.kinds.open_interest import OPEN_INTEREST
from engine.data.kinds.values import VALUES
from engine.errors import ChangeSettingsError

KINDS = {kind.name: kind for kind in (CANDLES, FUNDING, OPEN_INTEREST, VALUES)}


def kind_of(name: str) -> Kind:
    """The kind of that name; of a name that is not known (a store of another version), values."""
    return KINDS.get(name) or Kind(name, name.replace("_", " "), "values of a kind that is not known here")


def joining(name: str) -> Kind:
    """The kind of that name, one that joins the candles. Raises ChangeSettingsError."""
    kind = KINDS.get(name)
    if kind is None or not kind.joins:
        known = ", ".join(kind.name for kind in KINDS.values() if kind.joins)
        raise ChangeSettingsError("data.also", f"no kind of series {name} can join", f"Use {known}")
    return kind
