"""Updates from exchanges whose answers were mutated: each ends well or says what to do, never as our fault.

`python -m soak.answers [TIMES]`
"""

import asyncio
import random
import sys
import tempfile
import traceback
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from engine.data.exchange.rate_limit import no_request_before
from engine.data.store import Store
from engine.data.update import update
from engine.errors import InternalError, QuantdeckError
from tests.data.exchanges.mutation import mutated
from tests.data.exchanges.server import HOUR, NOW, serving
from tests.data.fault_table import SIX, opened, silently, source_of


class Every(dict):
    """The same fault at every path."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault

    def get(self, _, otherwise=None):
        return self.fault or otherwise


async def updated(seed, folder):
    """What an update came to whose every answer may be mutated: None, or the traceback of our own fault."""
    rng = random.Random(seed)
    exchange = SIX[seed % len(SIX)]
    source = source_of(exchange)
    if exchange.perpetual and rng.random() < 0.5:
        kind = rng.choice(("funding", "open_interest"))
        source = replace(source, kind=kind, role=kind, symbol=exchange.perpetual)
    no_request_before.clear()
    fault, share = mutated(rng), rng.choice((0.1, 0.5, 1.0))

    async def sometimes(request, well):
        return await fault(request, well) if rng.random() < share else web.json_response(well)

    async with serving(exchange(listed=source.wanted[1] - 300 * HOUR)) as server:
        server.always = Every(sometimes)
        try:
            async with opened(server, server.url, retries=2, timeout_s=0.5) as client:
                await update(source, Store(folder / str(seed)), client, NOW, silently)
        except QuantdeckError as error:
            return traceback.format_exc() if isinstance(error, InternalError) else None
        except Exception:  # noqa: BLE001  that is what is sought
            return traceback.format_exc()
    return None


async def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(times):
            if own_fault := await updated(seed, Path(folder)):
                wrong.append(seed)
                print(seed, own_fault, sep="\n", flush=True)
            if (seed + 1) % 100 == 0:
                print(f"{seed + 1} of {times}: {len(wrong)} our own fault", file=sys.stderr)
    print(f"{times} updates over mutated answers, {len(wrong)} ended as our own fault")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
