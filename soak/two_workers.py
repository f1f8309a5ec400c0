"""How much sooner two workers of a search are done than one: let nothing else run meanwhile.

`python -m soak.two_workers [TRIALS [BARS [ROUNDS]]]`, 24, 6,000 and 3 if left out. Both are warmed by a whole
search, which fills the caches of compiled code; then they take turns, so that neither has the better hours.
The time is that of the stage of trials, and a search may use as many cores as it has workers. In the middle
round two workers must be 1.7 times as fast or more, and all have the same trials.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

from engine.runs.state import state_of
from soak.search import finished, home_with, settings_of


def taken(home, workers, trials):
    """Seconds in the stage of trials, and the trials' files."""
    chosen = settings_of(
        "training.epochs=5", f"search.trials={trials}", f"parallel.workers={workers}", "search.prune=false"
    )
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:workers])
    try:
        run = finished(home.create("search", chosen))
    finally:
        os.sched_setaffinity(0, cores)
    files = {path.name: path.read_bytes() for path in run.path.glob("trial-*.npz")}
    return state_of(run).stages["trials"], files


def main(trials=24, bars=6000, rounds=3):
    times, ratios = {}, []
    with tempfile.TemporaryDirectory() as folder:
        home, _ = home_with(Path(folder), 5, 0.1, int(bars))
        wanted = [taken(home, workers, int(trials))[1] for workers in (1, 2)]
        for turn in range(int(rounds)):
            for workers in (1, 2) if turn % 2 else (2, 1):
                times[workers], files = taken(home, workers, int(trials))
                wanted.append(files)
            ratios.append(times[1] / times[2])
            print(f"one worker {times[1]:.1f} s, two {times[2]:.1f} s: {ratios[-1]:.2f} times", flush=True)
    alike, middle = all(each == wanted[0] for each in wanted), statistics.median(ratios)
    print(f"two workers are {middle:.2f} times as fast as one; same trials: {alike}")
    return int(middle < 1.7 or not alike)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
