"""How far a search through time is: the search of each span, and once all are traded what they came to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.results.nested import SPANS
from engine.runs.results import result_of

if TYPE_CHECKING:
    from engine.results.nested import NestedResult
    from engine.runs.folder import RunFolder
    from engine.runs.state import State

MODE = "nested"


@dataclass(frozen=True)
class Spans:
    """The runs that search the spans, by number as far as they are made; result once all are traded."""

    searches: dict[int, str]
    result: NestedResult | None = None

    def at(self, row: int) -> str:
        """The search of a row, the first span in row 0; nothing where there is none."""
        found = [self.searches[number] for number in sorted(self.searches)]
        return found[row] if 0 <= row < len(found) else ""


def spans_of(run: RunFolder, state: State) -> Spans:
    """The spans of a search through time. Raises RepairDataError for a result that cannot be read."""
    if state.status == "done":
        return of_result(run, state.ended_at)
    try:
        names = json.loads((run.path / SPANS).read_bytes())
        return Spans({int(number): str(name) for number, name in names.items()})
    except (OSError, ValueError, AttributeError):  # not made yet, or touched by somebody
        return Spans({})


@lru_cache(maxsize=4)
def of_result(run: RunFolder, _ended_at: str) -> Spans:
    """The same from the result, read once for each time that the run has ended."""
    found: NestedResult = result_of(run)
    return Spans({each.span: each.search for each in found.spans}, found)
