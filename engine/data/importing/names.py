"""What files call their columns: the names of times, prices and volumes that are known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME_NAMES = (
    "unix", "unix_timestamp", "time_period_start", "open_time", "opentime", "timeopen", "open_timestamp",
    "start_time", "start_at", "period_start", "start", "begin", "candle_begin_time", "timestamp",
    "timestamp_utc", "time", "datetime", "date_time", "datetime_utc", "time_utc", "utc_time", "utc",
    "gmt_time", "local_time", "date", "date_utc", "datum", "fecha", "data", "trade_date", "trading_day",
    "dtyyyymmdd", "day", "month", "dt", "ts", "t", "calc_time", "create_time", "funding_time",
    "fundingtime", "index", "index_level_0", "level_0", "unnamed_0", "time_open", "zeit",
)  # fmt: skip
CLOSE_TIMES = (
    "close_time", "closetime", "timeclose", "time_close", "time_period_end", "end_time", "endtime",
    "period_end", "close_timestamp", "end",
)  # fmt: skip
CLOCK_NAMES = (
    "time",
    "timestamp",
    "hour",
    "hr",
    "clock",
    "time_of_day",
    "tod",
    "zeit",
    "uhrzeit",
    "stunde",
    "hora",
)
ZONED = re.compile(r"\s*\([A-Z][A-Za-z_/]+\)$")  # a zone behind a name
ZONES = re.compile(r"(?<![A-Za-z])(UTC|GMT|[A-Z]{1,4}[SD]?T|[A-Z][a-z]+/[A-Z][A-Za-z_]+)(?![A-Za-z])")
PRICE_NAMES = {  # English, German, French, Spanish, Polish
    "open": (
        "open", "o", "open_price", "price_open", "opening", "opening_price", "first", "erster", "eröffnung",
        "eröffn", "ouverture", "ouv", "apertura", "otwarcie",
    ),
    "high": (
        "high", "h", "high_price", "price_high", "highest", "max", "hoch", "tageshoch", "plus_haut", "haut",
        "máximo", "maximo", "najwyzszy",
    ),
    "low": (
        "low", "l", "low_price", "price_low", "lowest", "min", "tief", "tagestief", "plus_bas", "bas",
        "mínimo", "minimo", "najnizszy",
    ),
    "close": (
        "close", "c", "close_price", "price_close", "closing", "closing_price", "close_last", "last",
        "last_price", "price", "settle", "schluss", "schlusskurs", "zuletzt", "dernier", "clôture", "cierre",
        "último", "ultimo", "zamkniecie", "adj_close", "adjusted_close",
    ),
}  # fmt: skip
BASE_VOLUME = (
    "base_volume", "volume_base", "volumefrom", "volume_from", "base_asset_volume", "volume_base_asset",
)  # fmt: skip
PLAIN_VOLUME = (
    "volume", "vol", "v", "volume_traded", "traded_volume", "total_volume", "volumen", "wolumen", "stuecke",
    "stücke", "shares", "real_volume",
)  # fmt: skip
TICK_VOLUME = ("tickvol", "tick_volume", "tickvolume", "ticks")
NO_VOLUME = {  # words behind `volume_` that name no asset
    "ma", "sma", "ema", "delta", "change", "adj", "adjusted", "avg", "average", "weighted", "notional",
    "24h", "up", "down", "buy", "sell", "ratio", "profile", "quote", "to", "currency", "z", "osc", "count",
    "trades",
}  # fmt: skip
QUOTES = (
    "usd",
    "usdt",
    "usdc",
    "busd",
    "tusd",
    "dai",
    "eur",
    "gbp",
    "jpy",
    "try",
    "krw",
    "aud",
    "brl",
    "fdusd",
)
SYMBOL_NAMES = ("symbol", "pair", "ticker", "market", "instrument", "name")


def zone_in(name: str) -> str:
    """The zone that the name of a column of times tells, such as `Gmt time` or `Time (EST)`; or empty."""
    found = ZONES.search(re.sub(r"(?i)utc|gmt", lambda match: match[0].upper(), name))
    return found[1] if found else ""


def first_of(names: Sequence[str], wanted: Sequence[str], *, once: bool = True) -> int | None:
    """Position of the first wanted name that is there, however its words are separated.

    Raises ValueError if it is there twice.
    """
    joined = [name.replace("_", "") for name in names]
    for name in wanted:
        if once and (names.count(name) > 1):
            raise ValueError(f"has two columns named {name}")
        if name in names:
            return names.index(name)
        if name.replace("_", "") in joined:
            return joined.index(name.replace("_", ""))
    return None


def plain(name: str) -> str:
    """A column name in lower case, with underscores for whatever separates its words."""
    words = re.sub(r"[\s_\-./()\[\]*:%+]+", "_", name.strip(" \t\"'<>\ufeff").lower()).strip("_")
    return re.sub(r"^\d+_", "", words)


def listed(header: Sequence[str]) -> str:
    """The first column names, each cut, for an error."""
    shown = ", ".join(name[:30] or "(empty)" for name in header[:15])
    return f"{shown} …" if len(header) > 15 else shown
