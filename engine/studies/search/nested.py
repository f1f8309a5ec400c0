"""Search, retrain, trade what follows; and again on the next span: what a searcher would have earned.

Each span has a search of its own, a run whose data end with the span, so nothing later can reach it. Its
winner is trained on what came before the span and trades it. Positions are closed where a span ends.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine import preparation
from engine.backtest import records
from engine.disk import write_whole
from engine.errors import ChangeSettingsError
from engine.market.times import iso, milliseconds
from engine.outcome import EQUITY, parquet
from engine.results.nested import SPANS, NestedResult, SearchedSpan
from engine.results.notes import Note, Value, log_event
from engine.runs.folder import RunFolder
from engine.runs.manifest import write_manifest
from engine.runs.results import backtest_of, result_of
from engine.settings import space_of
from engine.statistics import intervals, metrics
from engine.statistics.account import AccountHistory
from engine.studies import markets
from engine.studies.folds import cuts
from engine.studies.search import asking
from engine.studies.search.search import beginning_at
from engine.studies.search.trials import trained_by
from engine.studies.seeds import follow, refuse, same_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.market.calendar import Calendar
    from engine.preparation import Job
    from engine.settings import Settings

MOST_HELD_OUT = 0.9  # of the samples: what is not test or validation trains, see split.test


@dataclass(frozen=True)
class Span:
    """Bars to trade, from `begin_ms` to before `end_ms`, and the settings of the search before them."""

    number: int
    begin_ms: int
    end_ms: int
    settings: Settings


def search_through_time(job: Job) -> NestedResult:
    """A search for each span of walk_forward, its winner traded there; the spans end to end."""
    asking.refuse_unsuited(job.settings.search, trained_by(space_of(job.settings)))
    data = markets.prepare(job, job.settings.walk_forward.first_test)
    with preparation.stage(job.emit, "windows"):
        spans = spans_of(job, data)
    with preparation.stage(job.emit, "trials"):
        runs = ordered(job, spans)
        for span in spans:
            refuse(follow(str(runs[span.number].path), span.number, job.emit)[1])
            run = runs[span.number].id
            about: dict[str, Value] = {"span": span.number, "of": len(spans), "run": run}
            job.emit(log_event(Note("span searched", about)))
    with preparation.stage(job.emit, "metrics"):
        traded = [traded_on(job, span, runs[span.number]) for span in spans]
        result = summed_up(job, traded, data.markets.calendar, simulated=data.markets.simulated)
    write_manifest(job.run.path, [SPANS, EQUITY])
    return result


def spans_of(job: Job, data: markets.Prepared) -> list[Span]:
    """The spans that walk_forward cuts, each with settings whose data end with it and whose test it is.

    Raises ChangeSettingsError where the first would leave too little to learn from.
    """
    settings, through = job.settings, job.settings.walk_forward
    target_ms = np.unique(data.samples().target_ms)  # (B,)
    bounds = cuts(len(target_ms), through.first_test, through.folds)  # (K + 1,)
    ends = np.append(target_ms[bounds[1:-1]], 2 * target_ms[-1] - target_ms[-2])  # (K,)
    own = settings.model_copy(update={"data": same_data(job)})
    found = []
    for number, (bound, end_ms) in enumerate(zip(bounds[:-1].tolist(), ends.tolist(), strict=True), 1):
        begin_ms, seen = int(target_ms[bound]), data.markets.before(end_ms)
        known = seen.named(own.data).model_copy(update={"end": iso(end_ms)})
        before = own.model_copy(update={"data": known})
        before = beginning_at(begin_ms, before, seen, through.first_test)
        held_out = before.split.test + before.split.validation
        if held_out > MOST_HELD_OUT:
            raise ChangeSettingsError(
                "walk_forward.first_test",
                f"leaves {1 - held_out:.0%} of what span {number} sees to learn from",
                "Set it higher, or more walk_forward.folds",
            )
        found.append(Span(number, begin_ms, int(end_ms), before))
    return found


def ordered(job: Job, spans: Sequence[Span]) -> dict[int, RunFolder]:
    """The search of each span, made now unless an earlier process did; spans.json names them."""
    path = job.run.path / SPANS
    known = json.loads(path.read_bytes()) if path.exists() else {}
    for span in spans:
        if str(span.number) not in known:
            run = job.home.create("search", span.settings, name=f"span {span.number} of {job.run.id}")
            known[str(span.number)] = run.id
            write_whole(path, json.dumps(known).encode())
    return {int(number): RunFolder(job.home.runs / name) for number, name in known.items()}


def traded_on(job: Job, span: Span, run: RunFolder) -> tuple[SearchedSpan, pd.DataFrame]:
    """A span in figures, and its equity and buy and hold's, bar by bar, as shares of what it began with."""
    search = result_of(run)
    winner = RunFolder(job.home.runs / search.winner_run)
    found = backtest_of(winner)
    equity = pd.read_parquet(winner.path / EQUITY)[["equity", "buy_and_hold"]]
    time_ms = milliseconds(pd.DatetimeIndex(equity.index))
    if time_ms[0] < span.begin_ms or time_ms[-1] >= span.end_ms:
        raise AssertionError(f"span {span.number} was traded beyond its bounds")
    searched = SearchedSpan(
        span.number, found.start, found.end, run.id, winner.id, search.winner, search.luck.sharpe,
        search.luck.deflated_sharpe, found.metrics["sharpe"], found.metrics["total_return"],
        found.benchmark["total_return"], int(found.metrics["trades"]), search.winner_settings,
    )  # fmt: skip
    return searched, equity / job.settings.backtest.initial_capital


