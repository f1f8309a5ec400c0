"""Symbols of a universe that are one market under two names, or as good as one."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pandas as pd

from engine.results.notes import Note
from engine.universe.cross_section import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.market.merge import Market

ONE, FEWEST = 0.999, 100  # correlation of returns from which on two are one, over so many bars at least


def move_as_one(markets: Mapping[str, Market]) -> list[Note]:
    """Which pairs do: the account takes each for a symbol of its own, so they weigh twice."""
    returns = Grid(list(markets.values()), fill_gaps=0).returns(1)  # (G, S)
    found = pd.DataFrame(returns).corr(min_periods=FEWEST).to_numpy()  # (S, S)
    pairs = [
        f"{first} and {second}"
        for (a, first), (b, second) in combinations(enumerate(markets), 2)
        if found[a, b] > ONE
    ]
    return [Note("symbols move as one", {"pairs": ", ".join(pairs)})] if pairs else []
