"""A disk that is really full, on a small file system of its own (needs unshare and mount).

`python -m soak.full`
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

MOUNTED = "SOAK_MOUNTED"
SIZE_MB = 260


def in_own_mounts():
    """Run this again where it may mount; its exit code, None if the machine does not allow that."""
    command = ["unshare", "-rm", sys.executable, "-m", "soak.full"]
    try:
        if subprocess.run([*command[:2], "true"], capture_output=True, check=False).returncode:
            return None
        return subprocess.run(command, env=os.environ | {MOUNTED: "1"}, check=False).returncode
    except OSError:
        return None


@contextlib.contextmanager
def ballast(folder, leave_bytes):
    """Fill the disk but for some bytes."""
    path, size = folder / "ballast", shutil.disk_usage(folder).free - leave_bytes
    with path.open("wb", buffering=0) as file:
        if leave_bytes:
            os.posix_fallocate(file.fileno(), 0, size)
        for block in () if leave_bytes else (65_536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(block))
    try:
        yield
    finally:
        path.unlink()


def at_epoch(runs, run):
    """Carry a run out in a process of its own; come back with its id when its first epoch is over."""
    pid = runs.forked(run)
    while not runs.state_of(run).history and not runs.ended(pid):
        pass
    return pid


def show(what, reason, holds):
    print(f"  {'ok  ' if holds else 'FAIL'} {what}: {reason}")
    return not holds


def main():
    if MOUNTED not in os.environ:
        code = in_own_mounts()
        if code is None:
            print("full disk: not shown on a real one, this machine lets nobody mount")
        return code or 0
    from engine.runs.manifest import verify
    from soak import runs

    runs.warm_up()
    with tempfile.TemporaryDirectory(prefix="soak-") as parent:
        folder = Path(parent) / "disk"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "soak", str(folder)]
        subprocess.run(mount, check=True)
        home, failed = runs.home_in(folder), 0
        made = lambda: home.create("run", runs.chosen("training.epochs=6"))  # noqa: E731
        runs.carried_out(whole := made())
        wanted = runs.content(whole)
        print("a disk that is full:")

        run = made()
        with ballast(folder, 100_000_000):
            runs.carried_out(run)
            error = runs.state_of(run).error
            failed += show("too little room at the start", str(error), "100 MB left" in str(error))

        pid = at_epoch(runs, run := made())
        with ballast(folder, 0):
            code, state = runs.exit_code(pid), runs.state_of(run)
            outcome = f"exit code {code}, {state.status}, {state.error and state.error.reason}"
            failed += show("full in mid training", outcome, code == 1 and "No space left" in outcome)
            failed += show("what was whole before", "is whole", verify(whole.path) == [])
        again = runs.carried_out(run)
        equal = not again and not runs.differences(wanted, runs.content(run)) and verify(run.path) == []
        failed += show("resumed when there is room", "ends equal", equal)

        pid = at_epoch(runs, run := made())
        os.kill(pid, signal.SIGKILL)
        runs.exit_code(pid)
        with ballast(folder, 0):
            reason = runs.state_of(run).error.reason
            failed += show("killed and full", reason, "the disk is full" in reason)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        reason = runs.state_of(run).error.reason
        failed += show("killed and read-only", reason, "read-only" in reason)
        code = runs.exit_code(runs.forked(run))
        failed += show("resumed where it is read-only", f"exit code {code}", code == 1)
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        equal = not runs.carried_out(run) and not runs.differences(wanted, runs.content(run))
        failed += show("resumed when it is not", "ends equal", equal)
        subprocess.run(["umount", str(folder)], check=False)
    return int(failed > 0)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
