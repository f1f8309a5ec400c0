"""The tear sheet as one HTML file that any browser opens without a network."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.disk import refuse_output, write_whole
from engine.errors import ChangeSettingsError
from engine.queries.curves import curves
from engine.queries.opening import figures_of, ledger
from engine.queries.report import figures, loss_svg, svg
from engine.queries.report.style import STYLE
from engine.queries.result import traded
from engine.queries.return_analysis import analysis
from engine.results.answers import Curve, WrittenReport
from engine.results.caveats import SIMULATED
from engine.results.learned_tables import features_table, forecast_tables
from engine.results.number_format import defined, grouped, signed_percent
from engine.results.portfolio_tables import portfolio_tables
from engine.results.return_analysis import stretches
from engine.results.return_tables import on_groups, on_rolling, return_tables
from engine.results.tables import tables_of
from engine.results.trust_tables import figures_table, trust_tables
from engine.runs.audit_status import as_claimed, audit_status, caveats_of, unclaimed_of
from engine.runs.folder import RunFolder
from engine.runs.log_entries import batch_trace
from engine.runs.modes import MODES
from engine.runs.results import importance_of, result_of
from engine.runs.state import state_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.results.return_analysis import ReturnAnalysis
    from engine.results.tables import Table
    from engine.runs.events import Event

COLUMNS = 800
SIGNED = re.compile(r"[-+][\d,.]+(e[-+]\d+)?")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "year")
KEY = """<p class="key"><span class="strategy">—</span> strategy
<span class="benchmark">╌</span> buy &amp; hold,
over the same bars at the same costs</p>"""
WITHOUT_FORECAST = """<p class="key"><span class="shaded">█</span> no forecast</p>"""


def write(request: Event) -> WrittenReport:
    """Write the report of a result, under `overrides` if there are some, to `path`.

    Raises ChangeSettingsError, MakeRoomError.
    """
    path = Path(str(request["path"]))
    if path.suffix not in {".html", ".htm"}:
        raise ChangeSettingsError(str(path), "ends in neither .html nor .htm", "Name it so")
    run = RunFolder(Path(str(request["run"])))
    refuse_output(path, run.path.parent.parent, replace=bool(request.get("replace")))
    text = page(request) if MODES[run.mode].has_backtest else study_page(run)
    content = text.encode()
    write_whole(path, content)
    return WrittenReport(str(path), len(content))


def page(request: Event) -> str:
    """The whole document."""
    result, again = traded(request)
    found, recorded = figures_of(result, again), result.figures
    if again.look is None and found.trials:
        by_now = ledger(request)
        found = replace(found, trials=by_now) if by_now.looks > found.trials.looks else found
    lines = curves(again, result.decisions.without_forecast, COLUMNS)
    run, changes = result.run, request.get("overrides") or {}
    recorded = as_claimed(run, recorded)
    said = figures.trust(found, audit_status(run), recorded, unclaimed_of(run, recorded))
    name = f"{run.id} {run.name}".strip()
    equity = [(lines.benchmark, "benchmark"), (lines.strategy, "strategy")]
    below = [(lines.benchmark_drawdown, "benchmark"), (lines.strategy_drawdown, "strategy")]
    span = f"{found.symbol} · {found.start} → {found.end} · {found.bars:,} bars · fills at {found.fill}"
    body = [
        f"<h1>Backtest {escape(name)}</h1>",
        *banners(changes, caveats_of(run, found), simulated=found.simulated),
        f"<p>{escape(span)}</p>",
        KEY,
        *([WITHOUT_FORECAST] if lines.without_forecast else []),
        "<h2>Equity</h2>",
        svg.chart(equity, 300, lambda value: grouped(value, 0), "equity", lines.without_forecast),
        "<h2>Drawdown</h2>",
        svg.chart(
            below, 180, lambda value: f"{grouped(value * 100, 0)} %", "drawdown", lines.without_forecast
        ),
        "<h2>Figures</h2>",
        laid_out(figures_table(found)),
        "<h2>How far to trust it</h2>",
        *(f"<p>{escape(line)}</p>" for line in said),
        *map(laid_out, (*portfolio_tables(recorded), *trust_tables(recorded))),
        "<h2>What it learned</h2>",
        *map(laid_out, forecast_tables(recorded)),
        laid_out(features_table(recorded, importance_of(result.run))),
        *training(run),
        "<h2>Monthly returns of the strategy, %</h2>",
        months(found.months),
        "<h2>Rolling figures, returns and trades by size and time</h2>",
        *returns(analysis(result, again)),
        "<h2>Trades</h2>",
        table(
            ("", "trades", "win rate %", "PnL", "mean return %", "mean bars"), figures.trades(again.trades)
        ),
        "<h2>Forecast and costs</h2>",
        table(("", ""), figures.facts(found)),
        "<h2>Settings that differ from the defaults</h2>",
        table(
            ("", ""), [(key, str(value)) for key, value in found.settings_differ.items()] or [("none", "")]
        ),
        *(f"<p>Note: {escape(note.text)}</p>" for note in found.notes),
    ]
    return document(name, body)


def returns(found: ReturnAnalysis) -> list[str]:
    """Rolling Sharpe ratio and drawdown, then every table of how returns are spread."""
    rolling, charts = found.rolling, []
    both = ((rolling.benchmark, "benchmark"), (rolling.strategy, "strategy"))
    if any(map(defined, (*rolling.benchmark.sharpe, *rolling.strategy.sharpe))):
        ratios = [(line, name) for each, name in both for line in stretches(rolling.time_ms, each.sharpe)]
        depths = [(Curve(rolling.time_ms, tuple(-value for value in each.max_drawdown)), name)
                  for each, name in both]  # fmt: skip
        charts = [
            f"<p>Sharpe ratio and deepest drawdown of the last {rolling.days} days</p>",
            svg.chart(ratios, 220, lambda value: f"{value:g}", "rolling Sharpe ratio"),
            svg.chart(depths, 160, lambda value: f"{grouped(value * 100, 0)} %", "rolling drawdown"),
        ]
    said = [text for text in (on_groups(found), on_rolling(rolling)) if text]
    return [*charts, *(f"<p>{escape(text)}</p>" for text in said), *map(laid_out, return_tables(found))]


def training(run: RunFolder) -> list[str]:
    """The losses over the epochs of a run that has trained; nothing of another."""
    state = state_of(run)
    panels = loss_svg.panels(state.history, state.best_epoch)
    if not panels:
        return []
    batches = ", dotted: the batches of each epoch" if batch_trace(state.history) else ""
    best = f", best epoch {state.best_epoch}" if state.best_epoch else ""
    said = f"Training above validation{batches}{best}"
    return ["<h2>Loss over the epochs</h2>", f"<p>{escape(said)}</p>", *panels]


def study_page(run: RunFolder) -> str:
    """The document of a result that is no backtest."""
    result, name = as_claimed(run, result_of(run)), f"{run.id} {run.name}".strip()
    body = [
        f"<h1>{escape(f'{run.mode} {name}')}</h1>",
        *banners({}, caveats_of(run, result), simulated=result.simulated),
        *map(laid_out, tables_of(result)),
        *(f"<p>Note: {escape(note.text)}</p>" for note in result.notes),
    ]
    return document(name, body)


def document(name: str, body: Sequence[str]) -> str:
    """Elements as a document of that name."""
    head = f"<meta charset='utf-8'><title>{escape(name)}</title><style>{STYLE}</style>"
    return "\n".join(
        ["<!doctype html>", f"<html lang='en'><head>{head}</head><body>", *body, "</body></html>\n"]
    )


def banners(changes: dict[str, Any], caveats: list[str], *, simulated: bool) -> list[str]:
    """What must be seen before any figure."""
    lines = list(caveats)
    if simulated:
        lines.append(SIMULATED)
    if changes:
        changed = ", ".join(f"{key} = {value}" for key, value in changes.items())
        lines.append(f"WHAT-IF: not the run as it was recorded, but with {changed}")
    return [f'<p class="banner">{escape(line)}</p>' for line in lines]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column is a label, the others are numbers."""
    lines = ['<div class="wide"><table>']
    if any(header):
        lines.append("<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in header) + "</tr>")
    for label, *cells in rows:
        numbers = "".join(map(td, cells))
        lines.append(f"<tr><th>{escape(label)}</th>{numbers}</tr>")
    return "\n".join([*lines, "</table></div>"])


def laid_out(each: Table) -> str:
    """A table of a result."""
    return table(each.header, each.rows)


def td(cell: str) -> str:
    """A cell, coloured where a number carries its sign: a gain or a loss."""
    if not SIGNED.fullmatch(cell):
        return f"<td>{escape(cell)}</td>"
    return f'<td class="{"gain" if cell[0] == "+" else "loss"}">{cell.replace("-", "−")}</td>'


def months(rows: Mapping[str, Sequence[float]]) -> str:
    """Monthly returns, a row a year."""
    return table(
        ("", *MONTHS),
        [
            (year, *(signed_percent(each, "") if defined(each) else "" for each in values))
            for year, values in rows.items()
        ],
    )
