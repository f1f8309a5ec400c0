"""A live training over slow lines: how late is what is shown, how long a key takes, what a stall costs.

A real sshd on loopback and OpenSSH's client without compression, through a relay of so many bit/s with 300 ms
there and back; at its end tmux of 80×24. An epoch a second is told, and batches between.

`python -m soak.line [WATCHED_S [STALLED_S]]`
"""

import contextlib
import os
import re
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from engine.runs.events import EventLog
from tests.ssh.conftest import Screen, UnavailableError, sshd
from tests.ssh.relay import Relay
from tests.tui.app.recorded import STATES, hold, home_of_all, record
from tests.tui.app.recorded import batch as batch_event

DELAY_S = 0.15  # of one way
EPOCHS = 100_000
WATCHED_S, STALLED_S = 120.0, 60.0
BEHIND, STALL_BYTES, FIRST_VISIT_S, LEAVE_S = 2, 20_000, 8.0, 2.0
LINES = {9_600: 4.0, 56_000: 1.5}  # bit/s: the longest that a key may take, s
LOOK_S = 0.25  # between two looks at the screen
PATIENCE_S = 120.0
HELP = "Keys of this screen"
# Keys, and what stands above and below once the picture is whole.
VISITS = (
    ("4", "[4 Runs]", "space mark"), ("2", "[2 Train]", "Z freeze"), ("1", "[1 Data]", "i import"),
    ("2", "[2 Train]", "Z freeze"), ("3", "[3 Backtest]", "? help"), ("4", "[4 Runs]", "space mark"),
    ("?", HELP, "the same by"), ("Escape", "[4 Runs]", "baseline"), ("j", "▸  0c1d0005", "stopped"),
    ("2", "[2 Train]", "Z freeze"),
)  # fmt: skip


class Training:
    """A run that tells an epoch a second, and three batches between."""

    def __init__(self, home, pace_s=1.0):
        events = [each for each in STATES["training"][0] if each["kind"] != "epoch"]
        self.run = record(home, "0c1d0006", events, "live", created="11:30")
        self.epochs_sent = 0
        self.pace_s = pace_s
        self._model = next(each for each in STATES["training"][0] if each["kind"] == "epoch")
        self._lock, self._over = hold(self.run), threading.Event()
        self._thread = threading.Thread(target=self._tell)

    def __enter__(self):
        self._thread.start()
        return self

    def _tell(self):
        with EventLog(self.run.events_path) as log:
            while True:
                self.epochs_sent += 1
                loss = 0.5 + 0.4 / self.epochs_sent
                epoch = {
                    "epoch": self.epochs_sent,
                    "epochs": EPOCHS,
                    "best_epoch": self.epochs_sent,
                    "loss": loss,
                    "val_loss": loss,
                }
                log.emit(self._model | epoch)
                for part in range(4):
                    if self._over.wait(self.pace_s / 4):
                        return
                    progress = batch_event(self.epochs_sent + 1, EPOCHS) | {
                        "batch": 25 * part + 25,
                        "loss": loss,
                    }
                    log.emit(progress)

    def rest(self):
        """Tell no more."""
        self._over.set()
        self._thread.join()

    def __exit__(self, *_):
        self.rest()
        os.close(self._lock)


@dataclass
class Figures:
    """What was seen: epochs behind at each look, s of each key, bytes of the line."""

    behind: list = field(default_factory=list)
    first: dict = field(default_factory=dict)  # key: s of the first visit of a screen
    keys: list = field(default_factory=list)  # (key, s) of the others
    key_bytes: list = field(default_factory=list)  # (key, bytes until its picture was whole)
    first_bytes: int = 0
    epoch_bytes: float = 0.0
    stall_bytes: int = 0
    stall_s: float = 0.0
    leave_s: float = 0.0

    def faults(self, longest_s):
        """What is not as it must be."""
        slow = [each for each in self.keys if each[1] > longest_s]
        slow += [each for each in self.first.items() if each[1] > FIRST_VISIT_S]
        return [
            *([f"{max(self.behind)} epochs behind"] if max(self.behind) > BEHIND else []),
            *(f"key {key} took {seconds:.1f} s" for key, seconds in slow),
            *([f"{self.stall_bytes:,} bytes after a stall"] if self.stall_bytes > STALL_BYTES else []),
            *([f"q took {self.leave_s:.1f} s"] if self.leave_s > LEAVE_S else []),
        ]

    def lines(self):
        """The figures, for people."""
        late = max(self.behind)
        keys = ", ".join(f"{key} {seconds:.1f}" for key, seconds in self.keys)
        first = ", ".join(f"{key} {seconds:.1f}" for key, seconds in self.first.items())
        return (
            f"  behind: at most {late} epochs in {len(self.behind)} looks",
            f"  first screen {self.first_bytes:,} bytes; an epoch {self.epoch_bytes:,.0f} bytes a second",
            f"  first visits, s: {first}; other keys, s: {keys}",
            f"  bytes until then: {', '.join(f'{key} {size:,}' for key, size in self.key_bytes)}",
            f"  after the stall {self.stall_bytes:,} bytes in {self.stall_s:.1f} s; q {self.leave_s:.1f} s",
        )


