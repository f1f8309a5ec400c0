"""What a large universe costs: time and memory of each command, ns of the account's loop, ms of a what-if.

`python -m soak.universe size [SYMBOLS [BARS [SETTING …]]]`: 20 symbols of 50,000 hours each if left out,
collected from the simulated exchange, trained by the defaults in at most 8 epochs, and backtested, each by
the command that a user would give, in one home. More settings, such as `model.members=1`, stand behind.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from engine.backtest.portfolio import simulate_portfolio
from engine.backtest.universe_trading import rules_of_universe, weights_in
from engine.code_cache import cache_of, use
from engine.data.demo.paths import BASES, FURTHER, ORIGIN_MS
from engine.market.times import iso
from engine.queries.opening import opened, what_if
from engine.queries.result import result_of
from engine.runs.events import read
from engine.runs.home import Home

HOUR_MS, MB, LOOK_S, TRIES, COLUMNS = 3_600_000, 1e6, 0.05, 7, 200
MOST_S, MOST_MB, MOST_NS, MOST_MS = 360.0, 1500.0, 40.0, 100.0
COMMANDS = (("data", "update"), ("train",), ("backtest",))


def settings_of(symbols, bars):
    """The settings of such a universe, as a command line has them."""
    names = ",".join(f'"{base}/USDT"' for base in (*BASES, *FURTHER)[:symbols])
    span = (iso(ORIGIN_MS), iso(ORIGIN_MS + bars * HOUR_MS))
    return [
        "data.exchange=demo", f"data.symbols=[{names}]", f"data.start={span[0]}", f"data.end={span[1]}",
        "training.epochs=8",
    ]  # fmt: skip


def used_by(pid):
    """Memory in MB and processor's seconds of a process and all it started.

    Memory that processes share counts once in all (PSS): a fork shares everything until it starts a program.
    """
    try:
        memory = int(re.search(r"Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text())[1])
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError, TypeError):  # it has ended
        return np.zeros(2)
    own = [memory * 1024 / MB, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")]
    return np.array(own) + sum((used_by(int(each)) for each in below), np.zeros(2))


def carried_out(home, command, settings):
    """Give a command and wait for it; (seconds, the highest memory and processor's seconds of `used_by`)."""
    line = [sys.executable, "-m", "tui.cli", *command, "--home", str(home.path)]
    line += [part for each in settings for part in ("-s", each)]
    began, highest = time.perf_counter(), np.zeros(2)
    with subprocess.Popen(line, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            highest = np.maximum(highest, used_by(process.pid))
            time.sleep(LOOK_S)
    if process.returncode:
        raise SystemExit(f"quantdeck {' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - began, *highest


def stages(run):
    """How long each stage of a run took, for people."""
    ended = [each for each in read(run.events_path).events if each.get("state") == "end"]
    return ", ".join(f"{each['stage']} {each['seconds']:.1f}" for each in ended if "seconds" in each)


def loop_ns(result):
    """What the account's simulation takes for a bar of a symbol, ns of a processor: the best of some."""
    settings, universe = result.recorded.settings, result.universe
    weights = weights_in(universe.decisions, settings, universe.members)
    rules, took = rules_of_universe(universe.bars, settings), []
    for _ in range(TRIES):
        began = time.process_time()
        simulate_portfolio(universe.bars, weights, rules)
        took.append(time.process_time() - began)
    return min(took) * 1e9 / sum(map(len, universe.bars.values()))


def what_if_ms(request):
    """What other rules take, figures and curves, in ms: the first, and the median of those after it."""
    took = []
    for number in range(TRIES):
        moved = {"signal.entry_threshold": 0.0005 + 1e-6 * number}
        began = time.perf_counter()
        what_if(request | {"overrides": moved})
        took.append(1e3 * (time.perf_counter() - began))
    return took[0], float(np.median(took[1:]))


def size(symbols=20, bars=50_000, *settings):
    """Print what each command takes, and what does not hold; whether all does."""
    use(cache_of("NUMBA_CACHE_DIR", Path("quantdeck") / "numba"), "*.nb?")  # as the engine does first
    chosen = [*settings_of(symbols, bars), *settings]
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        home, whole_s, highest = Home(Path(folder)), 0.0, 0.0
        for command in COMMANDS:
            seconds, peak, used = carried_out(home, command, [] if command == ("backtest",) else chosen)
            whole_s, highest = whole_s + seconds, max(highest, peak)
            run = home.find("last")
            took = f"{seconds:6.1f} s, {used:.0f} s of a processor, {peak:.0f} MB"
            print(f"{' '.join(command):12s} {took}: {stages(run)}", flush=True)
        request = {"run": str(run.path), "columns": COLUMNS}
        opened(request)
        first_ms, again_ms = what_if_ms(request)
        loop = loop_ns(result_of(request))
    return told(
        ("collect, train, backtest", whole_s, MOST_S, "s"),
        ("peak memory of a command's processes", highest, MOST_MB, "MB"),
        ("simulation, a bar and symbol", loop, MOST_NS, "ns"),
        ("what-if, the first", first_ms, float("inf"), "ms"),
        ("what-if, those after it", again_ms, MOST_MS, "ms"),
    )


def told(*figures):
    """Print (what, figure, most, unit) each; whether all hold."""
    for what, figure, most, unit in figures:
        asked = f"at most {most:g}" if np.isfinite(most) else ""
        print(f"{what:38s} {figure:8.1f} {unit:3s} {asked}{'' if figure <= most else '  TOO MUCH'}")
    return all(figure <= most for _, figure, most, _ in figures)
