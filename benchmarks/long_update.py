"""Three years of minute candles over HTTP: an update into an empty store against the bare ccxt client.

    python -m benchmarks.long_update [DAYS]

The server runs in a process of its own and writes candles from memory. Both clients keep no pace; each runs
in a fresh process, in turns. Printed: seconds of each, their ratio, the peak of the update's memory, and the
same of the update some hours later, with its pages.
"""

import asyncio
import json
import multiprocessing
import resource
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
from aiohttp import web

from tests.data.exchanges.binance import Binance

MINUTE, DAY = 60_000, 86_400_000
NOW = 1_700_000_000_000 // DAY * DAY + 30_000
ROUNDS = 3
LATER = 500  # candles that the update after the long one brings


def serve(days, pipe):
    """Binance's klines of so many days of minutes, drawn once."""
    first = NOW // DAY * DAY - days * DAY
    rng = np.random.default_rng(1)
    close = 20_000 * np.exp(np.cumsum(rng.normal(0, 4e-4, days * 1440 + LATER + 1)))
    texts = [
        f'[{first + n * MINUTE},"{o:.2f}","{max(o, c) + 1:.2f}","{min(o, c) - 1:.2f}","{c:.2f}",'
        f'"{n % 977 / 9:.5f}",{first + (n + 1) * MINUTE - 1},"0",1,"0","0","0"]'
        for n, (o, c) in enumerate(zip(np.roll(close, 1), close, strict=True))
    ]
    asked = [0]

    async def klines(request):
        asked[0] += 1
        start = max(-(-(int(request.query["startTime"]) - first) // MINUTE), 0)
        text = ",".join(texts[start : start + int(request.query["limit"])])
        return web.Response(text=f"[{text}]", content_type="application/json")

    async def info(request):
        return web.json_response(Binance().exchangeInfo(request))

    async def count(_):
        return web.json_response(asked)

    async def main():
        application = web.Application()
        application.router.add_get("/api/v3/klines", klines)
        application.router.add_get("/api/v3/exchangeInfo", info)
        application.router.add_get("/asked", count)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send("http://{}:{}".format(*runner.addresses[0][:2]))
        await asyncio.Event().wait()

    asyncio.run(main())


def clock():
    """Wall time and processor time, (2,) seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def bare(url, days, _folder, pipe):
    """Every page by ccxt alone, kept as it comes."""

    async def main():
        import ccxt.async_support as ccxt

        client = ccxt.binance({"enableRateLimit": False, "options": {"fetchMarkets": {"types": ["spot"]}}})
        client.has["fetchCurrencies"] = False
        client.urls["api"] = dict.fromkeys(client.urls["api"], f"{url}/api/v3")
        await client.load_markets()
        started, since, rows = clock(), NOW // DAY * DAY - days * DAY, 0
        while since < NOW // DAY * DAY:
            page = await client.fetch_ohlcv("BTC/USDT", "1m", since, 1000)
            rows, since = rows + len(page), page[-1][0] + MINUTE
        pipe.send((clock() - started, rows, 0))
        await client.close()

    asyncio.run(main())


def updated(url, days, folder, pipe, later=0):
    """The same through `update` into a store, `later` candles later."""
    from engine.data.exchange.client import open_exchange
    from engine.data.plan import Source
    from engine.data.store import Store
    from engine.data.update import update

    async def main():
        end, now = NOW // DAY * DAY + later * MINUTE, NOW + later * MINUTE
        wanted = (NOW // DAY * DAY - days * DAY, end)
        source = Source("candles", "candles", "binance", "binance", "BTC/USDT", "1m", wanted)
        async with open_exchange("binance", url) as client:
            client.ccxt.rateLimit = 0
            await client.market("BTC/USDT")
            started = clock()
            series = await update(source, Store(Path(folder)), client, now, lambda _: None)
            took = clock() - started
        pipe.send((took, len(series.frame), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))

    asyncio.run(main())


def afterwards(url, days, folder, pipe):
    """The update after it."""
    updated(url, days, folder, pipe, LATER)


def asked(url):
    """How many pages the server has been asked for."""
    with urllib.request.urlopen(f"{url}/asked") as answer:
        return json.load(answer)[0]


def measured(work, *arguments):
    """What a fresh process sends."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=work, args=(*arguments, there))
    process.start()
    figures = here.recv()
    process.join()
    return figures


def main(days=3 * 365):
    """Measure and print."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(days, there), daemon=True)
    server.start()
    url = here.recv()
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            alone = measured(bare, url, days, folder)
            place = f"{folder}/{number}"
            whole = measured(updated, url, days, place)
            pages = asked(url)
            after = measured(afterwards, url, days, place)
            pages = asked(url) - pages
            ratio = whole[0] / alone[0]
            rounds.append((*ratio, whole[2], after[2], pages))
            print(
                f"{alone[1]:,} candles: bare {alone[0][0]:.1f} s ({alone[0][1]:.1f} s of a core), "
                f"update {whole[0][0]:.1f} s ({whole[0][1]:.1f} s of a core), {whole[1]:,} stored; "
                f"ratio {ratio[0]:.2f} ({ratio[1]:.2f}), peak {whole[2]:.0f} MB; "
                f"{after[1] - whole[1]:,} candles later {pages} page, {after[0][0]:.1f} s "
                f"({after[0][1]:.1f} s of a core), peak {after[2]:.0f} MB",
                flush=True,
            )
    wall, core, peak, after, pages = np.median(rounds, axis=0)
    figures = {
        "ratio": round(wall, 2), "core_ratio": round(core, 2), "peak_mb": round(peak),
        "update_peak_mb": round(after), "update_pages": round(pages),
    }  # fmt: skip
    print(json.dumps(figures))
    server.terminate()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
