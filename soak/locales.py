"""The app under each kind of terminal and locale: whole screens, and plain characters where no more is shown.

Each pair is started in a pane of tmux, which says TERM and LANG as given; every screen and its help are
looked at. With a folder, what stood there is written to it, with colours: `less -R`.

`python -m soak.locales [FOLDER]`
"""

import contextlib
import itertools
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from tests.queries.results import backtested
from tests.tui.app.recorded import STATES, hold, home_of_all, record
from tests.tui.app.terminals import QUANTDECK, environment, until
from tests.tui.results.stored import fill
from tui.screens import SCREENS

TERMINALS = ("linux", "vt100", "dumb", "screen", "tmux-256color", "xterm-kitty", "unknown")
LOCALES = ("C", "POSIX", "de_DE.ISO-8859-1", "en_US.UTF-8", "")
PLAIN_TERMINALS, PLAIN_LOCALES = ("dumb", "linux", "vt100"), ("C", "POSIX", "de_DE.ISO-8859-1")
WITHOUT_SCREENS = ("dumb", "unknown")  # text cannot be placed there
HELP = "Keys of this screen"
ROWS, COLUMNS = 24, 80
WAITING = ("loading", "reading", "computing")


@dataclass
class Seen:
    """What came to a terminal: each picture as text with colours, all bytes, and what is wrong."""

    pictures: dict = field(default_factory=dict)
    sent: bytes = b""
    faults: list = field(default_factory=list)


class Pane:
    """A pane of a tmux of its own, with a command whose bytes are kept."""

    def __init__(self, folder, variables, arguments=()):
        self.bytes = folder / "bytes"
        self.tmux = ["tmux", "-L", f"quantdeck-{uuid.uuid4().hex[:8]}", "-u", "-f", "/dev/null"]
        inside = ("screen", "tmux-256color")
        kept = "" if variables["TERM"] in inside else "-u TMUX "
        words = shlex.join(f"{name}={value}" for name, value in variables.items())
        # The pane waits until its bytes are kept, and stays when the app has ended.
        script = (
            f"read _; env {kept}{words} {shlex.join([*QUANTDECK, *arguments])}; echo ended with $?; exec cat"
        )
        self("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(folder), "sh", "-c", script)
        self("pipe-pane", "-O", f"cat >{shlex.quote(str(self.bytes))}")
        self.press("Enter")

    def __call__(self, *arguments):
        done = subprocess.run([*self.tmux, *arguments], check=True, capture_output=True)
        return done.stdout.decode()

    def press(self, *keys):
        self("send-keys", *keys)

    def text(self):
        return self("capture-pane", "-p")

    def picture(self):
        return self("capture-pane", "-p", "-e", "-N")

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self("kill-server")


def shows_more(terminal, locale):
    """Whether more than ASCII may go there; a terminal of which nothing is said is taken for a modern one."""
    return terminal not in PLAIN_TERMINALS and locale not in PLAIN_LOCALES


def look(home, folder, terminal, locale, names=tuple(SCREENS)):
    """Every screen of one pair."""
    chosen = environment(home.path, scenario="", TERM=terminal, LANG=locale, LC_ALL="", LC_CTYPE="")
    variables = {name: chosen[name] for name in ("QUANTDECK_HOME", "TERM", "LANG", "LC_ALL", "LC_CTYPE")}
    seen, pane = Seen(), Pane(folder, variables)
    try:
        if terminal in WITHOUT_SCREENS:
            until(lambda: "ended with" in pane.text(), "the status")
            seen.pictures["status"] = pane.picture()
        else:
            screens(pane, seen, names)
            pane.press("q")
            until(lambda: "ended with" in pane.text(), "the farewell")
            seen.pictures["farewell"] = pane.picture()
    except AssertionError as fault:
        seen.faults.append(f"{fault}:\n{pane.text()}")
    else:
        seen.faults += ["another exit code"] if "ended with 0" not in pane.text() else []
    finally:
        pane.close()
    seen.sent = pane.bytes.read_bytes()
    seen.faults += wrong(seen, terminal, locale)
    return seen


def screens(pane, seen, names):
    """Look at each screen and at its help."""

    def whole(label):
        text = pane.text()
        lines = text.rstrip("\n").split("\n")
        waits = any(word in text for word in WAITING)
        return label in lines[0] and "q leave" in lines[-1] and len(lines) == ROWS and not waits

    until(lambda: whole("[2 Train]"), "the first screen")  # of the run that goes on
    for name in names:
        entry = SCREENS[name]
        pane.press(entry.key)
        until(lambda entry=entry: whole(f"[{entry.key} {entry.label}]"), entry.label)
        seen.pictures[name] = pane.picture()
        pane.press("?")
        until(lambda: HELP in pane.text(), f"help of {entry.label}")
        seen.pictures[f"{name}-help"] = pane.picture()
        pane.press("Escape")
        until(lambda: HELP not in pane.text(), f"{entry.label} again")


def wrong(seen, terminal, locale):
    """What is not as it must be in what was sent."""
    more = max(seen.sent) > 126
    if more != shows_more(terminal, locale):
        yield "more than ASCII was sent" if more else "plain characters without need"
    if terminal in WITHOUT_SCREENS:
        if b"\x1b" in seen.sent:
            yield "escape sequences were sent"
        lines = seen.sent.decode(errors="replace").splitlines()
        yield from (f"wraps: {line}" for line in lines if len(line) > COLUMNS and "/" not in line)


@contextlib.contextmanager
def full_home(path):
    """A home with runs in every state, one that goes on, a result and stored series."""
    home = home_of_all(path)
    backtested(home, 2400, seed=3, overrides=["signal.entry_threshold=0.0012"], run_id="3f2a91c0")
    fill(home)
    held = hold(record(home, "0c1d0006", STATES["training"][0], "lïve…", created="11:30"))
    try:
        yield home
    finally:
        os.close(held)


def main(arguments):
    kept = Path(arguments[0]) if arguments else None
    failed = 0
    if not shutil.which("tmux"):
        print("locales: not measured, tmux is not installed here")
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder,
        full_home(Path(folder) / "home") as home,
    ):
        for terminal, locale in itertools.product(TERMINALS, LOCALES):
            seen = look(home, Path(folder), terminal, locale)
            failed += bool(seen.faults)
            figures = f"{len(seen.pictures):2} pictures, {len(seen.sent):7,} bytes"
            print(f"{terminal:13} {locale or '(empty)':17} {figures}", *seen.faults)
            if kept:
                kept.mkdir(parents=True, exist_ok=True)
                for name, picture in seen.pictures.items():
                    (kept / f"{terminal}+{locale or 'empty'}+{name}").write_text(picture)
                (kept / f"{terminal}+{locale or 'empty'}+bytes").write_bytes(seen.sent)
    pairs = len(TERMINALS) * len(LOCALES)
    print(f"locales: {pairs - failed} of {pairs} pairs as they must be")
    return int(bool(failed))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
