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
from engine.backtest.given_signals import align_to_bars, weights
from engine.backtest.trades import trade_table
from engine.backtest.trading import Decisions
from engine.data.importing import files
from engine.data.inputs import told_calendar
from engine.errors import ChangeSettingsError, RepairDataError, printable
from engine.market.candles import check
from engine.market.sessions import infer
from engine.market.times import milliseconds, step_of
from engine.results.notes import Note
from engine.robustness import deflation, overview
from engine.runs.manifest import write_manifest
from engine.samples import labels
from engine.settings import Settings
from engine.statistics.tear_sheet import TearSheet, tear_sheet

if TYPE_CHECKING:
    from engine.backtest.simulate import Simulation
    from engine.preparation import Job
    from engine.results.backtest import BacktestResult

INPUTS = "inputs.json"
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
) -> Judged:
    """Trade signals over candles; both are files (CSV or Parquet), or a candles frame and a series.

    A file of signals has a time and one other column: if that is named `signal` it holds 1, -1 and 0, which
    settings.signal.neutral explains; under any other name target weights, 0 close, empty keep. The time is
    the open time of the bar at whose open the decision is filled. A series is named in the same way.
    Raises what files.read does, RepairDataError for signals that fit no bar, ChangeSettingsError for wrong
    numbers.
    """
    settings = settings or Settings()
    frame, symbol = candles_of(candles, now_ms)
    step_ms = step_of(frame.index)
    told = told_calendar(settings.data.calendar, step_ms)
    calendar = told or infer(milliseconds(frame.index), step_ms)
    time_ms, given = milliseconds(frame.index), signals_of(signals)
    weight = align_to_bars(time_ms, milliseconds(given.index), given.to_numpy(np.float64))  # (T,)
    rows = slice(int(np.flatnonzero(np.isfinite(weight))[0]), len(frame))
    if str(given.name).lower() == "signal":
        weight = weights(weight, settings.signal.neutral, short=settings.backtest.short)
    elif not settings.backtest.short:
        weight = np.where(weight < 0, 0.0, weight)
    bars = Bars.of(frame, settings.backtest.volatility_span, calendar=calendar).rows(rows)
    forward_return = labels.forward_return(
        frame,
        np.ones(len(frame), np.bool_),
        calendar.numbers(time_ms),
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
    return Judged(tear_sheet(strategy, benchmark), decisions, strategy, benchmark, step_ms, symbol)


def carry_out(job: Job) -> BacktestResult:
    """A run of mode simulate: its folder names the files; the result is a backtest's."""
    inputs = json.loads((job.run.path / INPUTS).read_bytes())
    with preparation.stage(job.emit, "simulate"):
        judged = simulate_signals(Path(inputs["candles"]), Path(inputs["signals"]), job.settings, job.now_ms)
    settings, decisions = job.settings, judged.decisions
    outcome.write(job.run.path, judged.symbol, decisions, judged.strategy, judged.buy_and_hold)
    note = Note("signals of a file", {name: Path(inputs[name]).name for name in ("signals", "candles")})
    source = outcome.Source(job.run.id, "", simulated=False, symbol=judged.symbol)
    result = outcome.summed_up(source, judged.sheet, decisions, judged.strategy, settings, [note])
    seen = overview.Seen(decisions, judged.strategy, judged.buy_and_hold, settings)
    market = f"file {Path(inputs['candles']).name} {judged.symbol}"
    who = deflation.Who("simulate", job.run.id, job.run.id, simulated=False, market=market)
    result = overview.judged(job.home.path, result, seen, None, who)
    write_manifest(job.run.path, outcome.FILES)
    return result


def candles_of(given: str | Path | pd.DataFrame, now_ms: int) -> tuple[pd.DataFrame, str]:
    """A checked candles frame and the symbol. Raises RepairDataError, ChangeSettingsError."""
    if isinstance(given, pd.DataFrame):
        return check(given, step_of(given.index), now_ms).frame, ""
    path = Path(given)
    found = files.read(path)
    if found.kind != "candles":
        raise ChangeSettingsError(str(path), f"holds {found.kind}, not candles", "Name a file of candles")
    frame = check(found.frame, found.timeframe_ms, now_ms, found.decimals).frame
    if frame.empty:
        raise RepairDataError(str(path), "has no sound candle", "Look at it with: quantdeck data import")
    return frame, found.symbol or files.name_of(path)


def signals_of(given: str | Path | pd.Series) -> pd.Series:
    """Numbers by time, in the file's order, named after their column; NaN where a cell is empty.

    Raises what files.read does, ChangeSettingsError for candles, RepairDataError for a cell that is neither
    empty nor a number.
    """
    if isinstance(given, pd.Series):
        return given
    path = Path(given)
    found = files.read(path)
    if found.kind == "candles":
        raise ChangeSettingsError(str(path), "holds candles, not signals", "Give a time and one other column")
    if found.unreadable:
        row, text = found.unreadable
        reason = f"row {row} says {printable(text)} in column {printable(found.column)}, which is no number"
        raise RepairDataError(str(path), reason, "Give 1, -1 and 0, or target weights, or leave it empty")
    return found.frame["value"].rename(found.column)
