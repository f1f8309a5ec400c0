"""Starting an engine process on a run folder, asking it to stop, and seeing whether it lives."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from time import monotonic
from typing import TYPE_CHECKING

from engine.disk import refusals
from engine.errors import AlreadyRunningError, MakeRoomError, TryAgainError
from engine.hints import run_hint
from engine.runs import lock, queue
from engine.runs.environment import for_engine
from engine.runs.error_codec import to_fields
from engine.runs.events import EventLog, clock, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.runs.folder import RunFolder

# -P: the user's current folder is no place to import quantdeck or its libraries from.
# -u: what a killed engine printed stands in engine.log.
ENGINE = (sys.executable, "-P", "-u", "-m", "engine")
LAST_WORDS_BYTES = 16_384
LAUNCHED = "--- launched "  # begins the line in engine.log that parts one process's output from the next's
KILLED = (
    "--- killed by "  # begins the line in engine.log that the launcher adds when a signal ends the engine
)
STOP_WITHIN_S = 10.0  # s that work has to come to a safe point; else its process ends without it
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def launch(run: RunFolder, command: Sequence[str] = ENGINE, *, queued: bool = True) -> int:
    """Start the engine on a run, new or to be resumed, in a session of its own; return its process id.

    It waits there for its turn, unless it belongs to a run that has had its own (`queued` false).
    The lock is taken here and handed down, so that `alive` holds from now on. An old stop file is removed.
    Raises TryAgainError if the run is running already, MakeRoomError if the machine refuses, RepairDataError
    if it is none.
    """
    name, handle = f"run {run.id}", lock.take(run.lock_path)  # no lock file where there is no run
    if handle is None:
        remedy = f"Follow it: {run_hint(run.path, 'runs follow RUN')}"
        raise AlreadyRunningError(name, "is running already", remedy)
    try:
        with EventLog(run.events_path) as log:
            with refusals(run.stop_path):
                run.stop_path.unlink(missing_ok=True)
            log.emit({"kind": "queued", "resumed": log.resumed})
            if queued:
                queue.join(run)
            try:
                return _start(run, [*command, str(run.path)], handle)
            except OSError as error:
                reason = f"the engine cannot be started: {error.strerror}"
                refused = MakeRoomError(name, reason, "Free memory, or end other processes")
                log.emit({"kind": "failed", "error": to_fields(refused)})
                raise refused from error
    finally:
        os.close(handle)


def _start(run: RunFolder, command: list[str], handle: int) -> int:
    output = os.open(run.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.write(output, f"{LAUNCHED}{stamp(clock())} ---\n".encode())
    # The engine inherits the mask: a stop signal that comes before its handlers stand waits for them.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=[handle],
            env=for_engine() | {lock.INHERITED: str(handle)},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(output)
    # Collects the exit status if the engine ends before the app does, and holds nothing up otherwise.
    threading.Thread(target=_collect, args=(process, run), name=f"engine {process.pid}", daemon=True).start()
    return process.pid


def _collect(process: subprocess.Popen[bytes], run: RunFolder) -> None:
    """Wait for the engine; if a signal has killed it, note which in engine.log."""
    code = process.wait()
    if code < 0:
        with contextlib.suppress(OSError, ValueError), run.log_path.open("a") as output:
            output.write(f"{KILLED}{signal.Signals(-code).name} ---\n")


def ask_stop(run: RunFolder) -> bool:
    """Ask a running engine to stop at its next safe point; False if none is running. Raises MakeRoomError."""
    if not alive(run):
        return False
    with refusals(run.stop_path):
        run.stop_path.touch(mode=0o600)
    return True


def kill(run: RunFolder, process: int) -> None:
    """Kill the engine of a run, and what it has started, at once; `process` is the id that its log tells.

    What was committed stays, and the run can be resumed. Raises TryAgainError unless that process leads a
    session and the run is held, MakeRoomError if it may not be killed.
    """
    name = f"run {run.id}"
    try:
        if not alive(run) or os.getsid(process) != process:
            raise TryAgainError(name, "is not running in the process that its log names", "Look again")
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:
        raise TryAgainError(name, "has just ended", "Look again") from None
    except PermissionError:
        raise MakeRoomError(name, "belongs to another user", "Ask its owner to end it") from None


def alive(run: RunFolder) -> bool:
    """Whether an engine process holds the run, be it only about to begin."""
    return lock.held(run.lock_path)


def wait(run: RunFolder, timeout_s: float) -> bool:
    """Wait until no engine holds the run; True once that is so, False when the time is up."""
    until, pause = monotonic() + timeout_s, threading.Event()
    while alive(run):
        if monotonic() >= until:
            return False
        pause.wait(0.05)
    return True


def last_words(run: RunFolder) -> str:
    """The line of engine.log that tells most of how the latest process ended, or nothing."""
    kept = [line for line in latest_lines(run) if not line.startswith(KILLED)]
    fatal = [line for line in kept if line.startswith("Fatal Python error")]
    return (fatal or kept or [""])[-1]


def killed_by(run: RunFolder) -> str:
    """The name of the signal that ended the latest process, if its launcher lived to see it."""
    kept = [line for line in latest_lines(run) if line.startswith(KILLED)]
    return kept[-1].removeprefix(KILLED).rstrip(" -") if kept else ""


def latest_lines(run: RunFolder) -> list[str]:
    """The last lines of engine.log that the latest process has left, without blank ones."""
    try:
        with run.log_path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_WORDS_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    kept = [line.strip() for line in lines if line.strip()]
    launches = [at for at, line in enumerate(kept) if line.startswith(LAUNCHED)]
    return kept[launches[-1] + 1 :] if launches else kept
