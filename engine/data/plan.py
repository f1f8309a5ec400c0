"""The plan: which series the settings ask for, from whom, and which stretch of time. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.data.demo.paths import BASES
from engine.data.exchange.pager import HOUR_MS
from engine.data.kinds import joining
from engine.data.store import series_name
from engine.errors import ChangeSettingsError
from engine.market.candles import iso
from engine.settings import TIMEFRAME_MS, moment

if TYPE_CHECKING:
    from engine.market.ranges import Range
    from engine.settings import Data, Demo

DEMO = "demo"
PRIMARY = "candles"  # the role of the candles that all else joins
DEFAULT_SPAN_MS = 2 * 365 * 86_400_000  # what an exchange is asked for when data.start is empty


@dataclass(frozen=True)
class Source:
    """A series of an exchange and the range of it that is wanted."""

    role: str  # candles, second, or the name of its kind
    kind: str  # one of KINDS
    exchange: str  # ccxt's id
    stored_as: str  # the exchange's name in the store
    symbol: str
    timeframe: str
    wanted: Range
    simulated: bool = False
    path: str = ""  # below the endpoint
    delay_ms: int = 0  # a value is known so long after its stamp
    staleness_ms: int = 0  # and counts so long after that
    refetch: bool = False  # ask again for what the exchange was found not to have

    @property
    def name(self) -> str:
        """The series' name in the store."""
        return series_name(self.stored_as, self.symbol, self.timeframe, self.kind)

    @property
    def step_ms(self) -> int:
        """Distance of its rows."""
        return TIMEFRAME_MS[self.timeframe]


def sources_of(data: Data, demo: Demo, span: Range) -> list[Source]:
    """Every series that the settings ask for, the primary first unless it is one of the store.

    Raises ChangeSettingsError if one is wanted twice, or simulated and real ones together.
    """
    primary = [] if data.series else [primary_wanted(data, demo, span)]
    sources = primary + others_wanted(data, demo, span)
    if len({source.name for source in sources}) < len(sources):
        raise ChangeSettingsError("data.second_exchange", "is the primary itself", "Name another, or none")
    if any(DEMO in (source.exchange, source.stored_as) for source in sources):
        raise ChangeSettingsError(
            "data.exchange", "only all sources together can be simulated", "Set it to demo"
        )
    return [replace(source, refetch=data.refetch) for source in sources]


def span_of(data: Data, now_ms: int) -> Range:
    """The open times [from_ms, to_ms) that settings and now ask for.

    They lie on the timeframe's grid and their candles are complete. Raises ChangeSettingsError if there is
    none.
    """
    step = data.step_ms
    end = min(in_ms(data.end) if data.end else now_ms, now_ms) // step * step
    start = -(-(in_ms(data.start) if data.start else end - DEFAULT_SPAN_MS) // step) * step
    if start >= end:
        reason = f"{data.start} leaves no complete candle before {data.end or 'now'} ({iso(end)})"
        raise ChangeSettingsError("data.start", reason, "Set an earlier start")
    return start, end


def primary_wanted(data: Data, demo: Demo, span: Range) -> Source:
    """The exchange's candles."""
    simulated = data.exchange == DEMO
    exchange, name = ("binance", demo_name(data, demo)) if simulated else (data.exchange, data.exchange)
    return Source(PRIMARY, "candles", exchange, name, data.symbol, data.timeframe, span, simulated)


def others_wanted(data: Data, demo: Demo, span: Range) -> list[Source]:
    """The other series, each from so early on that the first candle already finds a value."""
    start, end = span
    simulated = data.exchange == DEMO
    swap, swap_name, symbol = data.perpetual_exchange, data.perpetual_exchange, data.perpetual_market
    second, second_name, path = data.second_exchange, data.second_exchange, ""
    if simulated:
        swap, swap_name = "binanceusdm", demo_name(data, demo)
        second, second_name, path = "binance", f"{swap_name}-second", "/second"
    wanted = []
    if data.joined and not symbol:
        reason = f"{data.symbol} does not tell the perpetual market whose {', '.join(data.joined)} is wanted"
        raise ChangeSettingsError("data.perpetual_symbol", reason, "Set it, such as BTC/USDT:USDT")
    for name, (delay_h, staleness_h) in data.joined.items():
        kind = joining(name)
        delay_ms = hours(kind.delay_h if delay_h is None else delay_h)
        staleness_ms = hours(kind.staleness_h if staleness_h is None else staleness_h)
        period = kind.period_for(data.step_ms, simulated=simulated)
        stamps = (start - staleness_ms - delay_ms, end + 1)  # one stamped at the last close is known then
        market = (swap, swap_name, symbol, period)
        wanted.append(Source(name, name, *market, stamps, simulated, "", delay_ms, staleness_ms))
    if data.second_exchange:
        staleness_ms = hours(data.second_staleness)
        since = (start - staleness_ms) // data.step_ms * data.step_ms
        market = (second, second_name, data.second_market, data.timeframe)
        wanted.append(Source("second", "candles", *market, (since, end), simulated, path, 0, staleness_ms))
    return wanted


def demo_name(data: Data, demo: Demo) -> str:
    """The simulated exchange's name in the store: seed, edge and timeframe make its market.

    Those besides BTC and ETH are also made by how they correlate, and by which of them has the edge.
    """
    name = f"{DEMO}-{demo.seed}-{demo.edge}-{data.timeframe}"
    if data.symbol.partition("/")[0] in BASES:
        return name
    only = f"-{demo.edge_in}" if demo.edge_in else ""
    return f"{name}-{demo.correlation}{only}"


def in_ms(text: str) -> int:
    """A date or time of the settings in ms."""
    return round(moment(text).timestamp() * 1000)


def hours(number: float) -> int:
    """Hours in ms."""
    return round(number * HOUR_MS)
