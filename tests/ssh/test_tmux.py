"""tmux on the host, as most people work: 80×23 is whole on every screen, and outlives what kills a login."""

import os
import signal
import subprocess
import uuid

import pytest

from soak.line import Training, shown
from tests.ssh.conftest import until
from tests.tui.app.recorded import home_of_all
from tui.screens import SCREENS

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def inside(server, screen, tmp_path):
    """Logs in, and into one tmux there."""
    home, name = home_of_all(tmp_path / "home"), f"quantdeck-{uuid.uuid4().hex[:8]}"
    tmux = f"tmux -L {name} -f /dev/null -u new-session -A -s work 'QUANTDECK_HOME={home.path} quantdeck'"
    with Training(home):
        yield lambda **size: screen(server.command(f"env -u TMUX {tmux}", terminal=True), **size)
        subprocess.run(["tmux", "-L", name, "kill-server"], capture_output=True, check=False)


def whole(deck, label, rows):
    """Wait until a screen stands whole above tmux's status line."""

    def seen(text):
        lines = text.split("\n")[: rows - 1]
        return label in lines[0] and "q leave" in lines[-1] and "needed" not in text

    return deck.until(seen)


def test_every_screen_is_whole_and_a_second_login_of_another_size_sees_the_same(inside):
    first = inside()
    until(lambda: shown(first), lambda: f"an epoch in {first.text()}")
    for entry in (*SCREENS.values(), SCREENS["train"]):
        first.keys(entry.key)
        whole(first, f"[{entry.key} {entry.label}]", 24)
    os.kill(first.pid(), signal.SIGKILL)
    second = inside(columns=120, rows=40)
    whole(second, "[2 Train]", 40)
    seen = shown(second)
    third = inside(columns=60, rows=17)
    whole(third, "[2 Train]", 17)
    until(lambda: shown(third) > seen, "the next epoch")
