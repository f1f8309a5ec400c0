"""Publishers whose files are told by their columns, and what each is known to write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.market.candles import PRICES
from engine.results.notes import Note

if TYPE_CHECKING:
    from numpy.typing import NDArray


DATABENTO = "Databento"
BILLION, LEAST = 10**9, 10**6  # the unit of its binary prices, and the least that one of a market is in it


@dataclass(frozen=True)
class Known:
    """A layout with a name: the columns that tell it, and what its publisher is known to write."""

    name: str
    columns: frozenset[str]
    order: str = ""  # of day and month
    decimal: str = ""  # the decimal mark
    adjusted: str = ""  # what the prices are adjusted for, if that is known
    closes: bool = False  # whether its times are the ends of bars


def known(
    name: str, columns: str, order: str = "", decimal: str = "", adjusted: str = "", *, closes: bool = False
) -> Known:
    """One line of the table."""
    return Known(name, frozenset(columns.split()), order, decimal, adjusted, closes)


LAYOUTS = (  # the first whose columns are all there names the file
    known("MetaTrader 5", "date open high low close tickvol spread", decimal="point"),
    known("MetaTrader 5", "date open high low close tickvol", decimal="point"),
    known("Binance public data", "open_time close_time open high low close", decimal="point"),
    known("CoinMarketCap", "timeopen timeclose open high low close"),
    known("CoinAPI", "time_period_start price_open price_high price_low price_close", decimal="point"),
    known("Stooq", "ticker per date open high low close openint", decimal="point"),
    known("Finam", "ticker per date open high low close vol", decimal="point"),
    known("CryptoCompare", "volumefrom volumeto open high low close", decimal="point"),
    known("BitMEX", "trades vwap lastsize homenotional foreignnotional", decimal="point", closes=True),
    known("Polygon", "window_start transactions open high low close", decimal="point"),
    known("Polygon", "t o h l c v vw", decimal="point"),
    known(DATABENTO, "ts_event rtype instrument_id open high low close", decimal="point"),
    known("Dukascopy", "gmt_time open high low close", order="day-first", decimal="point"),
    known("Dukascopy", "local_time open high low close", order="day-first", decimal="point"),
    known("Nasdaq", "date close_last open high low", order="month-first", decimal="point"),
    known("investing.com", "price open high low vol change"),
    known("barchart", "open high low latest change volume", order="month-first", decimal="point"),
    known("barchart", "open high low last change volume", order="month-first", decimal="point"),
    known("Quandl", "open high low close ex_dividend split_ratio", decimal="point", adjusted="nothing"),
    known("Alpha Vantage", "timestamp open high low close adjusted_close", "", "point", "nothing"),
    known("Yahoo Finance", "open high low close adj_close volume", decimal="point", adjusted="splits"),
    known("Kaggle", "timestamp open high low close weighted_price", decimal="point"),
)  # fmt: skip


def in_currency(
    publisher: str, numbers: dict[str, NDArray[np.float64]]
) -> tuple[dict[str, NDArray[np.float64]], tuple[Note, ...]]:
    """Numbers, each (N,), with the prices that Databento writes in billionths in whole units."""
    if publisher != DATABENTO:
        return numbers, ()
    prices = [numbers[name][np.isfinite(numbers[name])] for name in PRICES]
    if not all(len(each) and float(each.min()) >= LEAST and not (each % 1).any() for each in prices):
        return numbers, ()
    whole = {name: values / BILLION if name in PRICES else values for name, values in numbers.items()}
    return whole, (Note("prices in billionths"),)
