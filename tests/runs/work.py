"""Small works that real processes carry out: `python work.py NAME RUN_FOLDER`."""

import faulthandler
import hashlib
import os
import re
import resource
import signal
import sys
import threading
from pathlib import Path

from engine.errors import ChangeSettingsError, Problem, SettingsError, StopRequestedError
from engine.runs.folder import RunFolder
from engine.runs.process import execute

pause = threading.Event().wait


def quick(emit):
    emit({"kind": "stage", "stage": "collect", "state": "begin"})
    emit({"kind": "stage", "stage": "collect", "state": "end", "seconds": 0.5})
    return {"metrics": {"sharpe": float("nan"), "trades": 3}}


def endless(emit):
    epoch = 0
    while True:
        epoch += 1
        emit({"kind": "epoch", "epoch": epoch, "epochs": 10**6, "loss": 1 / epoch})
        pause(0.002)


def patient(emit):
    emit({"kind": "note", "level": "info", "text": "waiting"})
    while True:
        emit({"kind": "alive"})
        pause(0.005)


def silent(emit):
    emit({"kind": "note", "level": "info", "text": "silent"})
    pause(60)


def saving(emit):
    try:
        endless(emit)
    except StopRequestedError:
        emit({"kind": "note", "level": "info", "text": "checkpoint saved"})
        raise


def swallowing(emit):
    try:
        endless(emit)
    except StopRequestedError:
        emit({"kind": "note", "level": "info", "text": "swallowed"})
    while True:
        emit({"kind": "alive"})
        pause(0.002)


def flood(emit):
    for epoch in range(1, 4001):
        emit({"kind": "epoch", "epoch": epoch, "epochs": 4000, "filling": "x" * (epoch % 700)})
    return {}


def wrong_settings(emit):
    raise SettingsError("settings.toml", [Problem("training.epochs", "0", "must be at least 1")])


def wrong_run(emit):
    raise ChangeSettingsError("model", "has other features", "Train again")


def broken(emit):
    secret = "hunter2"  # noqa: F841
    raise ValueError("no such column\nand more")


def memory(emit):
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
    return {"content": len(bytearray(2**32))}


def group(emit):
    try:
        patient(emit)
    except StopRequestedError as stop:
        raise ExceptionGroup("tasks", [ValueError("cancelled on the way"), stop]) from None


def deaf(emit):
    emit({"kind": "stage", "stage": "features", "state": "begin"})
    print("deaf from here", flush=True)
    while True:
        pass


def deaf_in_compiled_code(emit):
    emit({"kind": "stage", "stage": "features", "state": "begin"})
    print("deaf from here", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)


def deaf_with_the_interpreter_held(emit):
    emit({"kind": "stage", "stage": "features", "state": "begin"})
    print("deaf from here", flush=True)
    re.fullmatch("(a|aa)+b", "a" * 200)


def segfault(emit):
    faulthandler._sigsegv()


def suicide(emit):
    emit({"kind": "stage", "stage": "fit", "state": "begin"})
    print("about to fit", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def little_room(emit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
    endless(emit)


def no_room_for_result(emit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
    return {"equity": ["10000.0"] * 6000}


if __name__ == "__main__":
    sys.exit(execute(RunFolder(Path(sys.argv[2])), globals()[sys.argv[1]], heartbeat_s=0.05))
