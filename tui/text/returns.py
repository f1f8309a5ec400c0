"""How returns and trades of a backtest are spread, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.caveats import SIMULATED
from engine.results.return_tables import on_groups, on_rolling, return_tables
from tui.text.studies import laid_out

if TYPE_CHECKING:
    from engine.results.return_analysis import ReturnAnalysis


def spread_of_returns(found: ReturnAnalysis) -> str:
    """Every table, then what it says."""
    tables = "\n\n".join(map(laid_out, return_tables(found)))
    said = [text for text in (on_groups(found), on_rolling(found.rolling)) if text]
    return "\n".join([*([SIMULATED] if found.simulated else []), tables, "", *said])
