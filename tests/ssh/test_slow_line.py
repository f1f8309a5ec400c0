"""Over a line of 9,600 bit/s: what a stall leaves behind is small, and the present is shown, not the past.

The short form of `python -m soak.line`, which gives the seconds.
"""

import contextlib

import pytest

from soak.line import BEHIND, STALL_BYTES, Training, shown
from tests.ssh.conftest import until
from tests.ssh.relay import Relay
from tests.tui.app.recorded import home_of_all

EPOCHS = 40  # are told while the line stalls, more than it could have shown
BITS_PER_S, DELAY_S = 9_600, 0.15

pytestmark = pytest.mark.timeout(600)


def test_a_stalled_line_shows_the_present_for_few_bytes(server, screen, tmp_path):
    home = home_of_all(tmp_path / "home")
    relay = Relay(server.port, BITS_PER_S, DELAY_S)
    command = server.command(
        f"QUANTDECK_HOME={home.path} exec quantdeck", terminal=True,
        more=("-p", str(relay.port), "-o", "Compression=no"),
    )  # fmt: skip
    with Training(home, pace_s=0.2) as training, contextlib.closing(relay):
        deck = screen(command)
        until(lambda: shown(deck), "an epoch")
        relay.stall()
        before = training.epochs_sent
        deck.keys(*"jkjkjk")  # typed blind
        until(lambda: training.epochs_sent >= before + EPOCHS, "epochs enough")
        training.rest()
        sent = relay.sent
        relay.go_on()
        until(lambda: training.epochs_sent - shown(deck) <= BEHIND, lambda: f"the present, in {deck.text()}")
        assert relay.sent - sent <= STALL_BYTES
        deck.keys("4", "q")
        deck.wait_for("1 run goes on", training.run.id)
        until(deck.ended, "the end of the line")
