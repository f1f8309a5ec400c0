"""kill -9 at random moments of runs of every kind of model, which then resume bit for bit.

`python -m soak.kinds [RUNS [SEED [KIND …]]]`: 100 of each kind, 1, and every kind if left out.
"""

import sys
import tempfile
import time

from engine.settings.learning import MODELS
from soak import kills, runs


def main(arguments):
    numbers = [int(each) for each in arguments[:2]]
    count, seed = numbers + [100, 1][len(numbers) :]
    runs.warm_up()
    failed = []
    for kind in arguments[2:] or MODELS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            equal, where, differed = kills.training(folder, count, seed, f"model.kind={kind}")
        print(f"{kind}: resumed bit-equal {equal} of {count}, {time.monotonic() - began:.0f} s")
        print(f"  killed in: {', '.join(f'{place} {number}' for place, number in where.most_common())}")
        print(*(f"  {run} differs: {found}" for run, found in differed), sep="\n", end="")
        failed += [kind] if equal != count else []
    print(f"kinds: {f'FAILED: {failed}' if failed else 'all bit-equal'}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
