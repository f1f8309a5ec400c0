"""How much sooner two workers of a search are done than one: let nothing else run meanwhile.

`python -m soak.two_workers [TRIALS [BARS]]`, 24 and 6,000 if left out. The time is that of the stage of
trials, caches filled. Two workers must be 1.7 times as fast or more, and have the same trials.
"""

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
    run = finished(home.create("search", chosen))
    told = {path.name: path.read_bytes() for path in run.path.glob("trial-*.npz")}
    return state_of(run).stages["trials"], told


def main(trials=24, bars=6000):
    with tempfile.TemporaryDirectory() as folder:
        home, _ = home_with(Path(folder), 5, 0.1, int(bars))
        taken(home, 2, 3)
        (one, alone), (two, together) = (taken(home, workers, int(trials)) for workers in (1, 2))
    print(f"one worker {one:.1f} s, two {two:.1f} s: {one / two:.2f} times; same trials: {alone == together}")
    return int(one / two < 1.7 or alone != together)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
