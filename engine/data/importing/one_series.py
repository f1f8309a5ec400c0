"""Whether all rows of a table are those of one series, and of which market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from engine.data.importing.steps import rising
from engine.data.importing.time_columns import MOSTLY_DISTINCT
from engine.errors import RepairDataError
from engine.settings import NAMED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from engine.data.importing.layouts import Layout


def symbol_of(layout: Layout, raw: Mapping[int, Any]) -> str:
    """The market's symbol, if the file says it. Raises RepairDataError for several."""
    found = {layout.ticker} if layout.ticker else set()
    if layout.symbol is not None:
        found |= {str(each) for each in pc.unique(raw[layout.symbol]).to_pylist() if each is not None}
    symbols = {each.strip() for each in found} - {"", "None"}
    if len(symbols) > 1:
        raise RepairDataError(
            "the file", f"holds several symbols: {', '.join(sorted(symbols)[:5])}", "Give one a file"
        )
    symbol = symbols.pop() if symbols else ""
    return symbol if NAMED.fullmatch(symbol) else ""


def refuse_mixture(layout: Layout, raw: Mapping[int, Any], times: NDArray[np.int64]) -> None:
    """RepairDataError if rows of one time are told apart by a column, such as that of exchanges.

    times: (N,) ms. Contracts that follow each other in time are no mixture.
    """
    if not layout.kinds or len(rising(times)) > len(times) * MOSTLY_DISTINCT:
        return
    for place, name in layout.kinds:
        found = [str(each) for each in pc.unique(raw[place]).to_pylist() if each is not None]
        if len(found) > 1:
            names = ", ".join(sorted(found)[:5])
            raise RepairDataError("the file", f"holds several of column {name}: {names}", "Give one a file")
