"""Starting real processes on a run, and waiting for what they do."""

import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic

from engine.runs.events import read

WORK = Path(__file__).with_name("work.py")
pause = threading.Event().wait


def doing(name):
    """The command of an engine that does the named work."""
    return [sys.executable, "-P", str(WORK), name]


def start(name, run, **how):
    """An engine process as a child of the test, whose exit code can be seen."""
    return subprocess.Popen([*doing(name), str(run.path)], stderr=subprocess.PIPE, text=True, **how)


def finish(process):
    """Exit code and stderr of a process that is about to end."""
    _, said = process.communicate(timeout=250)
    return process.returncode, said


def until(condition, limit_s=250):
    """Wait for a condition and return its value."""
    end = monotonic() + limit_s
    while not (value := condition()):
        assert monotonic() < end, "did not come about in time"
        pause(0.01)
    return value


def events_of(run, kind):
    """The events of one kind so far."""
    return [event for event in read(run.events_path).events if event["kind"] == kind]


def logged(run, kind, count=1):
    """A condition: so many events of a kind are there."""
    return lambda: len(events_of(run, kind)) >= count


def deaf(run):
    """A condition: the work has heard of stops for the last time."""
    return lambda: "deaf from here" in run.log_path.read_text()
