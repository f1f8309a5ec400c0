"""What a run came to: decisions laid on bars, simulated, written to files, summed up for result.json."""

from __future__ import annotations

import io
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine.backtest.trades import to_csv_bytes, trade_table
from engine.disk import write_whole
from engine.market.times import iso
from engine.settings import changed
from engine.statistics.forecast import forecast_quality

if TYPE_CHECKING:
    from pathlib import Path

    from engine.backtest.bars import Bars
    from engine.backtest.simulate import Simulation
    from engine.backtest.trading import Decisions
    from engine.settings import Settings
    from engine.statistics.tear_sheet import TearSheet

TRADES, EQUITY, PREDICTIONS, BARS = "trades.csv", "equity.parquet", "predictions.parquet", "bars.parquet"
FILES = (TRADES, EQUITY, PREDICTIONS, BARS)


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
    write_whole(folder / TRADES, to_csv_bytes(trade_table(strategy, symbol)))
    write_whole(folder / EQUITY, parquet(equity))
    write_whole(folder / PREDICTIONS, parquet(predictions))
    write_whole(folder / BARS, parquet(bars_frame(decisions.bars, time)))


def bars_frame(bars: Bars, time: pd.DatetimeIndex) -> pd.DataFrame:
    """Every array of the bars but their time, which is the index."""
    return pd.DataFrame(
        {field.name: getattr(bars, field.name) for field in fields(bars) if field.name != "time"}, index=time
    )


def parquet(frame: pd.DataFrame) -> bytes:
    """A frame as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def summed_up(
    sheet: TearSheet,
    decisions: Decisions,
    strategy: Simulation,
    settings: Settings,
    notes: list[str],
    quality: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The result of a backtest as result.json holds it; shares are fractions, money is quote currency.

    quality: the forecasts' if it is known already, because other rules do not move it.
    """
    time_ms = decisions.bars.time.astype(np.int64)  # (B,)
    costs = settings.backtest
    worst = sheet.drawdown
    return {
        "metrics": whole_counts(sheet.metrics),
        "benchmark": whole_counts(sheet.benchmark),
        "forecast": quality or whole_counts(forecast_quality(decisions.forecast, decisions.forward_return)),
        "trades": TRADES,
        "equity": EQUITY,
        "predictions": PREDICTIONS,
        "start": iso(int(time_ms[0])),
        "end": iso(int(time_ms[-1])),
        "bars": len(time_ms),
        "symbol": settings.data.series or settings.data.symbol,
        "drawdown": {
            name: iso(moment)
            for name, moment in (
                ("start", worst.start_ms),
                ("trough", worst.trough_ms),
                ("recovery", worst.recovery_ms),
            )
        },
        "months": {
            str(year): row.tolist()
            for year, row in zip(sheet.months.index, sheet.months.to_numpy(), strict=True)
        },
        "costs": {
            "fee_bps": costs.fee_bps,
            "slippage_bps": costs.slippage_bps,
            "minimum_notional": costs.minimum_notional,
            "quantity_step": costs.quantity_step,
            **{name: sheet.metrics[name] for name in ("fees", "slippage", "funding", "borrow")},
        },
        "fill": costs.fill,
        "entry_threshold": settings.signal.entry_threshold,
        "settings_differ": changed(settings),
        "notes": [*notes, *unmoved(decisions, settings), *remarks(strategy, settings)],
    }


def whole_counts(figures: dict[str, float]) -> dict[str, float | int]:
    """The figures, with the number of trades as a whole number."""
    return {name: int(value) if name in {"trades", "forecasts"} else value for name, value in figures.items()}


def unmoved(decisions: Decisions, settings: Settings) -> list[str]:
    """Why forecasts led to no trade at all, if none reached the threshold."""
    if decisions.weight is not None or decisions.signal.any():
        return []
    largest = np.abs(decisions.forecast[np.isfinite(decisions.forecast)]).max(initial=0.0)
    return [
        (
            f"No forecast goes beyond signal.entry_threshold, {settings.signal.entry_threshold:g}: "
            f"the largest is {largest:.2g}. signal.threshold_from=validation lets validation choose one."
        )
    ]


def remarks(strategy: Simulation, settings: Settings) -> list[str]:
    """What a reader of the figures must know, in sentences."""
    told = []
    if not settings.data.perpetual and not settings.backtest.borrow_rate and (strategy.position < 0).any():
        told.append("Short sales were lent for free: backtest.borrow_rate is 0.")
    if strategy.ruined:
        told.append("RUINED: equity fell to 0 and the simulation ended there.")
    if settings.backtest.fill == "same-close":
        told.append("Fills are at the close that the decision was made on: optimistic, nobody gets them.")
    if strategy.capped:
        told.append(
            f"{strategy.capped} fills were cut short by the bar's volume, {strategy.dropped} rests dropped."
        )
    if strategy.too_small:
        told.append(f"{strategy.too_small} orders were below the exchange's step or minimum and given up.")
    known = settings.backtest.minimum_notional or settings.backtest.quantity_step
    if settings.backtest.limits_from == "exchange" and not known:
        told.append("The exchange's smallest order and step are not known: none was applied.")
    if strategy.unsized:
        told.append(f"{strategy.unsized} orders were given up because no forecast volatility was known.")
    return told
