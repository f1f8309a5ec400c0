"""Random files of candles, imported and compared number by number; `python -m soak.random_files [10000]`."""

import sys
import tempfile
from pathlib import Path

from tests.importing.test_random_files import tally_of


def main(count):
    with tempfile.TemporaryDirectory() as folder:
        tally = tally_of(range(count), Path(folder))
    print(
        f"{count} files, {tally.unclear} with two readings; of {tally.clear} with one {tally.read} are read"
    )
    for what, found in (("wrong", tally.wrong), ("not read", tally.refused)):
        print(f"{len(found)} {what}", *(f"  {seed}: {why}" for seed, why in found.items()), sep="\n")
    return int(bool(tally.wrong) or tally.read < 0.98 * tally.clear)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
