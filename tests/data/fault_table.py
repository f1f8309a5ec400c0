"""Each fault of a network against each of six exchanges, with real ccxt clients and a real store.

    python -m tests.data.fault_table          the whole table, as Markdown

A cell is survived if what the fault allows happened and the series, after the next update where there had
to be one, equals byte for byte that of an undisturbed update. The next update is one by a new client.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from engine.data.exchange.client import open_exchange
from engine.data.exchange.rate_limit import no_request_before
from engine.data.plan import Source
from engine.data.store import Store
from engine.data.update import update
from engine.errors import ChangeSettingsError, QuantdeckError, TryAgainError
from engine.market.candles import milliseconds
from tests.data.exchanges import Binance, BinanceUsdM, Bybit, Coinbase, Kraken, Okx, faults
from tests.data.exchanges.server import HOUR, NOW, ExchangeServer, Fault, prices, serving

if TYPE_CHECKING:
    from collections.abc import Callable

SIX = (Binance, BinanceUsdM, Bybit, Okx, Kraken, Coinbase)
LAST = NOW // HOUR * HOUR
RETRIES, TIMEOUT_S, BACKOFF_S = 3, 5.0, 0.01
DAY_S = 86_400
SLACK_S = 3.0  # for a machine that is busy with other things
RETRY_AFTER_S = 1


@dataclass(frozen=True)
class Row:
    """A fault, what is expected, and how it is caused."""

    fault: str
    expected: str
    once: Fault | None = None  # on the second page, or the first if there is but one
    always: Fault | None = None  # from then on
    raises: type[QuantdeckError] | None = None
    says: str = ""
    timeout_s: float = TIMEOUT_S
    endpoint: Callable[[ExchangeServer], str] = lambda server: server.url
    source: Callable[[Source], Source] = lambda source: source
    rest_s: float = 0.0  # how long nothing may be asked after the fault


def closed_port(_: ExchangeServer) -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def soon() -> str:
    """An HTTP date, whole seconds, at least RETRY_AFTER_S from now."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=RETRY_AFTER_S + 1), usegmt=True)


async def busy_until(request: object, well: object) -> object:
    """503 with a date to come back at."""
    return await faults.status(503, Retry_After=soon())(request, well)


def misspelt(source: Source) -> Source:
    """A market that there is not."""
    return replace(source, symbol=source.symbol.replace("BTC", "BTX"))


AGAIN = "asked again"
NAMED = "bounded tries, then named; pages so far kept"
ROWS = [
    Row("no answer within the time", AGAIN, once=faults.silent, timeout_s=0.7),
    Row("connection reset", AGAIN, once=faults.reset),
    Row("body shorter than its length", AGAIN, once=faults.short),
    *(Row(f"status {code}", AGAIN, once=faults.status(code)) for code in (500, 502, 503, 504, 507, 524)),
    Row("200, JSON cut off", AGAIN, once=faults.truncated),
    Row("200, HTML", AGAIN, once=faults.html),
    Row("200, null", AGAIN, once=faults.null),
    Row("200, empty body", AGAIN, once=faults.empty),
    Row("200, JSON of another shape", AGAIN, once=faults.other_shape),
    Row("200, no rows though there are some", AGAIN, once=faults.bare),
    Row("200, rows missing between others", AGAIN, once=faults.holed),
    Row("200, impossible rows", "rejected, " + AGAIN, once=faults.impossible),
    Row("200, rows doubled and out of order", "sorted, once each", once=faults.doubled),
    Row("200, white space without end", AGAIN, once=faults.endless),
    Row("200, a packed answer of 100 MB", AGAIN, once=faults.packed),
    Row("307 to another host", AGAIN, once=faults.elsewhere),
    Row("429 with Retry-After", "rests, " + AGAIN, once=faults.status(429, Retry_After="1"), rest_s=1),
    Row("418 with Retry-After", "rests, " + AGAIN, once=faults.status(418, Retry_After="1"), rest_s=1),
    Row("503 with Retry-After as a date", "rests, " + AGAIN, once=busy_until, rest_s=1),
    Row("connection refused", NAMED, raises=TryAgainError, says="Check the network", endpoint=closed_port),
    Row("unknown host", NAMED, raises=TryAgainError, says="Check the network",
        endpoint=lambda _: "http://no-such-host.invalid"),
    Row("death in the middle of the pages", NAMED, always=faults.status(500), raises=TryAgainError,
        says="missing"),
    Row("HTML for ever", NAMED, always=faults.html, raises=TryAgainError, says="missing"),
    Row("slow drip for ever", NAMED, always=faults.stuck, raises=TryAgainError,
        says="in time", timeout_s=0.4),
    Row("418 for a day", "fails at once, all clients rest", always=faults.status(418, Retry_After=f"{DAY_S}"),
        raises=TryAgainError, says="takes requests again at", rest_s=DAY_S),
    *(Row(f"status {code}", "stops, region hint", always=faults.status(code), raises=ChangeSettingsError,
          says="regions") for code in (403, 451)),
    Row("wrong symbol", "refused with near matches", raises=ChangeSettingsError, says="Near: BTC/",
        source=misspelt),
    Row("wrong timeframe", "refused with those there are", raises=ChangeSettingsError, says="Use one of",
        source=lambda source: replace(source, timeframe="7h")),
    Row("clock set back 30 s", "no stall"),
]  # fmt: skip
CLOCK = ROWS[-1]


