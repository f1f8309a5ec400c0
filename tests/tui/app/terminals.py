"""Real terminals to drive the app in: tmux, and a bare pseudo-terminal."""

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import uuid
from pathlib import Path

STAND_IN = Path(__file__).parents[1] / "stand_in"
QUANTDECK = (sys.executable, "-P", "-m", "tui.cli")
LONGEST_S = 200
ESCAPE = re.compile(rb"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07]*(\x07|\x1b\\)|[PX^_].*?\x1b\\|.)")


def environment(home, scenario="stepwise", **more):
    """What a user's shell would hand on, with the stand-in for the engine unless `scenario` is empty."""
    without = ("NO_COLOR", "QUANTDECK_DEBUG", "PYTHONDONTWRITEBYTECODE", "TMUX", "COLORTERM")
    kept = {name: value for name, value in os.environ.items() if name not in without}
    kept |= {"QUANTDECK_HOME": str(home), "TERM": "xterm-256color", "SCENARIO": scenario, **more}
    return kept | ({"PYTHONPATH": str(STAND_IN)} if scenario else {})


def until(condition, what="it"):
    """Ask again until it holds; the time limit only ends a test that has failed."""
    limit = time.monotonic() + LONGEST_S
    while not (found := condition()):
        if time.monotonic() > limit:
            raise AssertionError(f"{what} never came")
        select.select([], [], [], 0.05)
    return found


class Tmux:
    """A tmux server of its own with one window."""

    def __init__(self, folder, env, columns=80, rows=24, command=QUANTDECK):
        self.name = f"quantdeck-{uuid.uuid4().hex[:8]}"
        self.command = [shutil.which("tmux") or "tmux", "-L", self.name, "-f", "/dev/null"]
        self.env = env | {"TERM": "xterm-256color"}
        # The shell stays when the app has ended, and shows how.
        script = f"{' '.join(command)}; echo ended with $?; exec cat"
        self("new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(folder), "sh", "-c", script)

    def __call__(self, *arguments):
        done = subprocess.run(
            [*self.command, *arguments], env=self.env, check=True, capture_output=True, text=True
        )
        return done.stdout

    def screen(self):
        return self("capture-pane", "-p")

    def press(self, *keys):
        self("send-keys", *keys)

    def shows(self, *texts):
        """Wait until the screen shows all of these at once; return it."""
        seen = {}

        def there():
            seen["last"] = self.screen()
            return all(text in seen["last"] for text in texts)

        try:
            until(there, " and ".join(texts))
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen is\n{seen['last']}") from None
        return seen["last"]

    def kill(self):
        """The terminal goes away, as when a window is closed."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self("kill-server")


def as_in_a_terminal():
    """Own the terminal, and heed what nohup and shells in the background have their children ignore."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


class Pty:
    """A pseudo-terminal with the app as its session's leader; `output` is all that it has sent."""

    def __init__(self, folder, env, columns=80, rows=24, command=QUANTDECK):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=as_in_a_terminal,  # noqa: PLW1509  no threads here
        )  # fmt: skip
        self.output, self.answered = b"", 0

    def answer(self, question):
        """Answer where the cursor is, as often as that has been asked."""
        asked = self.output.count(question.encode())
        os.write(self.master, b"\x1b[24;80R" * (asked - self.answered))
        self.answered = asked

    def read(self):
        """Take in what has been sent."""
        while self.master >= 0 and select.select([self.master], [], [], 0)[0]:
            try:
                part = os.read(self.master, 65536)
            except OSError:
                break
            if not part:
                break
            self.output += part
        return self.output

    def text(self):
        """All that was sent, without escape sequences; repainted pieces follow each other."""
        return ESCAPE.sub(b" ", self.read()).decode(errors="replace")

    def shows(self, text):
        until(lambda: text in self.text(), f"{text!r} in {self.text()[-2000:]!r}")

    def press(self, keys):
        os.write(self.master, keys.encode())

    def hang_up(self):
        """The line is cut."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def ended(self):
        """The exit code, once the app has ended."""

        def gone():
            if self.master >= 0:
                self.read()
            return self.process.poll() is not None

        until(gone, "the end of the app")
        if self.master >= 0:
            self.read()
        return self.process.returncode

    def modes(self):
        return termios.tcgetattr(self.slave)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self.master >= 0:
            self.hang_up()


def restored(output):
    """Whether the terminal was given back: alternate screen left, cursor shown, mouse off, in the end."""
    wanted = (
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[?25l", b"\x1b[?25h"),
        (b"\x1b[?1003h", b"\x1b[?1003l"),
    )
    return all(output.rfind(off) > output.rfind(on) for on, off in wanted)
