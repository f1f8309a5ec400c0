"""What a key costs the app until its last picture is sent: processor time by panel, on a result of 10⁶ bars.

Of the app's own process alone, in a pseudo-terminal that answers; the engine is waited for, not counted.

`python -m soak.key_latency [BARS [TURNS]]`
"""

import contextlib
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from engine.runs.home import Home
from engine.runs.results import backtest_of
from tests.queries.results import backtested
from tests.tui.app.terminals import Pty, environment, until
from tests.tui.app.test_bytes import sent
from tests.tui.results.stored import fill

MOST_MS = 100.0
RESTS = 4  # times 0.1 s
SIZES = ((80, 24), (200, 50))
OVERRIDES = ("signal.entry_threshold=0.0", "evidence.permutations=0", "evidence.resamples=100")
# What is pressed, and what that is called; each turn ends as it began.
TURN = (
    ("3", "Backtest"), ("j", "next row"), ("G", "last trade"), ("g", "first trade"), ("s", "sort"),
    ("S", "reverse"), ("S", "reverse"), *(("f", f"panel {number}") for number in range(1, 7)),
    ("t", "trades alone"), ("\x1b[6~", "page of trades"), ("t", "all again"), ("c", "chart alone"),
    ("l", "log axis"), ("l", "linear axis"), ("c", "all again"), ("p", "price"), ("j", "price, next trade"),
    ("+", "price, nearer"), ("-", "price, wider"), ("p", "equity"), ("\r", "one trade"),
    ("\x1b[C", "next trade"),
    ("\x1b", "back"), ("]", "threshold up"), ("[", "threshold down"), ("z", "zoom, chart"),
    ("z", "zoom, figures"), ("z", "zoom, trades"), ("z", "zoom, all again"),
    ("4", "Runs"), ("2", "Train"), ("1", "Data"), ("j", "next series"), ("k", "series before"),
    ("\r", "browse"),
    ("\x1b[C", "cursor"), ("+", "nearer"), ("\x1b", "back to Data"), ("?", "help"), ("\x1b", "help closed"),
)  # fmt: skip


def spent_ms(pid):
    """Processor time of a process so far, of all its threads, ms."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e6


def resting(pid):
    """Whether no thread of a process and its children has anything to do: on a busy machine it may wait."""
    states = []
    with contextlib.suppress(OSError):
        states += [fields(task)[0] for task in Path(f"/proc/{pid}/task").iterdir()]
    return "R" not in states and all(map(resting, children(pid)))


def children(pid):
    """The processes that a process has started: the warm engine."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if fields(process)[1] == str(pid):
                yield process.name


def fields(process):
    """State, parent and what else /proc tells after the name of a process or a thread."""
    return (process / "stat").read_text().rpartition(") ")[2].split()


def settled(deck):
    """Read what is sent until nothing more comes and the process has rested for a while."""
    rested = 0
    while rested < RESTS:
        sent(deck, still_s=0.1)
        rested = rested + 1 if resting(deck.process.pid) else 0


def measure(home, columns, rows, turns):
    """Processor time of each key, ms, in every turn but the first, which imports."""
    found = defaultdict(list)
    deck = Pty(home.path.parent, environment(home.path, scenario=""), columns, rows)
    try:
        until(lambda: sent(deck, still_s=0.2) is not None and "1 Data" in deck.text(), "the first screen")
        for turn in range(turns + 1):
            for key, name in TURN:
                before = spent_ms(deck.process.pid)
                deck.press(key)
                settled(deck)
                if turn:
                    found[name].append(spent_ms(deck.process.pid) - before)
    finally:
        deck.close()
    return found


def main(arguments):
    bars, turns = (*map(int, arguments), *(1_000_000, 5)[len(arguments) :])
    failed = 0
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder) / "home")
        run = backtested(home, bars, seed=3, overrides=OVERRIDES)
        fill(home)
        print(f"{bars:,} bars, {backtest_of(run).metrics['trades']:,.0f} trades")
        for columns, rows in SIZES:
            found = measure(home, columns, rows, turns)
            every = np.concatenate([*found.values()])
            print(f"{columns}x{rows}: 95th percentile of {len(every)} keys {np.percentile(every, 95):.0f} ms")
            most = {name: np.percentile(times, 95) for name, times in found.items()}
            for name in sorted(most, key=most.__getitem__, reverse=True):
                too_much = "TOO MUCH" if most[name] > MOST_MS else ""
                failed += bool(too_much)
                print(
                    f"  {name:18} median {np.median(found[name]):6.1f} ms, most {most[name]:6.1f}", too_much
                )
    return int(bool(failed))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
