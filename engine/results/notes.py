"""What a reader of the figures must know: facts in the result, sentences only where they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Note:
    """One remark: its code, a key of TEXTS, and the values that its sentence names.

    The code `text` is for a remark of a result that was written as a sentence.
    """

    code: str
    values: dict[str, int | float | str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence."""
        return TEXTS.get(self.code, self.code).format_map(self.values)


TEXTS = {
    "range of a series": "{series}: {kept:,} of its {rows:,} candles lie in the range set",
    "made of shorter candles": (
        "{series}: {rows:,} candles of {timeframe} made of {shorter} ones; {left:,} of those belong to none "
        "that is complete"
    ),
    "source failed, stored before": "{error}. The run goes on with what was stored before",
    "source failed": "{error}. The run goes on without it",
    "series starts late": "{series} starts at {first}, the exchange has nothing earlier",
    "series ends early": "{series} ends at {last}, the exchange has sent nothing later",
    "series has gaps": "{series} lacks {bars:,} candles in {gaps:,} gaps",
    "text": "{text}",
    "times": "times: {forms}",
    "times of a zone": "times without a zone are those of {zone}",
    "times near the minute": (
        "{rows:,} times are off the minute, by up to {furthest} ms: stored at the minute"
    ),
    "times are the ends of bars": "times are the ends of bars: stored at their opens, one step before",
    "date and time in two columns": "date and time stand in two columns",
    "part of a file": (
        "the step changes: {rows:,} rows of {other} s are left aside, those of {step} s are taken"
    ),
    "decimal comma": "the decimal mark is a comma",
    "marks of thousands": "thousands are marked",
    "no header": "no header; columns taken as {columns}",
    "values are a column": "values are column {column}",
    "rates are a column": "rates are column {column}; every other column is 0",
    "volume is a column": "volume is column {column}",
    "tick volume": "tick volume: volume is column {column}, the number of price changes",
    "no volume": "no volume in the file: it is unknown",
    "unknown volumes": "{rows:,} rows have a blank volume: it is unknown",
    "prices adjusted": "prices are adjusted for {adjusted}, as the publisher writes them",
    "close is another column": "close is column {column}",
    "rows of another width": "{rows:,} rows with another number of columns than {width}",
    "a footer": "a footer was left aside: {text}",
    "signals of a file": "Signals of {signals} over candles of {candles}.",
    "no forecast reaches the threshold": (
        "No forecast goes beyond signal.entry_threshold, {threshold:g}: the largest is {largest:.2g}. "
        "signal.threshold_from=validation lets validation choose one."
    ),
    "borrowed for free": "Short sales were lent for free: backtest.borrow_rate is 0.",
    "ruined": "RUINED: equity fell to 0 and the simulation ended there.",
    "filled at the close": (
        "Fills are at the close that the decision was made on: optimistic, nobody gets them."
    ),
    "capped by volume": "{capped} fills were cut short by the bar's volume, {dropped} rests dropped.",
    "too small": "{orders} orders were below the exchange's step or minimum and given up.",
    "limits unknown": "The exchange's smallest order and step are not known: none was applied.",
    "unsized": "{orders} orders were given up because no forecast volatility was known.",
}


def as_written(sentences: Iterable[str]) -> list[Note]:
    """Remarks that come as sentences."""
    return [Note("text", {"text": sentence}) for sentence in sentences]
