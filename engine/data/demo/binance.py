"""Binance's dialect: how its REST writes candles and symbols, reads parameters and refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.demo.market import SYMBOLS
from engine.data.demo.paths import ORIGIN_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.data.demo.bars import Candles


class Refused(Exception):  # noqa: N818  Binance's answer, not a fault of ours
    """A request answered with status 400 and Binance's code and message."""

    def __init__(self, code: int, message: str) -> None:
        """Keep the JSON body."""
        super().__init__(message)
        self.body = {"code": code, "msg": message}


def listing(base: str, quote: str) -> dict[str, Any]:
    """One symbol of exchangeInfo; a quote such as `USDT:USDT` makes it a perpetual."""
    quote, _, margin = quote.partition(":")
    entry: dict[str, Any] = {
        "symbol": base + quote,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "10000000.00", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.00000", "stepSize": "0.00001"},
        ],
    }
    if not margin:
        return entry | {
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "permissions": ["SPOT"],
        }
    perpetual = {"pair": base + quote, "contractType": "PERPETUAL", "deliveryDate": 4_133_404_800_000}
    digits = {"pricePrecision": 2, "quantityPrecision": 5}
    return (
        entry
        | perpetual
        | digits
        | {"onboardDate": ORIGIN_MS, "marginAsset": margin, "underlyingType": "COIN"}
    )


def rows(candles: Candles, step_ms: int) -> list[list[int | str]]:
    """Candles as klines: 12 fields, prices and volumes as text."""
    shares = candles.taker_volume / candles.volume  # (T,)
    amounts = (*candles[1:7], candles.taker_volume, candles.quote_volume * shares)
    text = ([f"{value:.8f}" for value in column.tolist()] for column in amounts)
    open_, high, low, close, volume, quote, taker, taker_quote = text
    start, end = candles.time.tolist(), (candles.time + step_ms - 1).tolist()
    trades = np.ceil(candles.trades).astype(np.int64).tolist()
    columns = (start, open_, high, low, close, volume, end, quote, trades, taker, taker_quote)
    return [[*row, "0"] for row in zip(*columns, strict=True)]


def symbol_of(query: Mapping[str, str], kind: int) -> str:
    """The market that `symbol` (BTCUSDT) names, in ccxt's notation."""
    wanted = mandatory(query, "symbol")
    for name, (_, market) in SYMBOLS.items():
        if market == kind and name.partition(":")[0].replace("/", "") == wanted:
            return name
    raise Refused(-1121, "Invalid symbol.")


def mandatory(query: Mapping[str, str], name: str) -> str:
    """A parameter that must be there."""
    if not query.get(name):
        raise Refused(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return query[name]


def whole_number(
    query: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 2**53
) -> int:
    """A parameter that is a whole number; more than `most` counts as `most`, as Binance does it."""
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise Refused(
            -1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        )
    if int(text[:20]) < least:
        raise invalid(name)
    return min(int(text[:20]), most)


def invalid(name: str) -> Refused:
    """A parameter of a value that cannot be."""
    return Refused(-1130, f"Data sent for parameter '{name}' is not valid.")
