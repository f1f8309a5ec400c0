"""A real sshd on loopback: own port, own host key, log-in by key; and a terminal to look at, in tmux."""

import contextlib
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

SSHD = shutil.which("sshd") or next(
    (p for p in ("/usr/sbin/sshd", "/usr/local/sbin/sshd") if Path(p).exists()), None
)
NEEDED = {"sshd": SSHD, "ssh": shutil.which("ssh"), "tmux": shutil.which("tmux")}
PATIENCE_S = 250


def until(holds, fault):
    """Ask until it holds; return the answer. The time limit only ends a test that has failed."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(fault() if callable(fault) else f"{fault} never came")
        time.sleep(0.1)
    return answer


class Server:
    """A running sshd and how to reach it."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.options = [
            "-F", "none", "-i", str(folder / "key"), "-p", str(port), "-o", "StrictHostKeyChecking=no",
            "-o", f"UserKnownHostsFile={folder / 'known'}", "-o", "LogLevel=ERROR",
        ]  # fmt: skip
        self.address = f"{pwd.getpwuid(os.getuid()).pw_name}@127.0.0.1"

    def command(self, line, *, terminal=False, more=()):
        """The argv that runs a line over there; more: options of the client's that come first."""
        return ["ssh", *more, *self.options, *(["-tt"] if terminal else []), self.address, line]

    def run(self, line):
        """Run a line over there to its end."""
        return subprocess.run(
            self.command(line), capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )


class Screen:
    """A tmux session of its own: keys go in, what stands on the screen comes out."""

    def __init__(self, argv, columns=80, rows=24):
        self.name = f"quantdeck-{uuid.uuid4().hex[:8]}"
        size = ["-x", str(columns), "-y", str(rows)]
        # `exec`, so that the pane's process is the one that was asked for, not a shell around it.
        line = f"exec {shlex.join(argv)}"
        self.tmux("-u", "-f", "/dev/null", "new-session", "-d", "-s", self.name, *size, line)
        self.tmux("set-option", "-t", self.name, "remain-on-exit", "on")

    def tmux(self, *arguments):
        done = subprocess.run(
            ["tmux", "-L", "quantdeck-tests", *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout

    def keys(self, *keys):
        self.tmux("send-keys", "-t", self.name, *keys)

    def text(self):
        return self.tmux("capture-pane", "-p", "-t", self.name)

    def type(self, text):
        """Letter by letter, as it stands."""
        self.tmux("send-keys", "-t", self.name, "-l", "--", text)

    def until(self, seen):
        """Look until `seen(text)` is true; return the text. Fails with the last screen."""
        last = [""]

        def look():
            last[0] = self.text()
            return seen(last[0])

        until(look, lambda: f"never seen; the screen at last:\n{last[0]}")
        return last[0]

    def wait_for(self, *texts):
        """Look until all of these stand on the screen at once."""
        return self.until(lambda text: all(each in text for each in texts))

    def ended(self):
        """Whether what ran in it has."""
        return self.tmux("display-message", "-p", "-t", self.name, "#{pane_dead}").strip() == "1"

    def pid(self):
        """Process id of what runs in it."""
        return int(self.tmux("display-message", "-p", "-t", self.name, "#{pane_pid}"))

    def close(self):
        self.tmux("kill-session", "-t", self.name)


class UnavailableError(Exception):
    """There is no sshd to be had here."""


@contextlib.contextmanager
def sshd(folder):
    """Run an sshd with its files in a folder."""
    lacking = [name for name, path in NEEDED.items() if not path]
    if lacking:
        raise UnavailableError(f"not installed here: {', '.join(lacking)}")
    for name in ("key", "host_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    (folder / "authorized_keys").write_bytes((folder / "key.pub").read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = (
        f"PATH={Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin QUANTDECK_LEDGER=trials.sqlite "
        f"XDG_STATE_HOME={os.devnull} XDG_CACHE_HOME={folder}/cache"  # nothing in the home of who runs tests
    )
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nPasswordAuthentication no\n"
        f"PermitRootLogin prohibit-password\nPrintMotd no\nPrintLastLog no\nSetEnv {environment}\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [NEEDED["sshd"], "-D", "-e", "-f", str(folder / "config")], stdin=subprocess.DEVNULL, stderr=log
        )
    running = Server(folder, port)
    deadline = time.monotonic() + 30
    while running.run("true").returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise UnavailableError(f"sshd does not start here: {(folder / 'log').read_text()[-300:]}")
        time.sleep(0.1)
    try:
        yield running
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    try:
        with sshd(tmp_path_factory.mktemp("sshd")) as running:
            yield running
    except UnavailableError as why:
        pytest.skip(str(why))


@pytest.fixture
def screen():
    opened = []

    def open_screen(argv, **size):
        opened.append(Screen(argv, **size))
        return opened[-1]

    yield open_screen
    for each in opened:
        each.close()
