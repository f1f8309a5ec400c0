"""Small real runs on the demo exchange, in engine processes that are forked off a warm one.

A forked process carries a run out as `python -m engine` does, lock, log, signals and all; only the seconds
of importing are saved. Processes started by `launch` are met in soak.signals and in the tests.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

from engine.models.training import backend
from engine.runs.events import read
from engine.runs.home import Home
from engine.runs.launch import wait
from engine.runs.state import state_of
from engine.settings import Training, make
from soak.settings import SMALL

FILES = (
    "model.keras",
    "model.npz",
    "scaler.joblib",
    "trades.csv",
    "equity.parquet",
    "predictions.parquet",
    "bars.parquet",
)
HISTORY = ("epoch", "loss", "val_loss", "learning_rate", "best", "best_epoch", "wait")


def warm_up():
    """Import what a run needs, so that forked processes have it."""
    os.environ.setdefault("JAX_ENABLE_COMPILATION_CACHE", "true")
    backend.prepare(Training(devices=2))
    warnings.filterwarnings("ignore", message=".*fork.*")
    import engine.pipeline  # noqa: F401
    from engine.data.demo import market, server  # noqa: F401
    from engine.models import artifact  # noqa: F401
    from engine.models.training import fit, predict  # noqa: F401


def chosen(*more):
    return make({}, [*SMALL, *more])


def home_in(folder):
    return Home(Path(folder) / "home")


def forked(run, before=None, after=None, do=None):
    """Carry out a run, or other work, in a forked process, between two calls if given; its process id."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        with contextlib.suppress(OSError):  # the folder may be read-only
            output = os.open(run.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            for stream in (1, 2):
                os.dup2(output, stream)
            run.stop_path.unlink(missing_ok=True)
        from engine.__main__ import work
        from engine.runs.process import execute

        if before:
            before()
        code = execute(run, do or (lambda emit: work(run, emit)))
        if after:
            after()
    finally:
        os._exit(code)


def exit_code(pid):
    """Wait for a forked process; its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def ended(pid):
    """Whether a forked process has ended, leaving it to be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def carried_out(run):
    """Carry out a run, new or resumed, to its end; its exit code."""
    return exit_code(forked(run))


def killed(run, rng, whole_s):
    """Carry out a run and kill -9 it at a random moment; two of three anywhere, one while a file is written.

    Returns where it was, or "" if it had ended before.
    """
    pid = forked(run)
    until = time.monotonic() + rng.uniform(0, 1.05 * whole_s)
    writing = rng.random() < 1 / 3
    pause = threading.Event()
    while time.monotonic() < until and not ended(pid):
        pause.wait(0.002)
    while writing and not ended(pid) and not list(run.path.glob(".part-*")):
        pass
    os.kill(pid, signal.SIGKILL)
    if exit_code(pid) != -signal.SIGKILL or not wait(run, 10):
        return ""
    state = state_of(run)
    return "" if state.status == "done" else state.stage or state.status


def content(run):
    """Everything that must be equal: files by their bytes, the history and the result's figures."""
    events = [event for event in read(run.events_path).events if event["kind"] == "epoch"]
    history = {event["epoch"]: [event[name] for name in HISTORY] for event in events}
    document = json.loads(run.result_path.read_bytes())
    files = {name: (run.path / name).read_bytes() for name in FILES if (run.path / name).exists()}
    return (
        files | {"history": history} | {name: document[name] for name in ("metrics", "benchmark", "forecast")}
    )


def differences(one, other):
    """Names of what is not equal."""
    return [name for name in one if json.dumps(str(one[name])) != json.dumps(str(other.get(name)))]