@dataclass
class Outcome:
    """What a cell came to; `wrong` is empty if it was survived."""

    wrong: list[str] = field(default_factory=list)
    garbage: int = 0  # rows stored that the exchange does not have
    early: int = 0  # requests before the time that the host asked for
    took_s: float = 0.0
    limit_s: float = 0.0


Outcomes: TypeAlias = dict[tuple[str, str, str], Outcome]  # by fault, what is expected, exchange


async def cell(row: Row, exchange: type[ExchangeServer], folder: Path) -> Outcome:
    """One fault against one exchange."""
    outcome = Outcome()
    source = source_of(exchange)
    store, whole = Store(folder / "disturbed"), Store(folder / "undisturbed")
    async with serving(exchange(listed=source.wanted[0] - 100 * HOUR)) as server:
        await once(server, source, whole)
        good = min(server.candles_asked - 1, 1)  # pages before the fault
        server.asked.clear()
        wrong = [row.once] if row.once else [row.always] * 100
        if row.once or row.always:
            server.faults.extend([None] * good + wrong)
        error = await disturbed(row, server, source, store, outcome)
        judge(row, server, error, outcome, good)
        if row.always and row.raises is TryAgainError and len(store.names()) != good:
            outcome.wrong.append("the pages so far are lost")
        await others_rest(row, server, source, store, outcome)
        server.faults.clear()
        no_request_before.clear()
        if row.raises is not None:
            await once(server, source, store)
        outcome.garbage = garbage(store)
        paths = [part.folder / f"{source.name}.parquet" for part in (store, whole)]
        if paths[0].read_bytes() != paths[1].read_bytes():
            outcome.wrong.append("the series differs")
    left = asyncio.all_tasks() - {asyncio.current_task()}
    outcome.wrong += [f"{len(left)} tasks left"] if left else []
    return outcome


async def disturbed(
    row: Row, server: ExchangeServer, source: Source, store: Store, outcome: Outcome
) -> QuantdeckError | None:
    """An update under the fault; what it raised."""
    # What it asks at most: the markets and one page; each may take all of its tries.
    outcome.limit_s = 2 * RETRIES * row.timeout_s + SLACK_S
    started = time.monotonic()
    error = None
    async with opened(server, row.endpoint(server), retries=RETRIES, timeout_s=row.timeout_s) as client:
        if row is CLOCK:
            client.ccxt.milliseconds = lambda: int(time.time() * 1000) - 30_000 * bool(server.asked)
        try:
            await update(row.source(source), store, client, NOW, silently)
        except QuantdeckError as raised:
            error = raised
    outcome.took_s = time.monotonic() - started
    if client.ccxt.session is not None and not client.ccxt.session.closed:
        outcome.wrong.append("a session is left open")
    return error