def shown(deck):
    """The epoch that stands on the screen; 0 if none does."""
    found = re.search(r"epoch (\d[\d,]*)/", deck.text())
    return int(found[1].replace(",", "")) if found else 0


def seconds_until(holds, what):
    """How long it takes until it holds."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() > began + PATIENCE_S:
            raise AssertionError(f"{what} never came")
        time.sleep(0.02)
    return time.monotonic() - began


def stands(deck, key, above, below):
    """Whether a key's picture is whole: both texts are there, and no help in front of them."""
    text = deck.text()
    return above in text and below in text and (key == "?") == (HELP in text)


def watch(deck, training, seconds, relay, found):
    """Look at the shown epoch, again and again."""
    sent, until = relay.sent, time.monotonic() + seconds
    while time.monotonic() < until:
        current = training.epochs_sent
        found.behind.append(current - shown(deck))
        time.sleep(LOOK_S)
    found.epoch_bytes = (relay.sent - sent) / seconds


def press(deck, relay, found):
    """Each key, and how long its picture takes."""
    visited = {"2"}
    for key, above, below in VISITS:
        sent = relay.sent
        deck.keys(key)
        try:
            took = seconds_until(partial(stands, deck, key, above, below), f"{above} of {key}")
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen is\n{deck.text()}") from None
        if key in "134" and key not in visited:
            visited.add(key)
            found.first[key] = took
        else:
            found.keys.append((key, took))
        found.key_bytes.append((key, relay.sent - sent))
        time.sleep(2.0)  # as somebody does who reads it


def stall(deck, training, seconds, relay, found):
    """Nothing arrives for a while; then how much does until the picture is right."""
    relay.stall()
    time.sleep(seconds)
    sent = relay.sent
    relay.go_on()
    found.stall_s = seconds_until(lambda: training.epochs_sent - shown(deck) <= BEHIND, "the present")
    found.stall_bytes = relay.sent - sent


def measure(server, bits_per_s, watched_s=WATCHED_S, stalled_s=STALLED_S):
    """Figures of a session over a line of so many bit/s."""
    found = Figures()
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        home = home_of_all(Path(folder) / "home")
        relay = Relay(server.port, bits_per_s, DELAY_S)
        command = server.command(
            f"QUANTDECK_HOME={home.path} exec quantdeck", terminal=True,
            more=("-p", str(relay.port), "-o", "Compression=no"),
        )  # fmt: skip
        with Training(home) as training, contextlib.closing(relay):
            deck = Screen(command)
            try:
                seconds_until(lambda: "[2 Train]" in deck.text() and shown(deck), "the first screen")
                found.first_bytes = relay.sent
                time.sleep(5.0)
                watch(deck, training, watched_s, relay, found)
                press(deck, relay, found)
                stall(deck, training, stalled_s, relay, found)
                deck.keys("q")
                found.leave_s = seconds_until(lambda: "goes on" in deck.text(), "the farewell")
            finally:
                deck.close()
    return found


def main(arguments):
    watched_s, stalled_s = (*map(float, arguments), *(WATCHED_S, STALLED_S)[len(arguments) :])
    failed = 0
    with tempfile.TemporaryDirectory(prefix="sshd-", ignore_cleanup_errors=True) as folder:
        try:
            with sshd(Path(folder)) as server:
                for bits_per_s, longest_s in LINES.items():
                    found = measure(server, bits_per_s, watched_s, stalled_s)
                    print(f"line of {bits_per_s:,} bit/s, {2000 * DELAY_S:.0f} ms there and back")
                    print(*found.lines(), sep="\n")
                    for fault in found.faults(longest_s):
                        failed += 1
                        print(f"  TOO MUCH: {fault}")
        except UnavailableError as why:
            print(f"line: not measured, {why}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
