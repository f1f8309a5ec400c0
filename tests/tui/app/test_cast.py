"""A replay as an asciicast: of the format's form, in order, and with the run in it from beginning to end."""

import json

from tests.tui.app.recorded import STATES, record


def test_a_replay_is_recorded_as_an_asciicast(deck):
    record(deck.home, "3f2a0001", STATES["done"][0])
    (deck.folder / "taken.cast").write_text("mine")
    deck("runs", "replay", "last", "--speed", "100", "--cast", "taken.cast", code=2)
    document = deck.json("runs", "replay", "last", "--speed", "100", "--cast", "run.cast")
    lines = (deck.folder / "run.cast").read_text().splitlines()
    head, *pieces = map(json.loads, lines)
    assert (head["version"], head["width"], head["height"]) == (2, 80, 24)
    assert document["path"].endswith("run.cast")
    times = [at for at, kind, _ in pieces]
    assert times == sorted(times)
    assert times[0] == 0
    assert {kind for _, kind, _ in pieces} == {"o"}
    text = "".join(piece for *_, piece in pieces)
    assert "\x1b[6n" not in text  # a question to the terminal is none to those who look at the recording
    assert text.index("[2 Train]") < text.index("done, early-stopped")
    assert "SIMULATED" in text
    assert (deck.folder / "taken.cast").read_text() == "mine"
