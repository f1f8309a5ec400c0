"""A full disk and a read-only folder at every write of a run: the n-th change of a file fails, for each n.

The calls are refused in front of the C library by a shim (refuse.c, needs gcc), so Python, HDF5 and all else
meet the error where the kernel would raise it.

`python -m soak.room [EVERY]`: 1: both errors at every n; 2: one of the two at every n; more: at some.
"""

import collections
import ctypes
import errno
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.runs.manifest import MANIFEST, manifest_of, read_checked, verify

SHIM = "SOAK_SHIM"
LESS = ("training.epochs=2", "model.units=[4]", "model.members=1")
ERRORS = {"disk full": errno.ENOSPC, "read-only": errno.EROFS}


def with_shim(module, arguments):
    """Run a module again with the shim before the C library; its exit code, None if gcc is missing."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        shim = Path(folder) / "refuse.so"
        source = Path(__file__).with_name("refuse.c")
        try:
            subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        env = os.environ | {"LD_PRELOAD": str(shim), SHIM: str(shim)}
        return subprocess.run([sys.executable, "-m", module, *arguments], env=env, check=False).returncode


class Refusing:
    """Carries runs out in forked processes in which the n-th change of a file is refused."""

    def __init__(self):
        self.shim = ctypes.CDLL(os.environ[SHIM])
        self.shim.refuse_count.restype = ctypes.c_long

    def carried_out(self, run, home, first, number):
        """(exit code, how many calls changed files); `first` = 0 refuses none."""
        from soak import runs

        reader, tells = os.pipe()
        arm = (str(home.path).encode(), ctypes.c_long(first), number)
        pid = runs.forked(
            run,
            before=lambda: self.shim.refuse_from(*arm),
            after=lambda: os.write(tells, str(self.shim.refuse_count()).encode()),
        )
        os.close(tells)
        code = runs.exit_code(pid)
        with os.fdopen(reader) as stream:
            return code, int(stream.read() or 0)


def at_every_write(folder, every=1):
    """({kind: ends}, faults, calls of a whole run)."""
    from soak import runs

    refusing, home = Refusing(), runs.home_in(folder)
    for _ in range(2):
        whole = home.create("run", runs.chosen(*LESS))
        _, calls = refusing.carried_out(whole, home, 0, 0)
    wanted, ends, faults = runs.content(whole), collections.defaultdict(collections.Counter), []
    for place, (name, number) in enumerate(ERRORS.items()):
        for first in range(1 + place % every, calls + 1, every):
            run = home.create("run", runs.chosen(*LESS))
            code, _ = refusing.carried_out(run, home, first, number)
            state = runs.state_of(run)
            reason = type(state.error).__name__ if state.status == "failed" else ""
            ends[name][f"{state.status} {reason}".strip()] += 1
            found = [] if code == 1 or state.status == "done" else [f"exit code {code}"]
            if state.status == "failed" and reason != "MakeRoomError":
                found.append(str(state.error))
            found += broken(run)
            if state.status != "done":
                again = runs.carried_out(run)
                found += [f"resumed: exit code {again}"] if again else []
            found += (
                runs.differences(wanted, runs.content(run)) if run.result_path.exists() else ["no result"]
            )
            found += [str(problem) for problem in verify(run.path)]
            faults += [(name, first, found)] if found else []
            home.delete(run)
    return ends, faults, calls


def broken(run):
    """Files of a run that are not whole although the manifest names them."""
    if not (run.path / MANIFEST).exists():
        return []
    return [name for name in manifest_of(run.path) if not read_checked(run.path, name)]


def main(arguments):
    if SHIM not in os.environ:
        code = with_shim("soak.room", arguments)
        if code is None:
            print("full disk: not shown, gcc is missing")
        return code or 0
    from soak import runs

    runs.warm_up()
    every = int(arguments[0]) if arguments else 1
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        began = time.monotonic()
        ends, faults, calls = at_every_write(folder, every)
        count = sum(kind.total() for kind in ends.values())
        print(
            f"a run changes files {calls} times; refused: {count - len(faults)} of {count} failed "
            f"cleanly and ended equal once there was room, {time.monotonic() - began:.0f} s"
        )
        for name, kinds in ends.items():
            print(f"  {name}: {', '.join(f'{kind} {times}' for kind, times in kinds.most_common())}")
        for fault in faults:
            print("  ", *fault)
    return int(bool(faults))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
