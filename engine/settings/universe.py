"""The settings of a universe: how one model learns from several symbols; and its names, resolved."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from engine.errors import ChangeSettingsError
from engine.settings.values import Contradiction, Group, Whole, setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.settings.data import Data

MOST_SYMBOLS, MOST_NAMED = 1000, 3  # of a universe; in a title
MOST_NEAR = 5  # names told where none fits


class Universe(Group):
    """How one model learns from several symbols, those of data.symbols; of no use with one."""

    scaling: Literal["pooled", "symbol"] = setting(
        "pooled", "features are scaled over all symbols together, or each symbol's by itself"
    )
    balance: Literal["samples", "symbols"] = setting(
        "samples",
        "symbols: each symbol weighs the same in training, however long its history; samples: each sample",
    )
    symbol: bool = setting(False, "the model is told which symbol it looks at, one input a symbol")
    cross_section: bool = setting(
        False,
        "features of a symbol among the others: rank of its return, relative volume, beta to the market, the "
        "market's return and the dispersion of returns",
    )
    lead: Whole = setting(
        0, "so many last returns of the first symbol are features of all", "bars", ge=0, le=100
    )

    @model_validator(mode="after")
    def _not_constant(self) -> Self:
        if self.symbol and self.scaling == "symbol":
            reason = "goes with scaling = pooled: scaled by itself, what tells the symbol is constant"
            raise Contradiction("universe.symbol", reason)
        return self


def resolved(data: Data, stored: Sequence[str]) -> Data:
    """The settings with patterns of stored series written out; those of one market if it is only one.

    stored: names of all stored series. Raises ChangeSettingsError for a pattern that fits none, a name that
    is not there, and for one market alone out of which more are to be chosen.
    """
    if not data.symbols:
        return data
    names: dict[str, None] = {}
    for each in data.symbols:
        names.update(dict.fromkeys([each] if "/" in each else fitting(each, stored)))
    if len(names) > MOST_SYMBOLS:
        raise ChangeSettingsError(
            "data.symbols",
            f"are {len(names):,}; at most {MOST_SYMBOLS:,}",
            "Name fewer, or a narrower pattern",
        )
    if data.universe_top > len(names):
        reason = f"asks for {data.universe_top} of {len(names)} symbols"
        raise ChangeSettingsError("data.universe_top", reason, "Name more symbols, or ask for fewer")
    if len(names) == 1:
        return of_symbol(data, next(iter(names)))
    return data.model_copy(update={"symbols": tuple(names)})


def title(symbols: Sequence[str]) -> str:
    """Symbols in a few words: `BTC/USDT, ETH/USDT, SOL/USDT and 5 more`."""
    if len(symbols) <= MOST_NAMED:
        return ", ".join(symbols)
    return f"{', '.join(symbols[:MOST_NAMED])} and {len(symbols) - MOST_NAMED} more"


def fitting(pattern: str, stored: Sequence[str]) -> list[str]:
    """The stored series that a name or pattern means. Raises ChangeSettingsError if there are none."""
    if found := [name for name in stored if fnmatchcase(name, pattern)]:
        return found
    near = difflib.get_close_matches(pattern, stored, MOST_NEAR, 0.5)
    if near:
        remedy = f"Near it: {', '.join(near)}"
    elif stored:
        remedy = f"There are {', '.join(stored[:MOST_NEAR])}{' and others' if stored[MOST_NEAR:] else ''}"
    else:
        remedy = "Nothing is stored yet: import or fetch it first"
    raise ChangeSettingsError("data.symbols", f"no stored series fits {pattern}", remedy)


def of_symbol(data: Data, name: str) -> Data:
    """The settings of one symbol of a universe alone: as if it had been named in data.symbol or data.series.

    data.timeframe stays as it is: a stored series' own unless one is named.
    """
    named = {"symbol": name} if "/" in name else {"series": name}
    alone = {"symbols": (), "universe_top": 0, **named}
    if "/" not in name and data.timeframe == type(data).model_fields["timeframe"].default:
        alone["timeframe"] = ""  # it was not said, and the series has one of its own
    return type(data).model_validate(data.model_dump() | alone)
