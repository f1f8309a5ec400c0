"""Charts of screens as files: drawn from the answers that the screens draw, one SVG or PNG a chart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.disk import refusals, refuse_output, write_whole
from engine.errors import ChangeSettingsError
from engine.queries import browse, price, return_analysis, side_by_side
from engine.queries.curves import curves
from engine.queries.report import candles_svg, loss_svg, svg
from engine.queries.report.sheet import Sheet, png_of
from engine.queries.result import traded
from engine.results.answers import Curve, WrittenCharts
from engine.results.caveats import SIMULATED
from engine.results.compared import OWN_START, far_apart, from_start, since_start
from engine.results.number_format import defined, grouped
from engine.results.return_analysis import stretches
from engine.results.return_tables import on_rolling
from engine.runs.audit_status import caveats_of
from engine.runs.folder import RunFolder
from engine.runs.log_entries import batch_trace
from engine.runs.modes import MODES
from engine.runs.results import backtest_of
from engine.runs.state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.queries.result import Result
    from engine.runs.events import Event

    Head = tuple[str, tuple[str, ...], tuple[str, ...]]  # title, what is said, what is warned of

COLUMNS, CANDLES = 800, 240
COLOURS = 5  # of runs in one chart
TALL, LOW, LOWEST = 360, 200, 120  # pixels of panels
OF_BOTH = (("strategy", "strategy"), ("benchmark", "buy & hold"))


def write(request: Event) -> WrittenCharts:
    """Write the chart `chart` to `path`, .svg or .png, or every chart of a run to the folder `folder`.

    Raises ChangeSettingsError, MakeRoomError, RepairDataError, and as the chart's own question does.
    """
    home, replace = home_of(request), bool(request.get("replace"))
    if "folder" in request:
        folder, run = Path(str(request["folder"])), RunFolder(Path(str(request["run"])))
        suffix = ".png" if request.get("png") else ".svg"
        names = {name: name for name in charts_of(run)}
        if "price" in names and (symbol := str(request.get("symbol", ""))):
            names["price"] += f"-{symbol.replace('/', '-').replace(':', '-')}"
        paths = {name: folder / f"{run.id}-{shown}{suffix}" for name, shown in names.items()}
    else:
        paths = {str(request["chart"]): Path(str(request["path"]))}
    for path in paths.values():
        if path.suffix not in {".svg", ".png"}:
            raise ChangeSettingsError(str(path), "ends in neither .svg nor .png", "Name it so")
        refuse_output(path, home, replace=replace, new_folder="folder" in request)
    drawn = {path: content_of(SHEETS[name](request), path) for name, path in paths.items()}
    for path, content in drawn.items():
        if "folder" in request:
            with refusals(path.parent):
                path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    return WrittenCharts(tuple(map(str, drawn)))


def home_of(request: Event) -> Path:
    """The home that the request is about, whose files are never written over."""
    runs = request.get("runs") or [request["run"]] if "home" not in request else []
    return Path(str(request["home"])) if "home" in request else Path(str(runs[0])).parent.parent


def content_of(sheet: Sheet, path: Path) -> bytes:
    """The bytes of a file of that name."""
    text = sheet.svg()
    return png_of(text) if path.suffix == ".png" else text.encode()


def charts_of(run: RunFolder) -> list[str]:
    """Which charts a run has. Raises ChangeSettingsError if it has none."""
    found = ["loss"] if state_of(run).history else []
    if MODES[run.mode].has_backtest and run.result_path.exists():
        found += ["equity", "rolling", "price"]
    if not found:
        raise ChangeSettingsError(f"run {run.id}", "has no chart yet", "Name one that has trained or traded")
    return found


def head(request: Event, what: str, result: Result, *more: str) -> Head:
    """Title, span and `more`, and the warnings of a chart of a result."""
    found, run = result.figures, result.run
    changes = ", ".join(f"{key} = {value}" for key, value in (request.get("overrides") or {}).items())
    span = f"{found.symbol} · {found.start} → {found.end} · {found.bars:,} bars"
    warned = [*caveats_of(run, found), *([SIMULATED] if found.simulated else [])]
    warned += [f"WHAT-IF: with {changes}"] if changes else []
    return f"{what} of {run.id} {run.name}".strip(), (span, *more), tuple(warned)


def equity(request: Event) -> Sheet:
    """Equity above drawdown, beside buy and hold."""
    result, again = traded(request)
    lines = curves(again, result.decisions.without_forecast, COLUMNS)
    above = [(lines.benchmark, "benchmark"), (lines.strategy, "strategy")]
    below = [(lines.benchmark_drawdown, "benchmark"), (lines.strategy_drawdown, "strategy")]
    panels = (
        svg.chart(above, TALL, lambda value: grouped(value, 0), "equity", lines.without_forecast),
        svg.chart(below, LOW, percent, "drawdown", lines.without_forecast),
    )
    return Sheet(*head(request, "Equity and drawdown", result), OF_BOTH, panels)


def percent(value: float) -> str:
    """A share in percent without decimals."""
    return f"{grouped(value * 100, 0)} %"


def rolling(request: Event) -> Sheet:
    """Rolling Sharpe ratio above rolling drawdown."""
    result, again = traded(request)
    found = return_analysis.analysis(result, again).rolling
    panels = []
    both = ((found.benchmark, "benchmark"), (found.strategy, "strategy"))
    ratios = [(line, name) for each, name in both for line in stretches(found.time_ms, each.sharpe)]
    if ratios:
        panels.append(svg.chart(ratios, TALL, lambda value: f"{value:g}", "rolling Sharpe ratio"))
    depths = [
        (Curve(found.time_ms, tuple(-value for value in each.max_drawdown)), name) for each, name in both
    ]
    if found.time_ms:
        panels.append(svg.chart(depths, LOW, percent, "rolling drawdown"))
    more = (on_rolling(found),) if not found.time_ms else ()
    what = f"Rolling figures of {found.days} days"
    return Sheet(*head(request, what, result, *more), OF_BOTH, tuple(panels))


def prices(request: Event) -> Sheet:
    """Prices of the stretch with its trades, forecasts below."""
    found = price.chart({"candles": CANDLES, **request})
    result, _ = traded(request)
    bars = found.candles
    shaded = found.without_forecast if any(map(defined, found.lowest_forecast)) else ()
    panels = [candles_svg.prices(bars, TALL, "prices", shaded, found.trades)]
    if any(map(defined, found.lowest_forecast)):
        low, high = (
            [value * 1e4 for value in each] for each in (found.lowest_forecast, found.highest_forecast)
        )
        panels.append(
            candles_svg.columns(low, high, LOW, "forecasts in basis points", bars.time_ms, "column")
        )
    of = f"{result.named(str(request.get('symbol', '')))}, " if result.of_several else ""
    span = f"{of}bars {found.first + 1:,} to {found.first + found.bars:,} of {found.all:,}"
    marks = "Full marks: entries, hollow: exits; up and green long, down and red short."
    below = "Below: forecasts in bps." if len(panels) > 1 else ""
    return Sheet(
        *head(request, "Prices and trades", result, span, f"{marks} {below}".strip()), (), tuple(panels)
    )


def loss(request: Event) -> Sheet:
    """Training and validation loss over the epochs, each on a scale of its own, the best epoch marked."""
    run = RunFolder(Path(str(request["run"])))
    state = state_of(run)
    best, panels = state.best_epoch, loss_svg.panels(state.history, state.best_epoch)
    if not panels:
        raise ChangeSettingsError(f"run {run.id}", "has no loss to draw yet", "Wait for its first epoch")
    legend = [("strategy", "above: training, below: validation")]
    legend += [("trace", "batches")] if batch_trace(state.history) else []
    legend += [("run3", f"best epoch {best}")] if best else []
    warned = (SIMULATED,) if state.simulated else ()
    said = (f"{state.status}, epoch {state.epoch} of {state.epochs}",)
    return Sheet(f"Loss of {run.id} {run.name}".strip(), said, warned, tuple(legend), tuple(panels))


def compare(request: Event) -> Sheet:
    """Equity of several runs over their initial capital."""
    found = side_by_side.compared({**request, "columns": COLUMNS}).runs
    runs = [RunFolder(Path(str(path))) for path in request["runs"]]
    classes = [f"run{number % COLOURS + 1}" for number in range(len(found))]
    apart = far_apart([each.equity for each in found])
    lines = [
        (from_start(each.equity) if apart else each.equity, name)
        for each, name in zip(found, classes, strict=True)
    ]
    legend = [
        (kind, f"{number} {each.run} {run.name}{spanned(each.equity) if apart else ''}".strip())
        for number, (kind, each, run) in enumerate(zip(classes, found, runs, strict=True), 1)
    ]
    made_up = [str(number) for number, each in enumerate(found, 1) if each.simulated]
    warned = [f"{SIMULATED} ({', '.join(made_up)})"] if made_up else []
    warned += [f"{run.id}: {said}" for run in runs for said in caveats_of(run, backtest_of(run))]
    longest = max(line.time_ms[-1] for line, _ in lines) if apart else 0
    across = [(float(at), since_start(at)) for at in np.linspace(0, longest, svg.DATES)] if apart else ()
    panel = svg.chart(
        lines[::-1], TALL + LOW, lambda value: f"{value:g}", "equity over initial capital", across=across
    )
    return Sheet("Growth of 1", (OWN_START,) if apart else (), tuple(warned), tuple(legend), (panel,))


def spanned(curve: Curve) -> str:
    """The first and the last day of a curve."""
    return f", {svg.day(curve.time_ms[0])} → {svg.day(curve.time_ms[-1])}"


def series(request: Event) -> Sheet:
    """A stretch of a stored series: prices or values, volume, gaps in the shade."""
    found = browse.stretch({"candles": CANDLES, **request})
    bars, gaps = found.candles, [each > 0 for each in found.missing]
    panels = [candles_svg.prices(bars, TALL, found.label, gaps)]
    if not found.values:
        low = [0.0 if defined(each) else each for each in found.volume]
        panels.append(candles_svg.columns(low, found.volume, LOWEST, "volume", bars.time_ms, "column"))
    span = f"bars {found.first + 1:,} to {found.first + found.bars:,} of {found.all:,}"
    said = f"{span}; in the shade: bars missing"
    return Sheet(found.series, (said,), (SIMULATED,) if found.simulated else (), (), tuple(panels))


SHEETS: dict[str, Callable[[Event], Sheet]] = {
    "equity": equity, "rolling": rolling, "price": prices, "loss": loss, "compare": compare, "series": series,
}  # fmt: skip
