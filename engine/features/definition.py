"""What a feature is, and the decorator that makes one of a function in a file of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.features.inputs import Bars, Column

OverGaps = Literal["counted", "as of", "scaled", "goes on", "anew"]
"""What a feature makes of a gap of fewer bars than its warm-up; a longer one leaves nothing in its reach.

counted: its n bars are the last n that there are
as of: the value n bars before is the last one that was known then
scaled: as both, and a return over m bars is divided by √m
goes on: what it remembers meets the next bar
anew: it begins anew, as every feature does after a longer gap
"""


@dataclass(frozen=True, eq=False)
class Feature:
    """One column of what the model sees.

    name: its column; warm_up: so many first rows are NaN, all later ones are finite unless an input is
    missing; over_gaps: what it makes of a gap of fewer bars than warm_up, while each longer one begins it
    anew; needs: input columns besides open, high, low, close, volume; doc: one line with the formula;
    compute: bars → (T,) float64; steps_below: features.names = all takes it for candles shorter than this
    only (ms; 0 = for all), since on longer ones it cannot vary; file: empty for a built-in, the source file
    of an own one; sha256: of that file, hex.
    """

    name: str
    warm_up: int
    doc: str
    compute: Callable[[Bars], Column]
    over_gaps: OverGaps = "counted"
    needs: tuple[str, ...] = ()
    steps_below: int = 0
    file: str = ""
    sha256: str = ""

    def rows_of(self, bars: Bars) -> Bars:
        """The bars as the feature is to see them: its segments end at the gaps that begin it anew."""
        return bars.bridging(0 if self.over_gaps == "anew" else self.warm_up - 1)


def feature(
    *bare: object, warm_up: int = -1, needs: tuple[str, ...] = (), over_gaps: OverGaps = "anew"
) -> Callable[[Callable[[Bars], Any]], Feature]:
    """Make an own feature of the function that follows; it takes the function's name.

    The function sees one segment of consecutive bars at a time, with the arrays open, high, low, close,
    volume (float64), time (int64, ms) and, for each of `needs`, bars["funding"] and so on; all (T,) and
    read-only. With other `over_gaps` than `anew` a segment goes on over gaps of fewer bars than `warm_up`.
    It returns (T,) numbers; those of its first `warm_up` rows are ignored, all others must be
    finite unless something in `needs` is missing. Segments of `warm_up` bars or fewer are not shown to it.
    Raises TypeError or ValueError for what cannot be a feature.
    """
    if bare:
        raise TypeError("write @feature(warm_up=…): how many bars it needs before its first value")
    if isinstance(warm_up, bool) or not isinstance(warm_up, int) or warm_up < 0:
        raise ValueError(f"warm_up is {warm_up!r}; it must be a whole number of bars, 0 or more")
    if not isinstance(needs, tuple) or not all(isinstance(name, str) for name in needs):
        raise TypeError(f'needs is {needs!r}; it must be a tuple of column names, such as ("funding",)')
    if over_gaps not in get_args(OverGaps):
        raise ValueError(f"over_gaps is {over_gaps!r}; it must be one of {', '.join(get_args(OverGaps))}")

    def declare(function: Callable[[Bars], Any]) -> Feature:
        doc = (function.__doc__ or "").strip().partition("\n")[0]
        code = getattr(function, "__code__", None)
        file = code.co_filename if code else function.__module__
        return Feature(function.__name__, warm_up, doc, function, over_gaps, tuple(needs), file=file)

    return declare
