"""Anybody's signals through the simulator and the report of a backtest.

from engine.studies.simulate_signals import simulate_signals
judged = simulate_signals("candles.csv", "signals.csv")
print(judged.metrics["sharpe"], judged.trades)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine import outcome, preparation
from engine.backtest import trading
from engine.backtest.bars import Bars
from engine.backtest.given_signals import align_to_bars, lookahead_correlation, wait_for_bars, weights
from engine.backtest.trades import trade_table
from engine.backtest.trading import Decisions
from engine.data.given_files import candles_of, rates_of, signals_of
from engine.data.importing.hints import NO_HINTS, hints_of
from engine.data.inputs import calendar_from
from engine.errors import RepairDataError
from engine.market.funding import due as due_on
from engine.market.times import iso, milliseconds
from engine.results.notes import Note
from engine.robustness import deflation, overview
from engine.runs.manifest import write_manifest
from engine.samples import labels
from engine.settings import Settings, for_own_signals, with_funding
from engine.statistics.tear_sheet import TearSheet, tear_sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.backtest.bars import Floats
    from engine.backtest.simulate import Simulation
    from engine.data.importing.hints import Hints
    from engine.market.calendar import Calendar
    from engine.preparation import Job
    from engine.results.backtest import BacktestResult

INPUTS = "inputs.json"
OF_FILE = "funding"  # what the settings call rates that were given to a simulation
NEVER_MS = 2**53  # a present after all candles: a file's last one is taken as complete


@dataclass(frozen=True, eq=False)
class Judged:
    """What signals came to: B bars, from the first signal's to the last candle's."""

    sheet: TearSheet
    decisions: Decisions
    strategy: Simulation
    buy_and_hold: Simulation
    step_ms: int
    symbol: str
    notes: tuple[Note, ...] = ()  # what a reader of the figures must know of candles, signals and rates

    @property
    def metrics(self) -> dict[str, float]:
        """Every figure by name; see docs/definitions.md."""
        return self.sheet.metrics

    @property
    def benchmark(self) -> dict[str, float]:
        """The same of buy and hold over the same bars at the same costs."""
        return self.sheet.benchmark

    @property
    def trades(self) -> pd.DataFrame:
        """The trade list, one row a trade."""
        return trade_table(self.strategy, self.symbol)

    @property
    def equity(self) -> pd.Series:
        """Money at each bar's close, (B,)."""
        return pd.Series(self.strategy.equity, pd.DatetimeIndex(self.strategy.time, tz="UTC", name="time"))


def simulate_signals(
    candles: str | Path | pd.DataFrame,
    signals: str | Path | pd.Series,
    settings: Settings | None = None,
    now_ms: int = NEVER_MS,
    *,
    funding: str | Path | pd.Series | None = None,
    mark: str | Path | pd.DataFrame | None = None,
    hints: Hints = NO_HINTS,
) -> Judged:
    """Trade signals over candles; both are files (CSV or Parquet), or a candles frame and a series.

    A file of signals has a time and one other column: if that is named `signal` it holds 1, -1 and 0, which
    settings.signal.neutral explains; under any other name target weights, 0 close, empty keep. The time is
    the open time of the bar at whose open the decision is filled; what stands at a bar that is missing, in
    a gap of at most data.fill_gaps, waits for the next one. A series is named in the same way.
    funding: rates by stamp, which make the market a perpetual; mark: candles of its mark price;
    hints: what is said about the files where they leave it open.
    Raises what files.read and files.check_file do, RepairDataError for signals that fit no bar or go beyond
    backtest.max_leverage, ChangeSettingsError for wrong numbers.
    """
    settings = for_own_signals(settings or Settings())
    market, given = candles_of(candles, now_ms, hints), signals_of(signals, hints)
    frame, step_ms, notes = market.frame, market.calendar.step_ms, list(market.notes)
    calendar = calendar_from(settings.data.calendar, step_ms) or market.calendar
    due = None
    if funding is not None:
        rates, notes_of_rates = rates_of(funding, mark, now_ms, hints)
        due, settings = due_on(rates, frame, calendar), with_funding(settings, OF_FILE)
        notes += notes_of_rates
    weight, first, remarks = weights_on_bars(frame, calendar, given, settings)
    notes, rows = notes + remarks, slice(first, len(frame))
    bars = Bars.of(frame, settings.backtest.volatility_span, due, calendar).rows(rows)
    forward_return = labels.forward_return(
        frame,
        np.ones(len(frame), np.bool_),
        calendar.numbers(milliseconds(frame.index)),
        settings.label.horizon,
        settings.label.kind,
    )
    decisions = Decisions(
        bars,
        forecast=np.full(len(bars), np.nan),
        signal=np.sign(np.nan_to_num(weight[rows])).astype(np.int8),
        forward_return=forward_return[rows],
        weight=weight[rows],
    )
    strategy, benchmark = trading.trade(decisions, settings)
    sheet = tear_sheet(strategy, benchmark)
    return Judged(sheet, decisions, strategy, benchmark, step_ms, market.symbol, tuple(notes))


