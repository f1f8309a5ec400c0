"""The coverage of many series as rows of marks: a row a series, a mark a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.number_format import defined, percent, whole

if TYPE_CHECKING:
    from engine.results.coverage import Coverage, SeriesCoverage
    from engine.results.series import StoredSeries

WHOLE, MOST, HALF, LITTLE, NONE, OUTSIDE = "▇▅▃▂▁·"
ASCII = str.maketrans(dict(zip("▇▅▃▂▁·", "#+=-_.", strict=True)))
LEGEND = (
    (WHOLE, "whole"), (MOST, "90 % or more"), (HALF, "half or more"), (LITTLE, "less"), (NONE, "none"),
    (OUTSIDE, "not begun or ended"),
)  # fmt: skip
ENDS = 8  # columns of the share of the whole: 100.00 %
LABEL = 24  # columns at most
SHORTEST = 1e-9  # of a period: no bar is so short


def mark(share: float) -> str:
    """The mark of a period of which a series holds that share."""
    if not defined(share):
        return OUTSIDE
    if share >= 1 - SHORTEST:
        return WHOLE
    return MOST if share >= 0.9 else HALF if share >= 0.5 else LITTLE if share > SHORTEST else NONE


def label(series: SeriesCoverage | StoredSeries) -> str:
    """What a series is, in a few words."""
    second = " (2)" if series.exchange.endswith("-second") else ""
    return f"{series.symbol} {series.timeframe}{second}".strip() if series.symbol else series.series


def labels(found: Coverage) -> list[str]:
    """What each series is, with where it came from if others are the same."""
    short = [label(each) for each in found.series]
    return [
        f"{name} {each.exchange or 'file'}" if short.count(name) > 1 and name != each.series else name
        for name, each in zip(short, found.series, strict=True)
    ]


def label_width(found: Coverage) -> int:
    """Columns of the widest name."""
    return min(LABEL, max(map(len, labels(found)), default=0))


def most_periods(width: int) -> int:
    """How many periods have room in so many columns, whatever the series are called."""
    return max(1, width - LABEL - ENDS - 4)


def years(found: Coverage) -> str:
    """The years above the periods that they begin with, as far as there is room."""
    places = [place for place, begin in enumerate(found.begins) if begin[5:7] == "01"]
    if found.begins and (not places or places[0] > len("2020")):
        places.insert(0, 0)
    line = ""
    for place in places:
        if not line or place > len(line):
            line = f"{line:<{place}}{found.begins[place][:4]}"
    return line


def summary(found: Coverage) -> str:
    """How many series there are, by which period, and between which."""
    if not found.begins:
        return "no candles stored"
    return f"{whole(len(found.series))} series by {found.period}, {found.begins[0]} to {found.begins[-1]}"


def coverage_text(found: Coverage) -> str:
    """All of it in lines."""
    if not found.series:
        return summary(found)
    wide = max(map(len, labels(found)))
    rows = [
        f"{name:<{wide}}  {''.join(map(mark, each.share))}  {percent(each.whole):>6} %"
        + ("  SIMULATED" if each.simulated else "")
        for name, each in zip(labels(found), found.series, strict=True)
    ]
    legend = "  ".join(f"{sign} {meaning}" for sign, meaning in LEGEND)
    return "\n".join([summary(found), " " * (wide + 2) + years(found), *rows, legend])
