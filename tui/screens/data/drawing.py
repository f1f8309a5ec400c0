"""What the screen Data says, as cells and lines made of the engine's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.results.coverage import seconds
from engine.results.number_format import UNDEFINED, whole
from engine.results.series import StoredSeries
from tui.number_format import span
from tui.text.coverage import label
from tui.widgets import coverage_bar
from tui.widgets.virtual_table import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.coverage import Span
    from engine.results.series import BrokenSeries
    from engine.runs.log_entries import SourceProgress
    from tui.runs.watch import Watched
    from tui.widgets.lines import Line
    from tui.widgets.virtual_table import Cell

COVERAGE = 14  # cells at least
COLUMNS = (
    Column("source", "source", 11),
    Column("series", "series", 16),
    Column("kind", "kind", 8),
    Column("rows", "rows", 8, right=True),
    Column("gaps", "gaps", 4, right=True),
    Column("fresh", "fresh", 10),
    Column("coverage", "coverage", COVERAGE, spare=True),
    Column("first", "first", 10),
    Column("last", "last", 16),
)
ROOMY = 100  # columns


def axis_of(series: Sequence[StoredSeries]) -> Span:
    """From the first value of any series to the last one, in seconds."""
    times = [seconds(time) for each in series for time in (each.first, each.last) if time]
    return (min(times), max(times)) if times else (0.0, 0.0)


@dataclass(frozen=True)
class View:
    """How rows are drawn: time axis, present second, cells for the coverage, plain characters or not."""

    axis: Span
    now: float
    room: int
    plain: bool


def rows(
    series: Sequence[StoredSeries | BrokenSeries], errors: Mapping[str, str], view: View
) -> dict[int, Sequence[Cell]]:
    """The rows of the table by their number; `errors` by the name of the series."""
    return {
        row: cells(each, errors.get(each.series, ""), view)
        if isinstance(each, StoredSeries)
        else broken_cells(each)
        for row, each in enumerate(series)
    }


def title_line(count: int, filter: str) -> Line:  # noqa: A002
    """How many series there are, and by which words they are chosen."""
    line: Line = [(" Data", "bright"), (f"   {count} series" if count else "", "")]
    return [*line, *([("   filter ", "quiet"), (filter, "live")] if filter else [])]


def cells(series: StoredSeries, error: str, view: View) -> list[Cell]:
    """A row of the table."""
    words, role = fresh(series, view.now)
    known, absent = (
        [(seconds(start), seconds(end)) for start, end in ranges] for ranges in (series.known, series.absent)
    )
    bar = coverage_bar.coverage(known, absent, view.axis, view.room)
    source = "SIMULATED" if series.simulated else series.exchange or "file"
    return [
        (source, "warn" if series.simulated else ""),
        (label(series), ""),
        (series.label, ""),
        (whole(series.rows), ""),
        (whole(series.gaps) if series.gaps is not None else UNDEFINED, "warn" if series.gaps else ""),
        ("failed", "bad") if error else (words, role),
        (bar.translate(coverage_bar.ASCII) if view.plain else bar, ""),
        ((series.first or UNDEFINED)[:10], "quiet"),
        ((series.last or UNDEFINED)[:16].replace("T", " "), "quiet"),
    ]


def broken_cells(series: BrokenSeries) -> list[Cell]:
    """The row of a file that cannot be read."""
    cells: list[Cell] = [("", "")] * len(COLUMNS)
    cells[1] = (series.series, "bad")
    cells[5] = ("broken", "bad")
    return cells


def fresh(series: StoredSeries, now: float) -> tuple[str, str]:
    """How old the last value is, in words, and the role: stale if a newer one should be there.

    A value stands for one step, and the next one may take a quarter of a step to come. A file has an end.
    """
    if not series.last:
        return "empty", "warn"
    if not series.exchange:
        return "file", "quiet"
    step = step_s(series.timeframe)
    length = step if series.kind == "candles" else 0.0
    age = max(0.0, now - seconds(series.last) - length)
    return (f"stale {ago(age)}", "bad") if age > 1.25 * step else ("ok", "good")


def step_s(timeframe: str) -> float:
    """Length of `15m`, `1h` or `1d` in seconds; an hour for what is none."""
    number, unit = timeframe[:-1], timeframe[-1:]
    return (
        int(number) * {"m": 60, "h": 3600, "d": 86_400}[unit]
        if number.isdecimal() and unit in "mhd"
        else 3600
    )


def ago(age: float) -> str:
    """An age in seconds, in one unit."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if age >= size:
            return f"{age / size:.0f}{unit}"
    return f"{age:.0f}s"


def errors(runs: Sequence[Watched]) -> dict[str, str]:
    """The last error of each series that its newest run could not fetch."""
    found: dict[str, str] = {}
    for watched in runs:
        for name, source in watched.state.sources.items():
            if source.failed:
                found[name] = source.error or "could not be fetched"
            elif source.ended:
                found.pop(name, None)
    return found


def progress(runs: Sequence[Watched], width: int, *, ascii: bool) -> list[Line]:  # noqa: A002
    """A line a source of every run that is collecting."""
    lines: list[Line] = []
    for watched in runs:
        if watched.state.status not in ("queued", "starting", "collecting", "stopping"):
            continue
        sources = watched.state.sources
        done = sum(source.over for source in sources.values())
        state = "starting" if not sources else f"{done} of {len(sources)} sources done"
        lines.append([(" Updating ", "bright"), (f"{watched.id}  ", "live"), (state, "")])
        lines += [source_line(source, width, ascii=ascii) for source in sources.values()]
    return lines


def source_line(source: SourceProgress, width: int, *, ascii: bool) -> Line:  # noqa: A002
    """How far a source is."""
    if source.failed:
        return [(f"   {source.series:<34.34} ", ""), (f"failed: {source.error}", "bad")]
    long = max(8, min(24, width - 72))
    full = round(source.share * long)
    bar = ("#" * full + "." * (long - full)) if ascii else ("█" * full + "░" * (long - full))
    page = f"page {source.page or 0}/{source.pages or 0}"
    rest = "done" if source.ended else f"{page}  {span(source.left_s)} left"
    return [
        (f"   {source.series:<34.34} ", ""),
        (bar, "live"),
        (f" {source.share:4.0%}  {rest}", ""),
        (f"  {whole(source.rows)} rows" if width >= ROOMY else "", "quiet"),
    ]