def weights_on_bars(
    frame: pd.DataFrame, calendar: Calendar, given: pd.Series, settings: Settings
) -> tuple[Floats, int, list[Note]]:
    """The target weight of each bar, (T,), the row of the first, and what there is to say.

    frame: the candles, (T,). given: what the file of signals holds, by time; see simulate_signals, which
    names what is raised.
    """
    time_ms = milliseconds(frame.index)  # (T,)
    signed = str(given.name).lower() == "signal"
    given_ms, values = milliseconds(given.index), given.to_numpy(np.float64)  # (N,) each
    decides = np.isfinite(values) & ((values != 0) | (settings.signal.neutral == "flat") | (not signed))
    _, absent_ms = calendar.absent(time_ms, settings.data.fill_gaps)
    given_ms, values, waiting = wait_for_bars(time_ms, given_ms, values, absent_ms, decides)
    notes = [Note("signals waited", {"signals": waiting})] if waiting else []
    weight = align_to_bars(time_ms, given_ms, values)  # (T,)
    notes += looks_early(weight, frame)
    if settings.signal.exit == "horizon":
        notes.append(Note("closed after the horizon", {"bars": settings.label.horizon}))
    first = int(np.flatnonzero(np.isfinite(weight))[0])
    if signed:
        weight = weights(weight, settings.signal.neutral, short=settings.backtest.short)
    else:
        notes += within_leverage(weight, time_ms, settings.backtest.max_leverage)
        weight = weight if settings.backtest.short else np.where(weight < 0, 0.0, weight)
    return weight, first, notes


def within_leverage(weight: Floats, time_ms: NDArray[np.int64], most: float) -> list[Note]:
    """That weights (T,) go beyond all of equity. Raises RepairDataError where they go beyond `most`, too."""
    size = np.abs(np.nan_to_num(weight))  # (T,)
    beyond = np.flatnonzero(size > max(most, 1.0))
    if len(beyond):
        first, row = int(beyond[0]), f"{len(beyond):,} of them are beyond ±backtest.max_leverage, {most:g}"
        reason = f"say {weight[first]:g} at {iso(int(time_ms[first]))}: {row}"
        remedy = "1 is all of equity, so 50 % is 0.5; for more than all of it set backtest.max_leverage"
        raise RepairDataError("target weights", reason, remedy)
    above = {"rows": int((size > 1).sum()), "largest": float(size.max())}
    return [Note("weights with leverage", {**above})] if above["rows"] else []


def looks_early(weight: Floats, frame: pd.DataFrame) -> list[Note]:
    """That signals (T,) seem to know the bar in which they are filled, if they do."""
    own, following, early = lookahead_correlation(weight, frame["open"].to_numpy(), frame["close"].to_numpy())
    return [Note("signals look early", {"own": own, "next": following})] if early else []


def execute(job: Job) -> BacktestResult:
    """A run of mode simulate: its folder names the files; the result is a backtest's."""
    inputs = json.loads((job.run.path / INPUTS).read_bytes())
    hints = hints_of(inputs.pop("hints", {}))
    with preparation.stage(job.emit, "simulate"):
        files = {name: Path(path) for name, path in inputs.items()}
        judged = simulate_signals(settings=job.settings, now_ms=job.now_ms, hints=hints, **files)
    settings, decisions = job.settings, judged.decisions
    outcome.write(job.run.path, judged.symbol, decisions, judged.strategy, judged.buy_and_hold)
    note = Note("signals of a file", {name: Path(inputs[name]).name for name in ("signals", "candles")})
    source = outcome.Source(job.run.id, "", simulated=False, symbol=judged.symbol)
    result = outcome.build_result(
        source, judged.sheet, decisions, judged.strategy, settings, [note, *judged.notes]
    )
    backtested = overview.Backtest(decisions, judged.strategy, judged.buy_and_hold, settings)
    market = f"file {Path(inputs['candles']).name} {judged.symbol}"
    origin = deflation.TrialOrigin("simulate", job.run.id, job.run.id, simulated=False, market=market)
    result = overview.assess_and_record(job.home.path, result, backtested, None, origin)
    write_manifest(job.run.path, outcome.FILES)
    return result