def summed_up(
    job: Job,
    traded: Sequence[tuple[SearchedSpan, pd.DataFrame]],
    calendar: Calendar,
    *,
    simulated: bool,
) -> NestedResult:
    """The spans end to end: each goes on with what the one before left."""
    capital = job.settings.backtest.initial_capital
    table = end_to_end([each for _, each in traded]) * capital
    write_whole(job.run.path / EQUITY, parquet(table))
    own, hold = (account_of(table[name].to_numpy(), table, capital, calendar) for name in table)
    evidence, spans = job.settings.evidence, tuple(span for span, _ in traded)
    low, high = intervals.of_simulation(own, evidence.resamples, evidence.seed)["sharpe"]
    figures, held = metrics.metrics(own), metrics.metrics(hold)
    inner = np.array([each.inner_sharpe for each in spans])
    return NestedResult(
        run=job.run.id,
        simulated=simulated,
        start=spans[0].start,
        end=spans[-1].end,
        days=len(metrics.daily_returns(own)),
        sharpe=figures["sharpe"],
        sharpe_low=low,
        sharpe_high=high,
        total_return=figures["total_return"],
        max_drawdown=figures["max_drawdown"],
        hold_sharpe=held["sharpe"],
        hold_return=held["total_return"],
        hold_drawdown=held["max_drawdown"],
        inner_sharpe=float(inner.mean()),
        spans=spans,
        notes=(Note("out of sample", {"spans": len(spans)}),),
    )


def end_to_end(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Accounts that each begin with 1, (B_k, 2), as one that goes on: (ΣB_k, 2)."""
    factors = np.cumprod([np.ones(2), *(part.iloc[-1].to_numpy() for part in parts[:-1])], axis=0)  # (K, 2)
    scaled = [part * factor for part, factor in zip(parts, factors, strict=True)]
    found: pd.DataFrame = pd.concat(scaled)
    return found


def account_of(
    equity: NDArray[np.float64], table: pd.DataFrame, capital: float, calendar: Calendar
) -> AccountHistory:
    """An account of which only the equity, (B,), is known."""
    time = pd.DatetimeIndex(table.index).tz_convert(None).to_numpy().astype("datetime64[ms]")
    trades = np.empty(0, records.TRADE)
    return AccountHistory(
        time=time, equity=equity, trades=trades, initial_capital=capital, calendar=calendar,
        ruined=bool(equity.min() <= 0),
    )  # fmt: skip
