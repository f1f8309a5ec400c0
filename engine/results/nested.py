"""The result of searches one after the other in time, each traded on what followed; facts.

Shares are fractions, Sharpe ratios annual.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.codec import Number
from engine.results.notes import Note
from engine.results.search import Drawn

SPANS = "spans.json"  # the search of each span by number, in the run's folder


@dataclass(frozen=True)
class SearchedSpan:
    """One search, and its winner on the bars that followed.

    start, end: of the first and the last bar traded. search, run: ids of the search and of its winner's run.
    winner: its number among the trials; drawn: what was drawn for it. inner_sharpe, deflated_sharpe: of the
    winner out of fold, before the span. sharpe and the rest: on the span.
    """

    span: int
    start: str
    end: str
    search: str
    run: str
    winner: int
    inner_sharpe: Number
    deflated_sharpe: Number
    sharpe: Number
    total_return: Number
    buy_and_hold: Number
    trades: int
    drawn: dict[str, Drawn]


@dataclass(frozen=True)
class NestedResult:
    """The spans end to end, the only figures of a search that are out of sample.

    days: of daily returns. sharpe_low, sharpe_high: 95 % interval by the stationary bootstrap. hold_…: of
    buy and hold over the same spans. inner_sharpe: what the searches promised, the mean over the spans.
    """

    run: str
    simulated: bool
    start: str
    end: str
    days: int
    sharpe: Number
    sharpe_low: Number
    sharpe_high: Number
    total_return: Number
    max_drawdown: Number
    hold_sharpe: Number
    hold_return: Number
    hold_drawdown: Number
    inner_sharpe: Number
    spans: tuple[SearchedSpan, ...]
    notes: tuple[Note, ...] = ()

    @property
    def answered_by(self) -> tuple[str, ...]:
        """The runs whose leak audits answer for these figures."""
        return tuple(each.run for each in self.spans)
