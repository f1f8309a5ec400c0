"""What a model learned: whether its forecasts come true, which features it needs, which of them moved."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from engine.errors import RepairDataError
from engine.results.explanations import explained
from engine.results.learned import DRIFTED, DRIFTING
from engine.results.learned_tables import DECILES, features_table, forecast_tables
from engine.results.number_format import defined
from engine.runs.folder import RunFolder
from engine.runs.results import result_of
from tui.screens.backtest.drawing import paragraph
from tui.widgets.lines import Line, fitted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.results.backtest import BacktestResult
    from engine.results.learned import ImportanceResult
    from engine.results.tables import Table
    from tui.runs.watch import Snapshot

BAR = {False: "█", True: "#"}
LABEL = 8  # cells that a label keeps
WITH_BARS = 70  # columns from which on there are any
BESIDE = 20  # cells of a bar beside a decile


def measured(snapshot: Snapshot, run: RunFolder) -> ImportanceResult | None:
    """The latest importance of the features of a run's model; None where there is none that can be read."""
    model = run.of or run.id
    done = [
        each.run.path
        for each in snapshot.runs
        if each.run.mode == "importance" and each.run.of == model and each.state.status == "done"
    ]
    return read(done[-1]) if done else None


@lru_cache(maxsize=4)
def read(path: Path) -> ImportanceResult | None:
    """A finished run's importance; None if its result is torn."""
    try:
        found: ImportanceResult = result_of(RunFolder(path))
    except RepairDataError:
        return None
    return found


def learned(
    recorded: BacktestResult, importance: ImportanceResult | None, measure: str, width: int, *,
    unclaimed: str = "", ascii: bool = False,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """The panel, of the run as it was recorded; importance: where it was measured; measure: how it is.

    unclaimed: why nothing is claimed.
    """
    head: Line = [(" forecasts and features", "bright"), ("  of the run as it was recorded", "quiet")]
    said, found = explained(recorded, unclaimed=unclaimed), recorded.calibration
    lines = [head]
    for part in ("calibration", "drift"):
        lines += paragraph(said[part], width) if part in said else []
    for table in forecast_tables(recorded):
        rows = laid_out(table, width)
        if found and table.header == DECILES and width >= WITH_BARS:
            came = bars([each.forward_return for each in found.deciles], BESIDE, ascii=ascii)
            rows = [[*row, *bar] for row, bar in zip(rows, came, strict=True)]
        lines += [[], *rows]
    features = features_table(recorded, importance)
    if features.rows:
        rows = laid_out(features, width)
        moved = {each.name: each.psi for each in recorded.drift}
        lines += [[], rows[0], *(coloured(row, moved) for row in rows[1:])]
    if importance is None:
        lines += [[], *paragraph(f"importance is not measured yet: {measure}", width, "quiet")]
    return lines


def laid_out(table: Table, width: int) -> list[Line]:
    """A table as lines, labels on the left; columns from the third on give way where there is no room."""
    every = [table.header, *table.rows]
    widths = [max(len(row[at]) for row in every) for at in range(len(table.header))]
    while (room := width - 2 - sum(wide + 2 for wide in widths[1:])) < LABEL and len(widths) > 3:
        every = [(*row[:2], *row[3:]) for row in every]
        del widths[2]
    widths[0] = max(LABEL, min(widths[0], room))
    lines: list[Line] = []
    for number, (label, *cells) in enumerate(every):
        placed = zip(cells, widths[1:], strict=True)
        numbers = "".join(f"  {fitted(cell, wide, right=True)}" for cell, wide in placed)
        name = f" {fitted(label, widths[0])}"
        lines.append([(f"{name}{numbers}", "quiet")] if number == 0 else [(name, ""), (numbers, "")])
    return lines


def bars(values: Sequence[float], cells: int, *, ascii: bool) -> list[Line]:  # noqa: A002
    """Beside a heading and a row a value: from 0 to its side, as long as its share of the largest.

    cells: of a whole bar, half of them on either side of 0.
    """
    half = cells // 2
    most = max((abs(value) for value in values if defined(value)), default=0.0)
    lines: list[Line] = [[("  " + "- return +".center(cells + 1), "quiet")]]
    for value in values:
        size = round(value / most * half) if most and defined(value) else 0
        below, above = (BAR[ascii] * max(0, way * size) for way in (-1, 1))
        zero = "|" if ascii else "│"
        lines.append([("  ", ""), (below.rjust(half), "bad"), (zero, "quiet"), (above, "good")])
    return lines


def coloured(row: Line, moved: dict[str, float]) -> Line:
    """A feature's row; one that moved far since training stands out."""
    psi = moved.get(row[0][0].strip(), 0.0)
    role = "bad" if psi >= DRIFTED else "warn" if psi >= DRIFTING else ""
    return [(text, role) for text, _ in row]
