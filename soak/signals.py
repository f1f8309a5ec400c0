"""Hang-ups, SIGTERMs and SIGINTs on runs and on those who follow them, at random moments.

No run ends that was not asked to stop; a stopped one goes on and ends equal; exit codes are as documented:
a run ends with 0 or 130, a follower with 0, or with 130 when it left or its run was stopped. One of ten is a
real training; the others only tell epochs, for a second and a half.

`python -m soak.signals [SIGNALS]`
"""

import collections
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

from soak import runs

NUMBERS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
FOLLOW = (sys.executable, "-m", "tui.cli", "runs", "follow")


def interruptible():
    """A shell in the background has its children ignore ctrl+c, nohup a hang-up; a user's does not."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def follower(run, home):
    """`quantdeck runs follow` as a user's terminal starts it: ctrl+c is not ignored."""
    return subprocess.Popen(
        [*FOLLOW, run.id, "--home", str(home.path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, preexec_fn=interruptible,  # noqa: PLW1509
    )  # fmt: skip


def reporting(emit):
    """Work that takes a while and does nothing."""
    pause = threading.Event()
    for epoch in range(1, 151):
        emit({"kind": "epoch", "epoch": epoch, "epochs": 150, "loss": 1.0, "val_loss": 1.0, "best_epoch": 1})
        emit({"kind": "alive"})
        pause.wait(0.01)
    return {"training": {"epochs": 150, "best_epoch": 1, "loss": 1.0, "val_loss": 1.0}}


def one(run, home, target, number, share, do):
    """Send one signal at a share of the run's epochs; (its exit code, the follower's, if it was in time)."""
    pid = runs.forked(run, do=do)
    watching = follower(run, home)
    while not os.read(watching.stderr.fileno(), 1) and watching.poll() is None:
        pass
    while not runs.ended(pid) and len((state := runs.state_of(run)).history) < share * (state.epochs or 10):
        pass
    if target == "run":
        met = not runs.ended(pid)
        os.kill(pid, number)
    else:
        met = watching.poll() is None
        watching.send_signal(number)
    threading.Thread(target=watching.stderr.read, daemon=True).start()
    code = runs.exit_code(pid)
    return code, watching.wait(60), met


def fault_of(run, target, number, codes, met):
    """What is not as documented, or nothing. A signal may come just before the end and be too late."""
    code, left = codes
    status = runs.state_of(run).status
    stops = met and target == "run" and number != signal.SIGHUP
    if (code, status) not in ({(130, "stopped"), (0, "done")} if stops else {(0, "done")}):
        return f"run: exit code {code}, {status}"
    wanted = {130 if code == 130 else 0} | ({130, 0} if met and target == "follower" else set())
    return "" if left in wanted else f"follower: exit code {left} of a run that ended with {code}"


def storm(folder, count, seed=4):
    """Send `count` signals; (faults, {what was sent: how runs and followers ended})."""
    rng, home = np.random.default_rng(seed), runs.home_in(folder)
    for _ in range(2):
        runs.carried_out(whole := home.create("run", runs.chosen()))
    wanted = runs.content(whole)
    faults, ends = [], collections.defaultdict(collections.Counter)
    for turn in range(count):
        number, target, real = NUMBERS[turn % 3], ("run", "follower")[turn // 3 % 2], turn % 10 == 0
        run = home.create("run" if real else "train", runs.chosen())
        *codes, met = one(run, home, target, number, rng.uniform(0, 0.9), None if real else reporting)
        fault = fault_of(run, target, number, codes, met)
        ends[f"{number.name} to the {target}"][f"run {codes[0]}, follower {codes[1]}"] += 1
        if runs.state_of(run).status == "stopped":
            again = runs.exit_code(runs.forked(run, do=None if real else reporting))
            fault = fault or (f"resumed: exit code {again}" if again else "")
        different = runs.differences(wanted, runs.content(run)) if real else []
        faults += [(run.id, number.name, target, fault, different)] if fault or different else []
        home.delete(run)
    return faults, ends


def main(arguments):
    count = int(arguments[0]) if arguments else 200
    runs.warm_up()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        began = time.monotonic()
        faults, ends = storm(folder, count)
    print(
        f"signals: {count - len(faults)} of {count} ended as documented, no run lost that was not to stop, "
        f"{time.monotonic() - began:.0f} s"
    )
    for sent, kinds in sorted(ends.items()):
        print(f"  {sent}: {'; '.join(f'{kind} ({times})' for kind, times in kinds.most_common())}")
    for fault in faults:
        print("  ", *fault)
    return int(bool(faults))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
