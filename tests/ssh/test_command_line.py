"""The line drops while a training is followed: the run goes on, and is there at the next log-in."""

import json
import os
import re
import signal

from engine.runs.folder import Home
from engine.runs.launch import wait
from engine.runs.state import state_of
from tests.ssh.conftest import PATIENCE_S

TRAIN = (
    "quantdeck --home {home} run -s data.exchange=demo -s data.start=2025-06-01 -s data.end=2026-01-01 "
    "-s training.epochs=40 -s training.patience=40 -s model.units=[8] -s window.lookback=16"
)


def epochs(text):
    return [int(number) for number in re.findall(r"epoch\s+(\d+)/40", text)]


def test_a_killed_ssh_client_does_not_end_the_run(server, screen, tmp_path):
    home = Home(tmp_path / "home")
    first = screen(server.command(TRAIN.format(home=home.path), terminal=True), columns=120)
    text = first.wait_for(epochs)
    seen = max(epochs(text))
    os.kill(first.pid(), signal.SIGKILL)
    (run,) = home.all()
    follow = f"quantdeck --home {home.path} runs follow last; sleep {PATIENCE_S}"
    again = screen(server.command(follow, terminal=True), columns=120)
    again.wait_for(lambda text: any(epoch > seen for epoch in epochs(text)) or "Final Portfolio" in text)
    assert wait(run, 240)
    assert state_of(run).status == "done"
    done = server.run(f"quantdeck --home {home.path} runs show last --json")
    shown = json.loads(done.stdout)
    assert shown["state"] == "done"
    assert len(shown["history"]) == 40