def judge(
    row: Row, server: ExchangeServer, error: QuantdeckError | None, outcome: Outcome, good: int
) -> None:
    """Note what was not as expected; the request behind `good` others met the fault."""
    if (error is not None) if row.raises is None else not isinstance(error, row.raises):
        outcome.wrong.append(f"raised {error!r}")
    elif row.says not in str(error):
        outcome.wrong.append(f"said {error}")
    if outcome.took_s > outcome.limit_s:
        outcome.wrong.append(f"took {outcome.took_s:.1f} s")
    candles = [at for path, _, at in server.asked if path.rpartition("/")[2] in server.candles_paths]
    if row.always and len(candles) > good + RETRIES:
        outcome.wrong.append(f"asked {len(candles)} times")
    if row.rest_s:
        outcome.early = sum(candles[good] < at < candles[good] + row.rest_s for _, _, at in server.asked)
        outcome.wrong += ["asked too early"] * bool(outcome.early)
        outcome.wrong += ["met no fault"] * (len(candles) <= good)


async def others_rest(
    row: Row, server: ExchangeServer, source: Source, store: Store, outcome: Outcome
) -> None:
    """Another client of a host that rests for long sends it nothing either."""
    if row.rest_s < DAY_S:
        return
    asked = len(server.asked)
    with suppress(TryAgainError):
        await once(server, source, store)
        outcome.wrong.append("another client was served")
    outcome.early += len(server.asked) - asked


async def once(server: ExchangeServer, source: Source, store: Store) -> None:
    """An update by a new client."""
    async with opened(server, server.url, retries=RETRIES, timeout_s=TIMEOUT_S) as client:
        await update(source, store, client, NOW, silently)


def silently(_: dict[str, object]) -> None:
    """Progress that nobody looks at."""


@asynccontextmanager
async def opened(server: ExchangeServer, endpoint: str, **tries: float):
    """A client that keeps no pace: the pace has a test of its own."""
    async with open_exchange(server.id, endpoint, backoff_s=BACKOFF_S, **tries) as client:
        client.ccxt.rateLimit = 0
        yield client


def source_of(exchange: type[ExchangeServer]) -> Source:
    """Its candles: 700 hours, as kraken keeps no more than 720; three pages and more of the others."""
    span = ((LAST - (700 if exchange is Kraken else 2400) * HOUR), LAST)
    symbol = exchange.spot or exchange.perpetual
    return Source("candles", "candles", exchange.id, exchange.id, symbol, "1h", span)


def garbage(store: Store) -> int:
    """Rows stored that the exchange does not have."""
    frames = [store.read(name).frame for name in store.names()]
    there = [
        (int(time_ms), list(row[:5])) for frame in frames
        for time_ms, row in zip(milliseconds(frame.index), frame.to_numpy(float), strict=True)
    ]  # fmt: skip
    return sum(row != [float(text) for text in prices(time_ms)] for time_ms, row in there)


async def table(rows: list[Row], exchanges: tuple[type[ExchangeServer], ...]) -> Outcomes:
    """Every fault against every exchange."""
    outcomes = {}
    for row in rows:
        for exchange in exchanges:
            with tempfile.TemporaryDirectory() as folder:
                outcomes[row.fault, row.expected, exchange.id] = await cell(row, exchange, Path(folder))
    return outcomes


def text_of(outcomes: Outcomes) -> str:
    """The outcomes as a Markdown table, the totals below it."""
    ids = list(dict.fromkeys(key[2] for key in outcomes))
    lines = [f"| fault | expected | {' | '.join(ids)} |", "|---|---|" + "---|" * len(ids)]
    for fault, expected in dict.fromkeys(key[:2] for key in outcomes):
        cells = [outcomes[fault, expected, each] for each in ids]
        marks = ["; ".join(outcome.wrong) or "survived" for outcome in cells]
        lines.append(f"| {fault} | {expected} | {' | '.join(marks)} |")
    survived = sum(not outcome.wrong for outcome in outcomes.values())
    longest = max(outcomes.values(), key=lambda outcome: outcome.took_s / outcome.limit_s)
    totals = [
        f"{survived} of {len(outcomes)} survived",
        f"{sum(outcome.garbage for outcome in outcomes.values())} garbage rows stored",
        f"{sum(outcome.early for outcome in outcomes.values())} requests before the time asked for",
        f"nearest to its time limit: {longest.took_s:.1f} of {longest.limit_s:.1f} s",
    ]
    return "\n".join([*lines, "", "; ".join(totals) + "."])


def main() -> int:
    """Print the table; 1 if anything was not survived."""
    outcomes = asyncio.run(table(ROWS, SIX))
    print(text_of(outcomes))
    return int(any(outcome.wrong or outcome.garbage or outcome.early for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
