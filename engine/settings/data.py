"""The settings of the data: what is collected, and how it is repaired."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from engine.settings.values import (
    CALENDAR,
    EXCHANGE,
    NAMED,
    SERIES_NAME,
    SERIES_PATTERN,
    SYMBOL,
    TIMEFRAME_MS,
    Contradiction,
    Group,
    Number,
    Whole,
    also_of,
    extra_of,
    matching,
    moment,
    once,
    setting,
)

RepairPolicy = Literal["leave", "refetch", "second", "fill"]


class Data(Group):
    """Where market data comes from."""

    exchange: str = setting("binance", "ccxt exchange id, or demo for the embedded simulated exchange")
    symbol: str = setting(
        "BTC/USDT", "market in ccxt's notation; a perpetual is BTC/USDT:USDT; of data.series its own"
    )
    timeframe: Literal[("", *TIMEFRAME_MS)] = setting(  # type: ignore[valid-type]
        "1h", "length of a candle; of data.series its own, unless a longer one is said"
    )
    start: str = setting(
        "", "first candle, UTC date or time (ISO 8601); empty: the whole data.series, or two years"
    )
    end: str = setting("", "end, UTC date or time, exclusive; empty means now")
    series: str = setting("", "name of a stored or imported series to use instead of the exchange's candles")
    calendar: str = setting(
        "auto",
        "when the market trades: auto is the series' own; 24/7; mon-fri; or such as "
        "mon-fri 09:30-16:00 America/New_York",
    )
    funding: bool = setting(False, "collect the funding rates of the perpetual market")
    funding_series: str = setting(
        "",
        "stored series of funding rates, taken instead of an exchange's; the market is a perpetual then",
    )
    mark_series: str = setting(
        "", "stored series of candles of the mark price that funding is paid on; empty means the bar's open"
    )
    open_interest: bool = setting(False, "collect the open interest of the perpetual market")
    perpetual_exchange: str = setting("binanceusdm", "ccxt exchange id of the perpetual market")
    perpetual_symbol: str = setting("", "the perpetual market; empty means that of data.symbol")
    second_exchange: str = setting("", "ccxt exchange id of a second exchange's candles; empty means none")
    second_symbol: str = setting(
        "", "market on the second exchange; empty means the spot market of data.symbol"
    )
    endpoint: str = setting("", "address that replaces the exchanges' own, such as a local recorder's")
    fill_gaps: Whole = setting(
        3,
        "gaps up to this long are filled flat for features and windows, never traded",
        "bars",
        ge=0,
        le=1000,
    )
    funding_staleness: Number = setting(12.0, "funding older than this counts as missing", "h", gt=0, le=240)
    open_interest_staleness: Number = setting(
        6.0, "open interest older than this counts as missing", "h", gt=0, le=240
    )
    second_staleness: Number = setting(3.0, "second candles older than this are missing", "h", gt=0, le=240)
    open_interest_delay: Number = setting(
        5.0, "open interest is published this long after its stamp", "min", ge=0, le=1440
    )
    when_source_fails: Literal["fail", "go-on"] = setting(
        "fail", "what a run does when a source besides the primary one cannot be had"
    )
    retries: Whole = setting(
        5, "tries of one request before the source counts as failed", "tries", ge=1, le=50
    )
    timeout: Number = setting(20.0, "time limit of one request", "s", gt=0, le=600)
    refetch: bool = setting(False, "ask again for what an exchange was found not to have")
    extra: tuple[str, ...] = setting(
        (),
        "imported series of values that join: NAME:DELAY:STALENESS, in hours after stamp and publication; "
        "NAME alone means 24 and 72",
    )
    also: tuple[str, ...] = setting(
        (),
        "further kinds of series of the perpetual market that join: KIND, or KIND:DELAY:STALENESS in hours",
    )

    symbols: tuple[str, ...] = setting(
        (),
        "several markets for one model and one account: symbols of data.exchange, or stored series by name "
        "or pattern such as perp-*; empty: data.symbol or data.series alone",
    )
    universe_top: Whole = setting(
        0,
        "on each day only so many of data.symbols count, those of the largest median volume in quote "
        "currency over the days before; 0 = all",
        "symbols",
        ge=0,
        le=1000,
    )
    universe_days: Whole = setting(30, "days before over which that median is taken", "days", ge=1, le=3650)

    @field_validator("exchange", "perpetual_exchange", "second_exchange")
    @classmethod
    def _exchange(cls, value: str) -> str:
        return matching(EXCHANGE, value, "lower-case letters and digits, such as binance")

    @model_validator(mode="before")
    @classmethod
    def _of_series(cls, value: Any) -> Any:
        """A stored series has a length of its own, which holds unless another is said."""
        if not isinstance(value, dict):
            return value
        symbols = value.get("symbols")
        several = isinstance(symbols, list | tuple) and bool(symbols)
        of_store = several and all(isinstance(each, str) and "/" not in each for each in symbols or ())
        return {"timeframe": "", **value} if value.get("series") or of_store else value

    @field_validator("symbols")
    @classmethod
    def _symbols(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            pattern, wanted = (SYMBOL, "markets such as BTC/USDT, or series and patterns such as perp-*")
            matching(pattern if "/" in each else SERIES_PATTERN, each, wanted)
        once(value, value)
        if len({":" in each for each in value if "/" in each}) > 1:
            raise ValueError("must not mix spot and perpetual markets: they are traded by other rules")
        return value

    @field_validator("symbol")
    @classmethod
    def _symbol(cls, value: str) -> str:
        return matching(NAMED, value, "a market such as BTC/USDT or BTC/USDT:USDT")

    @field_validator("perpetual_symbol", "second_symbol")
    @classmethod
    def _other_symbol(cls, value: str) -> str:
        return matching(SYMBOL, value, "a market such as BTC/USDT or BTC/USDT:USDT") if value else value

    @field_validator("series", "funding_series", "mark_series")
    @classmethod
    def _series(cls, value: str) -> str:
        return matching(SERIES_NAME, value, "letters, digits, dot, dash and underscore") if value else value

    @field_validator("calendar")
    @classmethod
    def _calendar(cls, value: str) -> str:
        if value == "auto":
            return value
        return matching(
            CALENDAR, value, "auto, 24/7, mon-fri or such as mon-fri 09:30-16:00 America/New_York"
        )

    @field_validator("endpoint")
    @classmethod
    def _endpoint(cls, value: str) -> str:
        return (
            matching(re.compile(r"https?://[\w.:\[\]-]+(/[\w./-]*)?"), value, "http://host:port")
            if value
            else value
        )

    @field_validator("extra")
    @classmethod
    def _extra(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return once(value, [extra_of(each)[0] for each in value])

    @field_validator("also")
    @classmethod
    def _also(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return once(value, [also_of(each)[0] for each in value])

    @field_validator("start", "end")
    @classmethod
    def _date(cls, value: str) -> str:
        if value:
            moment(value)
        return value

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.start and self.end and moment(self.end) <= moment(self.start):
            raise Contradiction("data.end", f"{self.end} is not after data.start, {self.start}")
        return self

    @model_validator(mode="after")
    def _market(self) -> Self:
        if self.symbols:
            self._refuse_beside_symbols()
        if not self.series:
            if not SYMBOL.fullmatch(self.symbol):
                raise Contradiction("data.symbol", "must be a market such as BTC/USDT or BTC/USDT:USDT")
            if not self.timeframe and not (self.symbols and self.markets != self.symbols):
                raise Contradiction("data.timeframe", "may be empty only with data.series")
        if self.funding and self.funding_series:
            raise Contradiction("data.funding", "does not go with data.funding_series: take one of them")
        if self.mark_series and not (self.funding or self.funding_series):
            raise Contradiction("data.mark_series", "is of no use without data.funding_series")
        return self

    def _refuse_beside_symbols(self) -> None:
        """Raise Contradiction for what is one market's where several are named."""
        of_one = ("series", "funding_series", "mark_series", "perpetual_symbol", "second_symbol")
        if named := [f"data.{name}" for name in of_one if getattr(self, name)]:
            raise Contradiction("data.symbols", f"does not go with {named[0]}, which is of one market")
        if self.universe_top and self.universe_top > len(self.symbols) and self.markets == self.symbols:
            reason = f"{self.universe_top} of {len(self.symbols)} symbols"
            raise Contradiction("data.universe_top", f"asks for {reason}; at most so many as are named")

    @property
    def markets(self) -> tuple[str, ...]:
        """Those of the symbols that are markets of the exchange; the others are stored series."""
        return tuple(each for each in self.symbols if "/" in each)

    @property
    def perpetual(self) -> bool:
        """Whether the traded market is a perpetual, which pays funding and lends nothing."""
        traded = self.markets or (self.symbol,)
        return ":" in traded[0] or bool(self.funding_series)

    @property
    def perpetual_market(self) -> str:
        """The perpetual market whose funding and open interest are collected; empty if none is known."""
        if self.perpetual_symbol or ":" in self.symbol:
            return self.perpetual_symbol or self.symbol
        return f"{self.symbol}:{self.symbol.partition('/')[2]}" if "/" in self.symbol else ""

    @property
    def second_market(self) -> str:
        """The market on the second exchange."""
        return self.second_symbol or self.symbol.partition(":")[0]

    @property
    def stored(self) -> tuple[str, ...]:
        """The stored series that are named."""
        named = (
            self.series,
            self.funding_series,
            self.mark_series,
            *(extra_of(each)[0] for each in self.extra),
            *(each for each in self.symbols if each not in self.markets),
        )
        return tuple(name for name in named if name)

    @property
    def joined(self) -> dict[str, tuple[float | None, float | None]]:
        """Kinds of series of the perpetual market that join: delay and staleness, h; None: the kind's own."""
        own: dict[str, tuple[float | None, float | None]] = {}
        if self.funding:
            own["funding"] = (None, self.funding_staleness)
        if self.open_interest:
            own["open_interest"] = (self.open_interest_delay / 60, self.open_interest_staleness)
        return own | {name: (delay, staleness) for name, delay, staleness in map(also_of, self.also)}

    @property
    def step_ms(self) -> int:
        """Length of a candle in milliseconds."""
        return TIMEFRAME_MS[self.timeframe or "1h"]


