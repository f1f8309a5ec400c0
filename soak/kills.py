"""kill -9 at random moments: of whole runs, which then resume bit for bit; of the saving of artifacts.

`python -m soak.kills [RUNS [SAVES [SEED]]]`, 100, 200 and 1 if left out.
"""

import collections
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from engine.errors import RepairDataError
from engine.runs.manifest import verify
from soak import runs


def training(folder, count, seed, *settings):
    """Kill `count` runs at random moments and resume each; (bit-equal, where killed, what differed)."""
    home, chosen = runs.home_in(folder), runs.chosen(*settings)
    return resumed(home, lambda: home.create("run", chosen), count, seed)


def resumed(home, made, count, seed):
    """The same for runs of any kind that `made` makes."""
    rng = np.random.default_rng(seed)
    runs.carried_out(made())  # fills the store and the cache of compiled code
    runs.carried_out(whole := made())
    wanted, began = runs.content(whole), time.monotonic()
    runs.carried_out(made())
    whole_s = time.monotonic() - began
    where, differed, equal = collections.Counter(), [], 0
    for turn in range(count):
        run, place = made(), ""
        while not place:
            place = runs.killed(run, rng, whole_s)
            if not place:
                run = made()
        where[place] += 1
        if rng.random() < 1 / 4 and (again := runs.killed(run, rng, whole_s)):  # and killed once more
            where[again] += 1
        if not (run.result_path.exists() and runs.state_of(run).status == "done"):
            runs.carried_out(run)
        found = runs.differences(wanted, runs.content(run)) + [str(fault) for fault in verify(run.path)]
        equal += not found
        differed += [(run.id, found)] if found else []
        home.delete(run)
        print(f"{turn + 1} of {count}: {equal} bit-equal", file=sys.stderr)
    return equal, where, differed


def saving(folder, count, seed):
    """Kill the saving of artifacts `count` times; (loaded whole, refused, torn)."""
    from engine.models import artifact
    from soak import crafted

    rng, home = np.random.default_rng(seed), Path(folder) / "saving"
    home.mkdir()
    one, two = (crafted.made(number) for number in (1, 2))
    kept = []
    for number, made in enumerate((one, two)):
        place = home / str(number)
        place.mkdir()
        artifact.save(place, made)
        kept.append({name: (place / name).read_bytes() for name in crafted.FILES})
    target = home / crafted.RUN
    target.mkdir()
    loaded = refused = 0
    torn = []
    for turn in range(count):
        pid = os.fork()
        if not pid:
            try:
                for made in (one, two) * 1000:
                    artifact.save(target, made)
                    crafted.write_manifest(target, crafted.FILES)
            finally:
                os._exit(0)
        threading.Event().wait(rng.uniform(0.02, 0.25))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        present = {name: (target / name).read_bytes() for name in crafted.FILES if (target / name).exists()}
        torn += [(turn, name) for name, part in present.items() if part not in [each[name] for each in kept]]
        try:
            crafted.opened(target)
            loaded += 1
            torn += [] if present in kept else [(turn, "mixed")]
        except RepairDataError:
            refused += 1
    return loaded, refused, torn


def main(arguments):
    given = [int(each) for each in arguments]
    kills, saves, seed = given + [100, 200, 1][len(given) :]
    runs.warm_up()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        began = time.monotonic()
        equal, where, differed = training(folder, kills, seed)
        print(f"kill -9 of a run: resumed bit-equal {equal} of {kills}, {time.monotonic() - began:.0f} s")
        print(f"  killed in: {', '.join(f'{place} {count}' for place, count in where.most_common())}")
        print(*(f"  {run} differs: {found}" for run, found in differed), sep="\n", end="")
        began = time.monotonic()
        loaded, refused, torn = saving(folder, saves, seed)
        print(
            f"kill -9 while saving: {saves} kills, loadable and whole {loaded}, refused {refused}, "
            f"torn or mixed {len(torn)}, {time.monotonic() - began:.0f} s"
        )
    return int(equal != kills or bool(torn))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
