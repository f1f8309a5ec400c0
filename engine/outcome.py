"""What a run came to: decisions laid on bars, simulated, written to files, summed up for result.json."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine.backtest import trading
from engine.backtest.bars import ARRAYS, DUE_LATER
from engine.backtest.thresholds import NEVER
from engine.backtest.trades import to_csv_bytes, trade_table
from engine.backtest.trading import Decisions
from engine.disk import write_whole
from engine.market.times import iso
from engine.results.backtest import BacktestResult, Costs, DrawdownTimes, ForecastQuality
from engine.results.metrics import METRICS
from engine.results.notes import Note
from engine.results.trade_terms import REASONS
from engine.settings import brackets_of, changed
from engine.statistics.conformal import Band
from engine.statistics.forecast import forecast_quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars
    from engine.backtest.portfolio import Portfolio
    from engine.backtest.simulate import Simulation
    from engine.market.calendar import Calendar
    from engine.settings import Settings
    from engine.statistics.account import AccountHistory
    from engine.statistics.tear_sheet import TearSheet

TRADES, EQUITY, PREDICTIONS, BARS = "trades.csv", "equity.parquet", "predictions.parquet", "bars.parquet"
FILES = (TRADES, EQUITY, PREDICTIONS, BARS)
DECIDED = ("prediction", "signal", "realised")  # columns that all predictions have
BEST_IC, BEST_SHARPE = 0.2, 6.0  # beyond which a mistake is likelier than skill


@dataclass(frozen=True)
class Source:
    """Whose backtest it is: ids of the run and of its model's run, whether the market is simulated.

    symbol: where it is not the one that the settings name. members: how many models forecast together.
    """

    run: str
    of: str
    simulated: bool
    symbol: str = ""
    members: int = 1


def write(
    folder: Path, symbol: str, decisions: Decisions, strategy: Simulation, benchmark: Simulation
) -> None:
    """Write trades.csv, equity.parquet, predictions.parquet and bars.parquet, each whole. Raises
    MakeRoomError.

    The bars lie beside the predictions so that other rules can be tried on both without the market's series.
    """
    time = pd.DatetimeIndex(decisions.bars.time, tz="UTC", name="time")
    equity = pd.DataFrame(
        {
            "equity": strategy.equity,
            "buy_and_hold": benchmark.equity,
            "cash": strategy.cash,
            "position": strategy.position,
            "close": strategy.close,
        },
        index=time,
    )
    predictions = pd.DataFrame(
        {"prediction": decisions.forecast, "signal": decisions.signal, "realised": decisions.forward_return},
        index=time,
    )
    if decisions.weight is not None:
        predictions["weight"] = decisions.weight
    if decisions.band is not None:
        predictions["low"], predictions["high"] = decisions.band.low, decisions.band.high
    write_whole(folder / TRADES, to_csv_bytes(trade_table(strategy, symbol)))
    write_whole(folder / EQUITY, parquet(equity))
    write_whole(folder / PREDICTIONS, parquet(predictions))
    write_whole(folder / BARS, parquet(bars_frame(decisions.bars, time)))


def decisions_in(bars: Bars, predictions: pd.DataFrame) -> Decisions:
    """The decisions on the bars, (B,), as `write` wrote them."""
    forecast, signal, happened = (predictions[name].to_numpy() for name in DECIDED)
    weight = predictions["weight"].to_numpy() if "weight" in predictions else None
    has_band = {"low", "high"} <= set(predictions)
    band = Band(predictions["low"].to_numpy(), predictions["high"].to_numpy()) if has_band else None
    return Decisions(bars, forecast, signal.astype(np.int8), happened, weight, band)


def bars_frame(bars: Bars, time: pd.DatetimeIndex) -> pd.DataFrame:
    """Every array of the bars but their time, which is the index; without those that are 0 unless said."""
    columns = {name: getattr(bars, name) for name in ARRAYS}
    return pd.DataFrame(columns, index=time).drop(
        columns=[name for name in DUE_LATER if not columns[name].any()]
    )


def parquet(frame: pd.DataFrame) -> bytes:
    """A frame as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def build_result(
    run: Source,
    sheet: TearSheet,
    decisions: Decisions,
    strategy: Simulation | Portfolio,
    settings: Settings,
    notes: Sequence[Note] = (),
    quality: ForecastQuality | None = None,
) -> BacktestResult:
    """The result of a backtest, without what stands beside its figures; shares are fractions.

    quality: the forecasts' if it is known already, because other rules do not move it.
    """
    time_ms = decisions.bars.time.astype(np.int64)  # (B,)
    costs = settings.backtest
    worst, skill = sheet.drawdown, quality or quality_of(decisions, settings.label.horizon)
    moments = (iso(moment) for moment in (worst.start_ms, worst.trough_ms, worst.recovery_ms))
    months = zip(sheet.months.index, sheet.months.to_numpy(), strict=True)
    return BacktestResult(
        run=run.run,
        of=run.of,
        simulated=run.simulated,
        symbol=run.symbol or settings.data.symbol,
        start=str(iso(int(time_ms[0]))),
        end=str(iso(int(time_ms[-1]))),
        bars=len(time_ms),
        calendar=str(decisions.bars.calendar),
        fill=costs.fill,
        entry_threshold=settings.signal.entry_threshold,
        decided_by="" if decisions.weight is not None else settings.model.name,
        members=run.members,
        settings_differ=changed(settings),
        metrics=whole_counts(sheet.metrics),
        benchmark=whole_counts(sheet.benchmark),
        forecast=skill,
        drawdown=DrawdownTimes(*moments),
        months={str(year): tuple(row.tolist()) for year, row in months},
        costs=costs_of(sheet, strategy, settings),
        notes=(
            *notes,
            *calendar_notes(decisions.bars.calendar),
            *notes_on_missing_forecasts(decisions, settings),
            *notes_on_no_trades(decisions, settings),
            *remarks(strategy, settings),
            *([] if run.simulated else too_good(skill.ic, sheet.metrics["sharpe"])),
        ),
        files={Path(name).stem: name for name in (TRADES, EQUITY, PREDICTIONS)},
    )


