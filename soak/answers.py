"""Updates from exchanges whose answers were mutated: each ends well or says what to do, never as our fault.

`python -m soak.answers [ANSWERS]`: as many updates as it takes until so many answers were mutated.
"""

import asyncio
import functools
import itertools
import random
import resource
import ssl
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from engine.data.exchange.rate_limit import no_request_before
from engine.data.store import Store
from engine.data.update import update
from engine.errors import InternalError, QuantdeckError
from tests.data.exchanges.mutation import mutated
from tests.data.exchanges.server import HOUR, NOW, serving
from tests.data.fault_table import SIX, opened, silently, source_of

TRIES, WITHIN_S = 6, 1.5  # each try is an answer more for the making of one client
AT_ONCE = 8  # as they wait for one another's rests
HANGS_S = 60.0


class Updated(NamedTuple):
    """What an update came to: the traceback of our own fault, if any; how many answers were mutated."""

    fault: str | None
    answers: int


class Every(dict):
    """The same fault at every path."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault

    def get(self, _, otherwise=None):
        return self.fault or otherwise


async def updated(seed, folder):
    """What an update came to whose every answer may be mutated."""
    rng, answers = random.Random(seed), 0
    exchange = SIX[seed % len(SIX)]
    source = source_of(exchange)
    if exchange.perpetual and rng.random() < 0.5:
        kind = rng.choice(("funding", "open_interest"))
        source = replace(source, kind=kind, role=kind, symbol=exchange.perpetual)
    no_request_before.clear()
    fault, share = mutated(rng), rng.choice((0.1, 0.5, 1.0))

    async def sometimes(request, well):
        nonlocal answers
        if rng.random() >= share:
            return web.json_response(well)
        answers += 1
        return await fault(request, well)

    async with serving(exchange(listed=source.wanted[1] - 300 * HOUR)) as server:
        server.always = Every(sometimes)
        try:
            async with opened(server, server.url, retries=TRIES, timeout_s=WITHIN_S) as client:
                await update(source, Store(folder / str(seed)), client, NOW, silently)
        except QuantdeckError as error:
            return Updated(traceback.format_exc() if isinstance(error, InternalError) else None, answers)
        except Exception:  # noqa: BLE001  that is what is sought
            return Updated(traceback.format_exc(), answers)
    return Updated(None, answers)


async def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    # Every client makes one, which takes as long as all the rest; nothing here is encrypted.
    ssl.create_default_context = functools.cache(ssl.create_default_context)
    seeds, wrong, done, slowest_s = itertools.count(), [], [], 0.0
    began = time.monotonic()

    async def updates(folder):
        nonlocal slowest_s
        while sum(done) < wanted:
            seed, since = next(seeds), time.monotonic()
            found = await updated(seed, folder)
            done.append(found.answers)
            slowest_s = max(slowest_s, time.monotonic() - since)
            if found.fault:
                wrong.append(seed)
                print(seed, found.fault, sep="\n", flush=True)
            if len(done) % 100 == 0:
                print(
                    f"{sum(done)} answers in {len(done)} updates: {len(wrong)} our own fault", file=sys.stderr
                )

    with tempfile.TemporaryDirectory() as folder:
        await asyncio.gather(*(updates(Path(folder)) for _ in range(AT_ONCE)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{sum(done)} mutated answers in {len(done)} updates, {len(wrong)} ended as our own fault; "
        f"slowest {slowest_s:.1f} s, memory at most {memory:.0f} MB, {time.monotonic() - began:.0f} s"
    )
    return int(bool(wrong) or slowest_s > HANGS_S)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
