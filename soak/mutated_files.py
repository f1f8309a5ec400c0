"""Files of candles and settings files with bytes changed at random: taken, or refused with a reason.

`python -m soak.mutated_files [FILES] [SETTINGS]`
"""

import resource
import sys
import tempfile
from pathlib import Path

from tests.importing.mutations import imports, readings

MOST_S = 10.0


def main(arguments):
    files, settings = (int(text) for text in (*arguments, *("10000", "500")[len(arguments) :]))
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for what, count, tried in (("files", files, imports), ("settings files", settings, readings)):
            tally = tried(range(count), Path(folder))
            for seed, why in tally.wrong.items():
                print(seed, why, sep="\n")
            wrong, slow = len(tally.wrong), tally.slowest_s
            said = f"{tally.taken} taken, {count - tally.taken - wrong} refused, {wrong} wrong"
            print(f"{count} mutated {what}: {said}; slowest {slow:.1f} s of CPU")
            failed |= bool(wrong) or slow > MOST_S
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