class Demo(Group):
    """The embedded exchange simulator, used when data.exchange is demo."""

    seed: Whole = setting(7, "seed of the simulated market", "", ge=0, le=2**31 - 1)
    edge: Number = setting(
        0.05, "correlation of the next return with what is knowable before it; 0 = nothing", "", ge=0, le=0.9
    )
    correlation: Number = setting(
        0.5, "of the noise of any two of the markets besides BTC and ETH", "", ge=0, le=0.95
    )
    edge_in: str = setting(
        "", "base of the one market, such as SOL, that has the edge, BTC and ETH aside; empty: all have"
    )


class Repair(Group):
    """What quantdeck data repair does with a stored series of candles."""

    gaps: RepairPolicy = setting(
        "leave",
        "missing candles: leave; refetch: ask the exchange again; second: take the other series'; fill: flat",
    )
    spikes: RepairPolicy = setting(
        "leave", "candles far from the second series', or without one from neighbours"
    )
    conflicts: RepairPolicy = setting("leave", "candles that came more than once with contradicting numbers")
    second: str = setting("", "name of a stored series of candles to compare with and take from")
    tolerance: Number = setting(
        0.05, "a candle this far from the second series' is a spike", "log ratio", gt=0, le=10
    )
    longest_fill: Whole = setting(24, "gaps longer than this are not filled flat", "bars", ge=1, le=10_000)

    @field_validator("second")
    @classmethod
    def _second(cls, value: str) -> str:
        return matching(SERIES_NAME, value, "letters, digits, dot, dash and underscore") if value else value