def costs_of(sheet: TearSheet, strategy: AccountHistory, settings: Settings) -> Costs:
    """Rates, limits and margin that held, and what was paid."""
    rules = settings.backtest
    long, short = trading.maintenance_of(settings)
    source = "market" if rules.maintenance_margin == "market" else "settings"
    if rules.margin_brackets:
        source = "brackets"
        long = short = brackets_of(rules.margin_brackets)[0][1]
    return Costs(
        rules.fee_bps,
        rules.slippage_bps,
        rules.minimum_notional,
        rules.quantity_step,
        **{name: sheet.metrics[name] for name in ("fees", "slippage", "funding", "borrow")},
        maintenance_long=long,
        maintenance_short=short,
        margin_from=source,
        absorbed=float(strategy.trades["absorbed"].sum()),
    )


def calendar_notes(calendar: Calendar) -> list[Note]:
    """What a reader must know of a market that closes, or keeps a local clock."""
    if not calendar.every_day or not calendar.always:
        facts = {"days": calendar.days_per_year, "bars": calendar.bars_per_year}
        return [Note("market with sessions", {"calendar": str(calendar), **facts})]
    return [Note("market of a zone", {"zone": calendar.zone})] if calendar.zone != "UTC" else []


def quality_of(decisions: Decisions, horizon: int) -> ForecastQuality:
    """How good the forecasts were that were decided by."""
    found = forecast_quality(decisions.forecast, decisions.forward_return, horizon)
    return ForecastQuality(int(found.pop("forecasts")), **found)


def whole_counts(figures: dict[str, float]) -> dict[str, float | int]:
    """The figures, with those that METRICS writes as counts as whole numbers."""
    return {
        name: int(value) if name in METRICS and METRICS[name].format == "count" else value
        for name, value in figures.items()
    }


