"""A replay as an asciicast: the app in a pseudo-terminal of its own, and what it sends, with the times.

Format: https://docs.asciinema.org/manual/asciicast/v2/
"""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

from engine.errors import InternalError
from engine.runs.events import read
from engine.runs.replay import paced
from tui.compat import QUESTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.runs.folder import RunFolder

COLUMNS, ROWS = 80, 24
ANSWER = f"\x1b[{ROWS};{COLUMNS}R".encode()
LINGER_S = 3.0  # the last picture stands so long
SLOWEST_S = 60.0  # an app that shows nothing for so long shows nothing at all
TERMINAL = "xterm-256color"


def cast(run: RunFolder, speed: float) -> bytes:
    """The recording of a run that is seen again so many times as fast. Raises InternalError."""
    events = read(run.events_path).events
    lasts = sum(pause for pause, _ in paced(events)) / speed
    title = " ".join(filter(None, ("quantdeck", run.id, run.name)))
    head = {
        "version": 2, "width": COLUMNS, "height": ROWS, "timestamp": round(time.time()), "title": title,
        "env": {"TERM": TERMINAL},
    }  # fmt: skip
    home = str(run.path.parent.parent.absolute())
    command = [sys.executable, "-P", "-m", "tui.cli", "runs", "replay", run.id, "--home", home]
    lines = [json.dumps(head)]
    text = codecs.getincrementaldecoder("utf-8")()
    begun = 0.0
    for at, content in pictures([*command, "--speed", repr(speed)], lasts + LINGER_S):
        begun = begun or at
        if piece := text.decode(content):
            lines.append(json.dumps([round(at - begun, 6), "o", piece], ensure_ascii=False))
    if len(lines) == 1:
        raise InternalError(f"run {run.id}", "could not be shown for a recording", "Try the replay itself")
    return "".join(f"{line}\n" for line in lines).encode()


def pictures(command: list[str], lasts_s: float) -> Iterator[tuple[float, bytes]]:
    """What a command sends to a terminal, each piece with its time, s, until it has been left by `q`."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    left_out = ("COLUMNS", "LINES", "TMUX", "NO_COLOR", "TEXTUAL_DRIVER")
    known = {name: value for name, value in os.environ.items() if name not in left_out}
    child = subprocess.Popen(
        command, env=known | {"TERM": TERMINAL, "COLORTERM": "truecolor"},
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        yield from sent(master, lasts_s)
    finally:
        os.close(master)
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        child.wait()


def sent(master: int, lasts_s: float) -> Iterator[tuple[float, bytes]]:
    """The same from the terminal's other end; each question where the cursor is gets its answer."""
    end, asked = time.monotonic() + SLOWEST_S, False
    while (left := end - time.monotonic()) > 0:
        if not select.select([master], [], [], left)[0]:
            break
        try:
            content = os.read(master, 65536)
        except OSError:  # the app has ended
            return
        if not content:
            return
        if QUESTION.encode() in content:
            if not asked:
                asked, end = True, time.monotonic() + lasts_s
            os.write(master, ANSWER)
            content = content.replace(QUESTION.encode(), b"")
        if content:
            yield time.monotonic(), content
