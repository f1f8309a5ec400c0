"""One random bit flipped, many times over all kinds of files of a run: each is found before anything is read.

The process that looks for the flips has no joblib, Keras, numpy or pandas in it: nothing can be deserialised.

`python -m soak.bits [FLIPS]`
"""

import collections
import random
import shutil
import sys
import tempfile
from pathlib import Path

from engine.disk import CHECKPOINT, read_with_digest
from engine.errors import RepairDataError
from engine.runs.home import Home
from engine.runs.launch import launch, wait
from engine.runs.manifest import ABOUT, MANIFEST, manifest_of, read_checked, verify
from engine.settings import make

HEAVY = ("joblib", "keras", "numpy", "pandas", "sklearn", "pyarrow", "h5py")


def finished(folder, settings):
    """A run, carried out by a process of its own."""
    run = Home(folder).create("run", make({}, settings))
    launch(run)
    if not wait(run, 300) or not run.manifest_path.exists():
        raise SystemExit(f"the run did not end well: {run.log_path.read_text()}")
    return run


def flips(folder, count, seed=3):
    """Flip `count` bits in a run's folder, one at a time; ({file: found}, where it was not found)."""
    rng, missed, found = random.Random(seed), [], collections.Counter()
    names = [*manifest_of(folder), MANIFEST, CHECKPOINT, ABOUT]
    for turn in range(count):
        name = names[turn % len(names)]
        path = folder / name
        content = path.read_bytes()
        bit = rng.randrange(8 * len(content))
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        if (name == ABOUT or refused(folder, name)) and name in {problem.key for problem in verify(folder)}:
            found[name] += 1
        else:
            missed.append((name, bit))
        path.write_bytes(content)
    return found, missed


def refused(folder, name):
    """Whether the reading of a file that pipeline and app use refuses it."""
    try:
        if name == CHECKPOINT:
            read_with_digest(folder / name)
        else:
            read_checked(folder, "model.keras" if name == MANIFEST else name)
    except RepairDataError:
        return True
    return False


def main(arguments):
    from soak.settings import SMALL

    count = int(arguments[0]) if arguments else 1000
    with tempfile.TemporaryDirectory(prefix="soak-") as home:
        run = finished(Path(home), SMALL)
        copy = Path(home) / "copy" / run.id
        shutil.copytree(run.path, copy)
        found, missed = flips(copy, count)
        loaded = [name for name in HEAVY if name in sys.modules]
    print(f"one bit flipped: found {found.total()} of {count} before anything was deserialised")
    print(f"  {', '.join(f'{name} {times}' for name, times in sorted(found.items()))}")
    print(f"  missed: {missed or 'none'}; deserialisers in the process: {loaded or 'none'}")
    return int(bool(missed or loaded))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