def notes_on_missing_forecasts(decisions: Decisions, settings: Settings) -> list[Note]:
    """How many bars had no forecast, in how many stretches, and what became of a position there."""
    return missing_forecasts([decisions.without_forecast], settings)


def missing_forecasts(missing: Sequence[NDArray[np.bool_]], settings: Settings) -> list[Note]:
    """The same of several symbols, (B_s,) each whether its bars had none."""
    bars = sum(int(each.sum()) for each in missing)
    if not bars:
        return []
    stretches = sum(int((np.diff(each, prepend=False) & each).sum()) for each in missing)
    held = settings.signal.without_forecast == "hold"
    code = "held without forecast" if held else "closed without forecast"
    return [Note(code, {"bars": bars, "stretches": stretches})]


def notes_on_costs(settings: Settings, threshold: float | None, gross: float) -> list[Note]:
    """What a trade earned on validation, if that was less than its costs and so nothing is traded."""
    if settings.signal.threshold_from != "auto" or threshold is None or threshold < NEVER:
        return []
    costs = 1e4 * trading.round_trip(settings)
    if not math.isfinite(gross):
        return [Note("too few trades on validation")]
    return [Note("nothing pays", {"gross": 1e4 * gross, "costs": costs})]


def notes_on_no_trades(decisions: Decisions, settings: Settings) -> list[Note]:
    """Why forecasts led to no trade at all, if none reached the threshold."""
    if decisions.weight is not None or decisions.signal.any() or settings.signal.threshold_from == "auto":
        return []
    largest = np.abs(decisions.forecast[np.isfinite(decisions.forecast)]).max(initial=0.0)
    threshold = settings.signal.entry_threshold
    if decisions.band is not None and settings.signal.by_band:
        edges = np.fmax(decisions.band.low, -decisions.band.high)  # (B,)
        nearest, share = float(np.nanmax(edges, initial=-1.0)), 100.0 * settings.signal.band
        facts = {"band": share, "threshold": threshold, "nearest": nearest}
        return [Note("no band lies beyond the costs", {**facts})]
    note = Note("no forecast reaches the threshold", {"threshold": threshold, "largest": float(largest)})
    return [note]


def too_good(ic: float, sharpe: float) -> list[Note]:
    """What no honest forecast or strategy of a real market comes to; a leak may have either sign."""
    found = [Note("IC too good to be true", {"ic": ic})] if abs(ic) > BEST_IC else []
    return found + ([Note("Sharpe too good to be true", {"sharpe": sharpe})] if sharpe > BEST_SHARPE else [])


def remarks(strategy: Simulation | Portfolio, settings: Settings) -> list[Note]:
    """What a reader of the figures must know."""
    costs, found = settings.backtest, []
    if not settings.data.perpetual and not costs.borrow_rate and (strategy.position < 0).any():
        found.append(Note("borrowed for free"))
    if strategy.ruined:
        found.append(Note("ruined"))
    liquidated = int((strategy.trades["exit_reason"] == REASONS.index("liquidation")).sum())
    if liquidated:
        absorbed = float(strategy.trades["absorbed"].sum())
        found.append(Note("liquidated", {"times": liquidated, "absorbed": absorbed}))
    if costs.fill == "same-close":
        found.append(Note("filled at the close"))
    capped, dropped, too_small, unsized = (
        int(np.sum(getattr(strategy, name))) for name in ("capped", "dropped", "too_small", "unsized")
    )
    if capped:
        found.append(Note("capped by volume", {"capped": capped, "dropped": dropped}))
    if too_small:
        found.append(Note("too small", {"orders": too_small}))
    if costs.limits_from == "exchange" and not (costs.minimum_notional or costs.quantity_step):
        found.append(Note("limits unknown"))
    if unsized:
        found.append(Note("unsized", {"orders": unsized}))
    return found
