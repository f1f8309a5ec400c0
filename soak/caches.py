"""Compiled code damaged, many times: a run comes to the same, and what is damaged is never run.

`python -m soak.caches [TIMES]`
"""

import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

from engine.runs.home import Home
from engine.runs.launch import launch, wait
from engine.settings import make
from soak.settings import SMALL

KINDS = ("*.nbi", "*.nbc", "*-cache", "traced/*", "digests.json")
SAME = ("trades.csv", "equity.parquet", "predictions.parquet")


def outcome(home, settings=SMALL):
    """What a run comes to: its files' bytes, and what its log says."""
    run = home.create("run", make({}, settings))
    launch(run)
    if not wait(run, 400) or not run.manifest_path.exists():
        raise SystemExit(f"the run did not end well: {run.log_path.read_text()}")
    return [(run.path / name).read_bytes() for name in SAME], run.log_path.read_text()


def damage(path, rng):
    """Flip a bit of a file, or cut it."""
    content = bytearray(path.read_bytes())
    if rng.random() < 0.5 and content:
        bit = rng.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
    else:
        del content[rng.randrange(len(content) + 1) :]
    path.write_bytes(content)


def damaged(folder, rng):
    """Damage one file of a random kind; its name."""
    kind = rng.choice([kind for kind in KINDS if any(folder.rglob(kind))])
    path = rng.choice(sorted(path for path in folder.rglob(kind) if path.is_file()))
    damage(path, rng)
    return path.name


def main():
    times, rng = int(sys.argv[1]) if len(sys.argv) > 1 else 1000, random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        cache, warm, home = Path(folder, "cache"), Path(folder, "warm"), Home(Path(folder, "home"))
        os.environ |= {"XDG_CACHE_HOME": str(cache), "QUANTDECK_LEDGER": str(Path(folder, "trials.sqlite"))}
        wanted, _ = outcome(home)
        wrong = []
        shutil.copytree(cache, warm)
        for turn in range(times):
            shutil.rmtree(cache)
            shutil.copytree(warm, cache)
            name = damaged(cache, rng)
            found, _ = outcome(home)
            wrong += [(turn, name)] if found != wanted else []
            print(f"{turn + 1} of {times}: {turn + 1 - len(wrong)} equal", file=sys.stderr)
    print(f"{times} damages of compiled code, {times - len(wrong)} runs equal, others: {wrong or 'none'}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
