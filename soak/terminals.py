"""Hang-ups and SIGTERMs at random moments of somebody's use of the app, beside a training that goes on.

Each time: the app ends, no process of it is left, it does not spin meanwhile, every run goes on; and after a
SIGTERM the terminal has its modes back and has left the alternate screen.

`python -m soak.terminals [HANGUPS [SIGTERMS [SEED]]]`
"""

import contextlib
import itertools
import os
import select
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from engine.runs.home import Home
from engine.runs.launch import alive, ask_stop, wait
from engine.runs.state import state_of
from tests.tui.app.terminals import QUANTDECK, Pty, environment, restored
from tui.terminal.capabilities import INTERRUPTED

SMALL = ("data.end=2025-03-01", "model.units=[8]", "model.members=1")
ENDLESS = (*SMALL, "training.epochs=100000", "training.patience=100000")
# Everything but what stops, starts or deletes a run, or leaves.
KEYS = [
    *"1234234jkGgzlfsSwo?+-[]{}/c t",
    "\t",
    "\r",
    "\x1b",
    "\x10",
    "\x1b[A",
    "\x1b[B",
    "\x1b[5~",
    "\x1b[6~",
]
SIZES = ((80, 24), (200, 50), (100, 30), (40, 10))
WITHIN_S = 5.0  # the moment is drawn from so long after the start
GRACE_S = 30.0  # an app that has not ended by then never will
BUSY_S = 4.0  # processor time to end with; a loop that spins takes more
MARK = "QUANTDECK_SOAK_TURN"


def demo(folder, home, chosen):
    """The demo in a terminal of its own: the app starts the run."""
    settings = [word for each in chosen for word in ("-s", each)]
    return Pty(folder, environment(home.path, scenario=""), command=(*QUANTDECK, "demo", *settings))


def followed(terminal, home, number, condition):
    """Take in what the app sends until it holds of its run, the home's so manieth; the run."""
    while True:
        select.select([terminal.master], [], [], 0.1)
        terminal.read()
        if len(runs := home.all()) == number:
            state = state_of(runs[-1])
            if condition(state):
                return runs[-1]
            if state.ended:
                raise RuntimeError(f"the run {state.status}: {state.error}")


def marked(turn):
    """Ids of the processes with the turn's mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={turn}\0".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def busy(pid):
    """Processor seconds of a process so far; 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def use(terminal, rng, seconds):
    """Press keys for so long, and look at what comes."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        select.select([terminal.master], [], [], min(left, rng.exponential(0.15)))
        terminal.read()
        if b"1049h" in terminal.output:
            terminal.press(str(rng.choice(KEYS)))


def ended(terminal):
    """(seconds until the app has ended, processor seconds it took for that); None if it never did."""
    process, began = terminal.process, time.monotonic()
    before = busy(process.pid)
    while time.monotonic() < began + GRACE_S:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if terminal.master >= 0:
            terminal.read()
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return time.monotonic() - began, usage.ru_utime + usage.ru_stime - before
        select.select([], [], [], 0.02)
    return None


def one(folder, home, rng, how, turn):
    """Use the app, end it; (faults, seconds, processor seconds, exit code)."""
    columns, rows = SIZES[rng.integers(len(SIZES))]
    env = environment(home.path, scenario="", **{MARK: str(turn)})
    terminal = Pty(folder, env, columns=columns, rows=rows)
    faults = []
    try:
        use(terminal, rng, rng.uniform(0, WITHIN_S))
        # The palette can leave, too.
        left = os.waitid(os.P_PID, terminal.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if how == "hang-up":
            terminal.hang_up()
        else:
            os.kill(terminal.process.pid, signal.SIGTERM)
        took = ended(terminal)
        if took is None:
            return ["has not ended"], GRACE_S, busy(terminal.process.pid), None
        code = terminal.process.returncode
        if code not in ((0,) if left else (INTERRUPTED, -signal.SIGTERM, -signal.SIGHUP)):
            faults.append(f"ended with {code}")
        if took[1] > BUSY_S:
            faults.append(f"took {took[1]:.1f} s of processor time to end")
        if how == "SIGTERM":
            faults += modes(terminal)
        limit = time.monotonic() + GRACE_S
        while (rest := marked(turn)) and time.monotonic() < limit:
            select.select([], [], [], 0.05)
        faults += [f"processes {rest} are left"] if rest else []
        return faults, *took, terminal.process.returncode
    finally:
        terminal.close()


def modes(terminal):
    """What of the terminal has not been given back."""
    faults = [] if terminal.modes() == terminal.before else ["the terminal's modes are changed"]
    entered = b"\x1b[?1049h" in terminal.output
    return faults + (["the terminal is not restored"] if entered and not restored(terminal.output) else [])


def storm(folder, counts, seed=6):
    """End so many apps each way; (faults, {way: [(seconds, processor seconds, exit code)]}, epochs told)."""
    rng, home = np.random.default_rng(seed), Home(folder / "home")
    first = demo(folder, home, (*SMALL, "training.epochs=1"))
    followed(first, home, 1, lambda state: state.status == "done")
    first.close()
    second = demo(folder, home, ENDLESS)
    run = followed(second, home, 2, lambda state: state.history)
    faults, found = [], {how: [] for how in counts}
    second.hang_up()
    ended(second)
    epochs = len(state_of(run).history)
    left, turns = dict(counts), itertools.count(1)
    while chosen := [how for how, count in left.items() if count]:
        how, turn = str(rng.choice(chosen)), next(turns)
        left[how] -= 1
        wrong, *figures = one(folder, home, rng, how, turn)
        found[how].append(figures)
        wrong += [] if alive(run) else ["the run has ended"]
        faults += [(turn, how, wrong)] if wrong else []
    more = len(state_of(run).history) - epochs
    if more <= 0:
        faults.append((0, "run", ["told no epoch meanwhile"]))
    ask_stop(run)
    wait(run, 60)
    return faults, found, more


def main(arguments):
    hangups, sigterms, seed = (*map(int, arguments), *(50, 50, 6)[len(arguments) :])
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        began = time.monotonic()
        faults, found, epochs = storm(Path(folder), {"hang-up": hangups, "SIGTERM": sigterms}, seed)
        log = Path(folder) / "home" / "app.log"
        faults += [(0, "crash", log.read_text())] if log.exists() else []
    count = hangups + sigterms
    wrong = len({turn for turn, *_ in faults})
    print(f"terminals: {count - wrong} of {count} ended cleanly, {time.monotonic() - began:.0f} s; "
          f"the run went on for {epochs} epochs")  # fmt: skip
    for how, figures in found.items():
        if figures:
            seconds, cpu, codes = zip(*figures, strict=True)
            kinds = ", ".join(f"{code} ({codes.count(code)})" for code in dict.fromkeys(codes))
            print(f"  {how}: gone within {max(seconds):.1f} s, {max(cpu):.1f} s of processor time at most; "
                  f"exit codes {kinds}")  # fmt: skip
    for fault in faults:
        print("  ", *fault)
    return int(bool(faults))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
