"""kill -9 at random moments of an update of several series; then the next update, and every byte compared.

`python -m soak.data_kills [KILLS]`

Updates run in processes forked off a warm one, against an exchange on the loopback. A killed process has told
of every page that it kept; each must be in the series' file or journal, once. A quarter of the kills are
aimed at the moment after the last page, when pages move from the journals into the files; every third
update is killed once more before it may end.
"""

import asyncio
import collections
import json
import multiprocessing
import os
import select
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from engine.compat.ccxt_exchange import exchange_class
from engine.data.collect import collect
from engine.data.store import Store
from engine.market.candles import milliseconds
from engine.settings import Data
from tests.data.exchanges.binance import exchange_server
from tests.data.exchanges.server import HOUR, NOW

LISTED = NOW // HOUR * HOUR - 9_500 * HOUR
SERIES = 4


def serve(pipe):
    """The exchange, for ever."""

    async def main():
        async with exchange_server(listed=LISTED) as server:
            pipe.send(server.url)
            await asyncio.Event().wait()

    asyncio.run(main())


def forked(url, folder):
    """Start an update; its process id and the pipe that it tells of pages through."""
    reader, emit = os.pipe()
    pid = os.fork()
    if pid:
        os.close(emit)
        return pid, reader
    try:
        os.close(reader)
        data = Data(
            endpoint=url, start=str(np.datetime64(LISTED, "ms")), funding=True, open_interest=True,
            second_exchange="binanceusdm", second_symbol="BTC/USDT:USDT",
        )  # fmt: skip

        def write(event):
            if event["kind"] == "source":
                os.write(emit, json.dumps(event).encode() + b"\n")

        asyncio.run(collect(data, Store(folder), NOW, write))
        os._exit(0)
    finally:
        os._exit(1)


def events(reader, until):
    """Events as they come, until the process ends or time.monotonic() is `until`."""
    rest = b""
    while (left := until - time.monotonic()) > 0 and select.select([reader], [], [], left)[0]:
        block = os.read(reader, 65_536)
        if not block:
            return
        *lines, rest = (rest + block).split(b"\n")
        yield from map(json.loads, lines)


def ended(pid, reader):
    """Wait for the end of an update; its exit status."""
    list(events(reader, time.monotonic() + 120))
    os.close(reader)
    return os.waitpid(pid, 0)[1]


def killed(url, folder, pages, rng, whole_s):
    """Kill an update; (where, rows that it told to have kept by series); where is "" if it ended before."""
    pid, reader = forked(url, folder)
    aimed = rng.random() < 1 / 4
    until = time.monotonic() + (120 if aimed else rng.uniform(0, whole_s))
    kept, came, states = collections.Counter(), 0, set()
    for event in events(reader, until):
        came += event["state"] == "page"
        states.add(event["state"])
        if event["state"] == "page":
            kept[event["series"]] = event["rows"]
        if aimed and came >= pages:
            select.select([], [], [], rng.uniform(0, 0.15))
            break
    os.kill(pid, signal.SIGKILL)
    for event in events(reader, time.monotonic() + 60):
        came += event["state"] == "page"
        states.add(event["state"])
        if event["state"] == "page":
            kept[event["series"]] = event["rows"]
    os.close(reader)
    if os.waitpid(pid, 0)[1] == 0:
        return "", kept
    place = "before a page" if not came else "among the pages" if came < pages else "after the last page"
    return place, kept


def stored_times(store, name, kind):
    """Times of a series in its file and in its journal, as often as they are there."""
    there = milliseconds(store.read(name, []).frame.index) if name in store.names() else np.empty(0, np.int64)
    journal = store.journal(name, kind).read()[2][:, 0].astype(np.int64)
    # A page may be in both if the kill fell between the two, and counts once.
    return np.concatenate([there, journal[~np.isin(journal, there)]])


def lost_or_doubled(store, kept):
    """What is missing or there twice of what was told to be kept."""
    faults = []
    for name, rows in kept.items():
        times = stored_times(store, name, "candles" if name.endswith("candles") else "values")
        if len(times) < rows:
            faults.append(f"{name}: {rows - len(times)} rows lost")
        if len(np.unique(times)) < len(times):
            faults.append(f"{name}: rows doubled")
    return faults


def files(folder):
    """All that a store holds."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".lock-")}


def survived(url, folder, count, seed=1):
    """Kill `count` updates; (how many stores came out equal, where they were killed, what was wrong)."""
    rng = np.random.default_rng(seed)
    whole = folder / "whole"
    began = time.monotonic()
    pid, reader = forked(url, whole)
    pages = sum(event["state"] == "page" for event in events(reader, time.monotonic() + 120))
    if ended(pid, reader) or len(wanted := files(whole)) != SERIES:
        raise RuntimeError("the undisturbed update failed")
    whole_s = time.monotonic() - began
    where, wrong, equal, turn = collections.Counter(), [], 0, 0
    while sum(where.values()) < count:
        turn += 1
        place, fine = folder / str(turn), True
        for again in range(2 if turn % 3 == 0 else 1):
            at, kept = killed(url, place, pages, rng, whole_s)
            if not at:
                break
            where[at] += 1
            faults = [] if again else lost_or_doubled(Store(place), kept)
            wrong += faults
            fine = fine and not faults
        if status := ended(*forked(url, place)):
            wrong.append(f"the next update ended with {status}")
        differs = sorted({name for name, content in files(place).items() if content != wanted.get(name)})
        wrong += [f"update {turn}: {name} differs" for name in differs]
        equal += fine and not differs and len(files(place)) == SERIES
        for path in place.iterdir():
            path.unlink()
    return equal, turn, where, wrong


def main(arguments):
    """Kill, compare, print."""
    kills = int(arguments[0]) if arguments else 200
    warnings.filterwarnings("ignore", message=".*fork.*")
    for each in ("binance", "binanceusdm"):
        exchange_class(each)  # what an update imports, once for all
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(there,), daemon=True)
    server.start()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        equal, turns, where, wrong = survived(here.recv(), Path(folder), kills)
    server.terminate()
    print(
        f"kill -9 of an update of {SERIES} series: {sum(where.values())} kills in {turns} updates, "
        f"equal to the undisturbed store {equal} of {turns}, {time.monotonic() - began:.0f} s"
    )
    print(f"  killed {', '.join(f'{place} {number}' for place, number in where.most_common())}")
    print(*(f"  {line}\n" for line in wrong), sep="", end="")
    return int(equal != turns or bool(wrong))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
