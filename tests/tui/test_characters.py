"""Plain characters: what stands for each, where they are chosen, and that nothing else is sent."""

import io
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.app.recorded import STATES, home_of_all, record
from tui.cli import main
from tui.terminal import characters
from tui.terminal.characters import CHARACTER_SET, plain, why_plain

DRAWN = st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs"))


@settings(max_examples=40)
@given(st.text(DRAWN))
def test_plain_text_is_ascii_and_as_wide(text):
    assert plain(text).isascii()
    assert "\x7f" not in plain(text)
    assert sum(map(cell_len, plain(text))) == sum(map(cell_len, text))


@given(st.lists(st.text(), max_size=5))
def test_a_stream_of_plain_characters_takes_any_text(pieces):
    sent = io.BytesIO()
    stream = io.TextIOWrapper(sent, encoding=CHARACTER_SET, newline="")
    stream.writelines(pieces)
    stream.flush()
    assert sent.getvalue() == plain("".join(pieces)).encode()


UTF, POOR = ("C.UTF-8", "en_US.UTF-8", "de_DE.utf8"), ("C", "POSIX", "de_DE.ISO-8859-1", "de_DE")
NAMES = st.sampled_from(["LC_ALL", "LC_CTYPE", "LANG"])


@given(NAMES, st.sampled_from(UTF + POOR), st.sampled_from(["xterm-256color", "screen", "tmux-256color", ""]))
def test_the_locale_decides_for_terminals_that_show_all(name, locale, terminal):
    given_at_start = {"TERM": terminal, name: locale}
    assert bool(why_plain(given_at_start, given_at_start)) == (locale in POOR)
    if name != "LC_ALL" and locale == "C":  # what Python makes of it
        assert why_plain(given_at_start | {"LC_CTYPE": "C.UTF-8"}, given_at_start)


@given(st.sampled_from(["dumb", "linux", "vt100", "vt220", "ansi"]), NAMES, st.sampled_from(UTF))
def test_a_terminal_that_shows_little_decides_for_every_locale(terminal, name, locale):
    assert terminal in why_plain({"TERM": terminal, name: locale}, {})


@pytest.mark.parametrize("shows", [True, False])
def test_tmux_is_asked(monkeypatch, shows):
    monkeypatch.setattr(characters, "tmux_shows_all", lambda: shows)
    surroundings = {"TERM": "screen", "LANG": "C.UTF-8", "TMUX": "/tmp/tmux-0/default,1,0"}
    assert bool(why_plain(surroundings, {})) == (not shows)


COMMANDS = [
    ["status"], ["--help"], ["runs", "list"], ["runs", "show", "last"], ["data", "status"], ["ledger"],
    ["doctor"], ["sweep", "--help"], ["runs", "show", "nöne"], ["run", "-s", "data.exchange=…"],
]  # fmt: skip


def test_no_command_sends_more_than_plain_characters(tmp_path, monkeypatch):
    home = home_of_all(tmp_path / "höme")
    record(home, "0c1d0006", STATES["training"][0], "näme…")
    monkeypatch.setenv(characters.ASCII, "")
    for command in COMMANDS:
        sent = io.BytesIO()
        for stream in ("stdout", "stderr"):
            monkeypatch.setattr(sys, stream, io.TextIOWrapper(sent, encoding="utf-8", write_through=True))
        main([*([] if command == ["status"] else command), "--ascii", "--home", str(home.path)])
        assert sent.getvalue()
        assert max(sent.getvalue()) <= 126, (command, sent.getvalue().decode())
