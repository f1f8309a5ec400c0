"""What a feature is, and the decorator that makes one of a function in a file of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.features.inputs import Column, FeatureInputs


@dataclass(frozen=True, eq=False)
class Feature:
    """One column of what the model sees.

    name: its column; warm_up: so many first rows of each segment of consecutive bars are NaN, all later
    ones are finite unless an input is missing; needs: input columns besides open, high, low, close, volume;
    doc: one line with the formula; compute: bars → (T,) float64; steps_below: features.names = all takes it
    for candles shorter than this only (ms; 0 = for all), since on longer ones it cannot vary;
    file: empty for a built-in, the source file of an own one; sha256: of that file, hex.
    """

    name: str
    warm_up: int
    doc: str
    compute: Callable[[FeatureInputs], Column]
    needs: tuple[str, ...] = ()
    steps_below: int = 0
    file: str = ""
    sha256: str = ""


def feature(
    *, warm_up: int, needs: tuple[str, ...] = ()
) -> Callable[[Callable[[FeatureInputs], Any]], Feature]:
    """Make an own feature of the function that follows; it takes the function's name.

    The function sees one segment of consecutive bars at a time, with the arrays open, high, low, close,
    volume (float64), time (int64, ms) and, for each of `needs`, bars["funding"] and so on; all (T,) and
    read-only. It returns (T,) numbers; those of its first `warm_up` rows are ignored, all others must be
    finite unless something in `needs` is missing. Segments of `warm_up` bars or fewer are not shown to it.
    Raises TypeError or ValueError for what cannot be a feature.
    """
    if isinstance(warm_up, bool) or not isinstance(warm_up, int) or warm_up < 0:
        raise ValueError(f"warm_up is {warm_up!r}; it must be a whole number of bars, 0 or more")
    if not isinstance(needs, tuple) or not all(isinstance(name, str) for name in needs):
        raise TypeError(f'needs is {needs!r}; it must be a tuple of column names, such as ("funding",)')

    def declare(function: Callable[[FeatureInputs], Any]) -> Feature:
        doc = (function.__doc__ or "").strip().partition("\n")[0]
        code = getattr(function, "__code__", None)
        file = code.co_filename if code else function.__module__
        return Feature(function.__name__, warm_up, doc, function, tuple(needs), file=file)

    return declare
