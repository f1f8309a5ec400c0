"""Compiled code damaged, many times: a run comes to the same, and what is damaged is never run.

`python -m soak.caches [TIMES]`

Runs are forked off a process that has imported all and compiled nothing; each checks the caches as an engine
does that begins. Processes started by `launch` are met in the tests.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from engine import code_cache
from engine.runs.home import Home
from engine.runs.launch import launch, wait
from engine.settings import make
from soak import runs
from soak.settings import SMALL

KINDS = ("*.nbi", "*.nbc", "*-cache", "traced/*", "digests.json")
SAME = ("trades.csv", "equity.parquet", "predictions.parquet")


def launched(run):
    """Carry a run out in a new process."""
    launch(run)
    wait(run, 400)


def forked(run):
    """Carry a run out in a process forked off this one, which has used the folders of compiled code."""

    def check_anew():
        used = dict(code_cache.USED)
        code_cache.USED.clear()
        for folder, pattern in used.items():
            code_cache.use(folder, pattern)

    runs.exit_code(runs.forked(run, before=check_anew))


def outcome(home, settings=SMALL, execute=launched):
    """What a run comes to: its files' bytes, and what its log says."""
    run = home.create("run", make({}, settings))
    execute(run)
    if not run.manifest_path.exists():
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
        code_cache.use(code_cache.cache_of("NUMBA_CACHE_DIR", Path("quantdeck") / "numba"), "*.nb?")
        runs.warm_up()
        settings = [*SMALL, "training.epochs=2"]  # all is compiled by then
        wanted, _ = outcome(home, settings, forked)
        wrong, dropped, began = [], 0, time.monotonic()
        shutil.copytree(cache, warm)
        for turn in range(times):
            shutil.rmtree(cache)
            shutil.copytree(warm, cache)
            name = damaged(cache, rng)
            found, said = outcome(home, settings, forked)
            dropped += "nobody vouches" in said
            wrong += [(turn, name)] if found != wanted else []
            print(f"{turn + 1} of {times}: {turn + 1 - len(wrong)} equal", file=sys.stderr)
    print(
        f"{times} damages of compiled code, told in {dropped}, {times - len(wrong)} runs equal, "
        f"others: {wrong or 'none'}, {time.monotonic() - began:.0f} s"
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
