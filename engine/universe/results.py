"""What a universe's account came to: its files, its figures, the look at it in the trial ledger."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine import outcome
from engine.backtest.bars import DUE_LATER, Bars, bars_of
from engine.backtest.trades import to_csv_bytes, trade_table
from engine.disk import write_whole
from engine.market.times import iso
from engine.results.backtest import BacktestResult, DrawdownTimes, ForecastQuality
from engine.results.figures import Interval
from engine.results.robustness import AccountIntervals, ForecastIntervals, Intervals
from engine.robustness import deflation
from engine.robustness.overview import COVERAGE
from engine.robustness.portfolio_parts import parts_of
from engine.settings import changed, title
from engine.statistics import intervals
from engine.statistics.forecast import forecast_quality
from engine.statistics.tear_sheet import tear_sheet
from engine.universe.trading import Decided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.backtest import trading as alone
    from engine.backtest.portfolio import Portfolio
    from engine.backtest.simulate import Simulation
    from engine.preparation import Job
    from engine.results.notes import Note
    from engine.settings import Settings

    Account = Simulation | Portfolio
    Floats = NDArray[np.float64]


def named(decided: Decided) -> str:
    """What is traded, in a few words."""
    return title(tuple(decided.decisions))


def market_name(settings: Settings) -> str:
    """Which markets the settings trade, in words that are equal for equal markets."""
    data, demo = settings.data, settings.demo
    invented = f" seed {demo.seed} edge {demo.edge:g}" if data.exchange == "demo" and data.markets else ""
    chosen = f", largest {data.universe_top}" if data.universe_top else ""
    return f"{data.exchange} {' '.join(data.symbols)} {data.timeframe}{invented}{chosen}".strip()


def conclude(
    job: Job, source: outcome.Source, origin: deflation.TrialOrigin, decided: Decided, account: Portfolio,
    benchmark: Portfolio, settings: Settings, notes: Sequence[Note],
) -> BacktestResult:  # fmt: skip
    """Write the files, sum up, judge, and enter the look in the trial ledger.

    Raises MakeRoomError, RepairDataError.
    """
    write(job.run.path, decided, account, benchmark)
    result = build(source, decided, account, benchmark, settings, notes)
    recorded = deflation.record(job.home.path, index_bars(decided.bars), account, settings, origin)
    asked = settings.evidence
    strategy, held = (
        {name: Interval(*bounds) for name, bounds in found.items()}
        for found in (
            intervals.of_simulation(each, asked.resamples, asked.seed) for each in (account, benchmark)
        )
    )
    unknown = Interval(math.nan, math.nan)
    return replace(
        result,
        intervals=Intervals(
            COVERAGE, asked.resamples, AccountIntervals(**strategy), AccountIntervals(**held),
            ForecastIntervals(unknown, unknown, unknown),
        ),
        portfolio=parts_of(decided.decisions, account, settings, decided.members),
        trials=recorded.counts,
        family=recorded.family,
        notes=(*result.notes, *recorded.notes),
    )  # fmt: skip


def write(folder: Path, decided: Decided, account: Portfolio, benchmark: Portfolio) -> None:
    """Write the files of a backtest; predictions and bars have a column `symbol`, one after the other.

    equity.parquet holds the account at each time at which a symbol has a bar: cash, and what is held, gross
    and net, as shares of equity. Raises MakeRoomError.
    """
    gross, net = account.exposure()
    equity = pd.DataFrame(
        {
            "equity": account.equity,
            "buy_and_hold": benchmark.equity,
            "cash": account.cash,
            "gross": gross,
            "net": net,
        },
        index=pd.DatetimeIndex(account.time, tz="UTC", name="time"),
    )
    predictions, bars = [], []
    for name, made in decided.decisions.items():
        time = pd.DatetimeIndex(made.bars.time, tz="UTC", name="time")
        columns = {
            "symbol": name,
            "prediction": made.forecast,
            "signal": made.signal,
            "realised": made.forward_return,
            "member": decided.members[name],
        }
        if made.band is not None:
            columns |= {"low": made.band.low, "high": made.band.high}
        predictions.append(pd.DataFrame(columns, index=time))
        bars.append(outcome.bars_frame(made.bars, time).assign(symbol=name))
    trades = trade_table(account, account.symbol_names)
    write_whole(folder / outcome.TRADES, to_csv_bytes(trades))
    write_whole(folder / outcome.EQUITY, outcome.parquet(equity))
    write_whole(folder / outcome.PREDICTIONS, outcome.parquet(pd.concat(predictions)))
    every = pd.concat(bars)  # what is due later in a bar is lacking where a symbol has none
    due = [name for name in DUE_LATER if name in every]
    write_whole(folder / outcome.BARS, outcome.parquet(every.fillna(dict.fromkeys(due, 0.0))))


def decided_in(bars: Mapping[str, Bars], predictions: pd.DataFrame) -> Decided:
    """What was decided on the bars of each symbol, (B_s,), as `write` wrote it.

    Raises ValueError for bars of other symbols or of another number.
    """
    of = {str(name): rows for name, rows in predictions.groupby("symbol", sort=False)}
    if {name: len(rows) for name, rows in of.items()} != {name: len(each) for name, each in bars.items()}:
        raise ValueError("other bars than the predictions")
    decisions = {name: outcome.decisions_in(bars[name], rows) for name, rows in of.items()}
    return Decided(decisions, {name: rows["member"].to_numpy(np.bool_) for name, rows in of.items()})


def bars_in(frame: pd.DataFrame, calendar: str) -> dict[str, Bars]:
    """The bars of each symbol, (B_s,), in their order, as `write` wrote them."""
    groups = frame.groupby("symbol", sort=False)
    return {str(name): bars_of(rows.drop(columns="symbol"), calendar) for name, rows in groups}


def build(
    run: outcome.Source, decided: Decided, account: Account, benchmark: Account, settings: Settings,
    notes: Sequence[Note] = (), quality: ForecastQuality | None = None,
) -> BacktestResult:  # fmt: skip
    """The result of the account, without what stands beside its figures.

    quality: as of outcome.build_result.
    """
    sheet = tear_sheet(account, benchmark)
    worst = sheet.drawdown
    moments = (iso(moment) for moment in (worst.start_ms, worst.trough_ms, worst.recovery_ms))
    months = zip(sheet.months.index, sheet.months.to_numpy(), strict=True)
    made = list(decided.decisions.values())
    skill = quality or quality_of(decided, settings.label.horizon)
    return BacktestResult(
        run=run.run,
        of=run.of,
        simulated=run.simulated,
        symbol=run.symbol,
        start=str(iso(int(account.time[0].astype(np.int64)))),
        end=str(iso(int(account.time[-1].astype(np.int64)))),
        bars=len(account.time),
        calendar=str(account.calendar),
        fill=settings.backtest.fill,
        entry_threshold=settings.signal.entry_threshold,
        decided_by=settings.model.name,
        members=run.members,
        settings_differ=changed(settings),
        metrics=outcome.whole_counts(sheet.metrics),
        benchmark=outcome.whole_counts(sheet.benchmark),
        forecast=skill,
        drawdown=DrawdownTimes(*moments),
        months={str(year): tuple(row.tolist()) for year, row in months},
        costs=outcome.costs_of(sheet, account, settings),
        notes=(
            *notes,
            *outcome.calendar_notes(made[0].bars.calendar),
            *outcome.missing_forecasts(
                [each.without_forecast & decided.members[name] for name, each in decided.decisions.items()],
                settings,
            ),
            *outcome.notes_on_no_trades(all_of(made), settings),
            *outcome.remarks(account, settings),
            *([] if run.simulated else outcome.too_good(skill.ic, sheet.metrics["sharpe"])),
        ),
        files={
            name.partition(".")[0]: name for name in (outcome.TRADES, outcome.EQUITY, outcome.PREDICTIONS)
        },
    )


def quality_of(decided: Decided, horizon: int) -> ForecastQuality:
    """How good the forecasts of all symbols were, taken together.

    Bars of one time follow each other, and labels count as overlapping over the horizon of all symbols: what
    symbols have in common at a time makes no figure surer.
    """
    made = list(decided.decisions.values())
    order = np.argsort(np.concatenate([each.bars.time for each in made]), kind="stable")
    forecast, happened = (
        np.concatenate([getattr(each, name) for each in made])[order]
        for name in ("forecast", "forward_return")
    )
    found = forecast_quality(forecast, happened, horizon * len(made))
    return ForecastQuality(int(found.pop("forecasts")), **found)


def index_bars(bars: Mapping[str, Bars]) -> Bars:
    """The symbols as one market, which the trial ledger knows them by: each at 1 / S in its first bar, held.

    (B,) times at which any symbol has a bar; prices are the sum of last closes over first closes.
    """
    times = np.unique(np.concatenate([each.time for each in bars.values()]))  # (B,)
    level = np.zeros(len(times))
    for each in bars.values():
        last = np.searchsorted(each.time, times, side="right") - 1  # (B,)
        level += np.where(last >= 0, each.close[np.maximum(last, 0)] / each.close[0], 1.0) / len(bars)
    nothing = np.zeros(len(times))
    first = next(iter(bars.values()))
    return Bars(
        times, level, level, level, level, nothing, np.full(len(times), np.nan),
        np.concatenate([[np.nan], level[:-1]]), nothing, calendar=first.calendar,
    )  # fmt: skip


def all_of(made: Sequence[alone.Decisions]) -> alone.Decisions:
    """Forecasts and signals of all symbols in one, for what is said of the largest of them."""
    return replace(
        made[0],
        forecast=np.concatenate([each.forecast for each in made]),
        signal=np.concatenate([each.signal for each in made]),
        band=None,
    )
