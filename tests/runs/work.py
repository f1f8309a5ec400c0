"""Small works that real processes carry out: `python work.py NAME RUN_FOLDER`."""

import faulthandler
import os
import resource
import signal
import sys
import threading
from pathlib import Path

from engine.errors import ChangeSettings, Problem, SettingsError, StopAsked
from engine.runs.folder import RunFolder
from engine.runs.process import carry_out

pause = threading.Event().wait


def quick(tell):
    tell({"kind": "stage", "stage": "collect", "state": "begin"})
    tell({"kind": "stage", "stage": "collect", "state": "end", "seconds": 0.5})
    return {"metrics": {"sharpe": float("nan"), "trades": 3}}


def endless(tell):
    epoch = 0
    while True:
        epoch += 1
        tell({"kind": "epoch", "epoch": epoch, "epochs": 10**6, "loss": 1 / epoch})
        pause(0.002)


def patient(tell):
    tell({"kind": "note", "level": "info", "text": "waiting"})
    while True:
        tell({"kind": "alive"})
        pause(0.005)


def silent(tell):
    tell({"kind": "note", "level": "info", "text": "silent"})
    pause(60)


def saving(tell):
    try:
        endless(tell)
    except StopAsked:
        tell({"kind": "note", "level": "info", "text": "checkpoint saved"})
        raise


def swallowing(tell):
    for epoch in range(10**6):
        try:
            tell({"kind": "epoch", "epoch": epoch, "epochs": 10**6})
        except StopAsked:
            tell({"kind": "note", "level": "info", "text": "swallowed"})
        tell({"kind": "alive"})
        pause(0.002)


def flood(tell):
    for epoch in range(1, 4001):
        tell({"kind": "epoch", "epoch": epoch, "epochs": 4000, "filling": "x" * (epoch % 700)})
    return {}


def wrong_settings(tell):
    raise SettingsError("settings.toml", [Problem("training.epochs", "0", "must be at least 1")])


def wrong_run(tell):
    raise ChangeSettings("model", "has other features", "Train again")


def broken(tell):
    secret = "hunter2"  # noqa: F841
    raise ValueError("no such column\nand more")


def memory(tell):
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
    return {"content": len(bytearray(2**32))}


def group(tell):
    try:
        patient(tell)
    except StopAsked as stop:
        raise ExceptionGroup("tasks", [ValueError("cancelled on the way"), stop]) from None


def segfault(tell):
    faulthandler._sigsegv()


def suicide(tell):
    tell({"kind": "stage", "stage": "fit", "state": "begin"})
    print("about to fit", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def little_room(tell):
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
    endless(tell)


def no_room_for_result(tell):
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
    return {"equity": ["10000.0"] * 6000}


if __name__ == "__main__":
    sys.exit(carry_out(RunFolder(Path(sys.argv[2])), globals()[sys.argv[1]], heartbeat_s=0.05))
