"""The engine's side of a run: one process, one lock, one log, one outcome.

`execute` is what `python -m engine RUN` calls, before anything slow is imported, so that a first event
stands in the log within moments.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import math
import os
import resource
import signal
import sys
import threading
import traceback
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from engine import code_cache
from engine.disk import TEMPORARY, check_room, free_mb, sweep, write_whole
from engine.errors import QuantdeckError, StopRequestedError, TryAgainError
from engine.results.codec import plain
from engine.runs import lock, queue
from engine.runs.error_codec import as_error, to_fields
from engine.runs.events import EventLog
from engine.runs.launch import STOP_SIGNALS, STOP_WITHIN_S
from engine.runs.manifest import write_manifest
from engine.runs.postmortem import from_outside
from engine.runs.versions import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import TextIOWrapper
    from types import FrameType

    from engine.runs.events import Emit, Event
    from engine.runs.folder import RunFolder

HEARTBEAT_S = 5.0
TURN_S = 0.5  # between two looks whether the turn of a queued run has come
LOOK_S = 1.0  # between two looks whether a stop was asked for
SAVE_WITHIN_S = 120.0  # from there to the end
RESERVE_BYTES = 65_536  # kept for the last event, which has to be written when the disk is full


def execute(
    run: RunFolder,
    work: Callable[[Emit], Any],
    judge: Callable[[Emit], None] = lambda _: None,
    heartbeat_s: float = HEARTBEAT_S,
) -> int:
    """Do the work of a run, have it judged, return 0 done, 1 failed, 2 wrong settings, 130 stopped.

    Call it from the main thread. `work` is given `emit(event)` and returns what result.json shall hold;
    `judge` is called once that is committed and before the run counts as done.
    `emit` raises StopRequestedError when SIGTERM, SIGINT or the stop file asks for an end: let it pass,
    saving on the
    way what shall be kept. It raises so once; `emit({"kind": "alive"})`, never logged, does so each time.
    Nothing is raised from here: what goes wrong is told in the log, in engine.log and by the exit code.
    """
    try:
        with (
            locked(run, run.id),
            run.log_path.open("a", encoding="utf-8", errors="backslashreplace") as output,
        ):
            sweep(run.path)
            with EventLog(run.events_path) as log:
                return RunSupervisor(run, log, output).execute(work, judge, heartbeat_s)
    except (QuantdeckError, OSError) as error:
        failure = as_error(error)
        with contextlib.suppress(OSError):
            print(failure, file=sys.stderr)
        return failure.exit_code


@contextlib.contextmanager
def locked(run: RunFolder, name: str) -> Iterator[None]:
    """Hold the run's lock: the one handed down by the launcher, or an own one.

    TryAgainError: another has it.
    """
    handle = lock.inherit(run.lock_path)
    if handle is None:
        handle = lock.take(run.lock_path)
    if handle is None:
        raise TryAgainError(
            f"run {name}", "is running already, in another process", "Wait for it, or stop it"
        )
    try:
        yield
    finally:
        os.close(handle)


class RunSupervisor:
    """One carrying-out: the log, whether a stop was asked for, and the outcome."""

    def __init__(self, run: RunFolder, log: EventLog, output: TextIOWrapper) -> None:
        """`output` is engine.log."""
        self.run, self.log, self.output = run, log, output
        self.asked_by = ""  # what asked for a stop
        self.deadline = math.inf  # monotonic s, of a stop
        self.stop_logged = self.raised = False
        self.ending = threading.Lock()  # taken once, by whoever writes the last event
        self.reserve = run.path / f"{TEMPORARY}reserve"

    def execute(self, work: Callable[[Emit], Any], judge: Callable[[Emit], None], heartbeat_s: float) -> int:
        """See the function of that name."""
        ended = threading.Event()
        heart = threading.Thread(target=self.beat, args=(ended, heartbeat_s), name="heartbeat", daemon=True)
        self.take_signals()
        try:
            if queue.begin(self.run):
                heart.start()
                self.wait_for_turn()
            self.log.emit(self.started())
            if not heart.ident:
                heart.start()
            check_room(self.run.path.parent.parent)
            self.reserve.write_bytes(bytes(RESERVE_BYTES))
            result = work(self.emit)
            write_whole(self.run.result_path, json.dumps(plain(result), indent=2).encode())
            self.commit()
            judge(self.emit)
            final, code = {"kind": "done"}, 0
        except BaseException as error:  # noqa: BLE001  whatever ends the work is an outcome to be told
            final, code = self.outcome(error)
        ended.set()
        if heart.ident:
            heart.join()
        faulthandler.disable()  # engine.log is about to be closed
        code_cache.note_used()
        queue.leave(self.run)
        return self.conclude(final, code)

    def wait_for_turn(self) -> None:
        """Wait until the queue of the home lets this run work; a stop ends the waiting."""
        seen, pause = 0, threading.Event()
        while before := queue.begin(self.run):
            if before != seen:
                seen = before
                self.log.emit({"kind": "waiting", "pid": os.getpid(), "before": before})
            self.emit({"kind": "alive"})
            pause.wait(TURN_S)

    def commit(self) -> None:
        """Take the result and the settings into the manifest, if the work has left one."""
        run = self.run
        if run.manifest_path.exists():
            write_manifest(run.path, [run.result_path.name, run.settings_path.name])

    def emit(self, event: Event) -> None:
        """Log an event, then raise StopRequestedError if the time has come."""
        self.log.emit(event)
        if threading.current_thread() is not threading.main_thread() or not self.stopping():
            return
        if not self.raised or event["kind"] == "alive":
            if not self.raised:
                self.raised, self.deadline = True, monotonic() + SAVE_WITHIN_S
            raise StopRequestedError(f"run {self.run.id}", f"was stopped by {self.asked_by}")

    def look_for_signals(self) -> None:
        """See what has arrived that the main thread was too busy to hear."""
        with contextlib.suppress(BlockingIOError):
            for number in os.read(self.arrived, 64):
                if number in STOP_SIGNALS:
                    self.asked_by = self.asked_by or signal.Signals(number).name

    def stopping(self) -> bool:
        """Whether a stop was asked for; the first to notice tells so."""
        if not self.asked_by and self.run.stop_path.exists():
            self.asked_by = "request"
        if self.asked_by and not self.stop_logged:
            self.stop_logged, self.deadline = True, monotonic() + STOP_WITHIN_S
            self.log.emit({"kind": "stopping", "by": self.asked_by})
        return bool(self.asked_by)

    def take_signals(self) -> None:
        """SIGTERM and SIGINT ask for a stop; a hang-up and a file that grows too large end nothing.

        The handlers stay, so that the exit code holds until the process has gone. What arrived before they
        stood was held back (see `launch`) and counts now. Fatal signals leave their trace in engine.log.
        """

        def ask(number: int, _frame: FrameType | None) -> None:
            self.asked_by = self.asked_by or signal.Signals(number).name

        for number in STOP_SIGNALS:
            signal.signal(number, ask)
        self.arrived, arriving = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # Seen even while the work is in compiled code.
        signal.set_wakeup_fd(arriving, warn_on_full_buffer=False)
        for number in (signal.SIGHUP, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        faulthandler.enable(self.output)

    def started(self) -> Event:
        """The first event."""
        run = self.run
        return {
            "kind": "started", "run": run.id, "mode": run.mode, "of": run.of, "pid": os.getpid(),
            "resumed": self.log.resumed, "versions": versions(), "free_mb": round(free_mb(run.path)),
        }  # fmt: skip

    def beat(self, ended: threading.Event, heartbeat_s: float) -> None:
        """Tell every few seconds that the process lives and what it uses; see that a stop is heeded."""
        spent, since = cpu_s(), monotonic()
        while not ended.wait(min(LOOK_S, heartbeat_s)):
            # The disk may be full; then the work will hear of it, and room may be made again.
            self.look_for_signals()
            with contextlib.suppress(QuantdeckError):
                self.stopping()
                if (now := monotonic()) - since >= heartbeat_s:
                    now_spent = cpu_s()
                    cpu = 100 * (now_spent - spent) / (now - since)
                    spent, since = now_spent, now
                    used = {"cpu": round(cpu, 1), "memory_mb": round(memory_mb(), 1)}
                    self.log.emit({"kind": "heartbeat", **used})
            if monotonic() > self.deadline:
                self.end_without_the_work()

    def end_without_the_work(self) -> None:
        """End the process, whose work heeds no stop; what was committed stays, as after a kill."""
        self.note("The work came to no safe point after it was asked to stop: ended without it. It was here:")
        faulthandler.dump_traceback(self.output)
        code = self.conclude(self.stopped(), StopRequestedError.exit_code)
        self.output.flush()
        os._exit(code)

    def outcome(self, error: BaseException) -> tuple[Event, int]:
        """The final event and the exit code of work that ended in an exception."""
        failure = as_error(error)
        if isinstance(failure, StopRequestedError):
            return self.stopped(), failure.exit_code
        with contextlib.suppress(MemoryError):
            lines = traceback.format_exception(error)  # never with locals: they may hold secrets
            self.note(f"{''.join(lines)}{failure}")
        return {"kind": "failed", "error": to_fields(failure)}, failure.exit_code

    def stopped(self) -> Event:
        """The final event of a run that was asked to stop; with the likely cause if a signal did."""
        event: Event = {"kind": "stopped", "by": self.asked_by or "request"}
        asked = self.asked_by in ("", "request")
        return event if asked else event | {"error": to_fields(from_outside(self.run, self.asked_by))}

    def conclude(self, final: Event, code: int) -> int:
        """Write the final event; if even that is refused, engine.log and the exit code have to tell."""
        self.ending.acquire()  # for good: the other thread must not add one
        with contextlib.suppress(OSError):
            self.reserve.unlink(missing_ok=True)
        try:
            self.log.emit(final)
        except QuantdeckError as error:
            self.note(f"The last event, {final['kind']}, was refused. {error}")
            return code or error.exit_code
        return code

    def note(self, text: str) -> None:
        """Append to engine.log, if there is room."""
        with contextlib.suppress(OSError):
            self.output.write(f"{text}\n")
            self.output.flush()


def cpu_s() -> float:
    """Processor seconds that this process has used, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory_mb() -> float:
    """Resident memory of this process in MB (10^6 bytes); the highest so far where /proc is missing."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
