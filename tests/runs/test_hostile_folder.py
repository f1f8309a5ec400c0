"""A run folder that somebody else has filled holds nobody up: the list tells it, and the others beside it."""

import os

import pytest

from engine.runs.notes import note_of
from engine.runs.summary import FILES, summaries
from engine.settings import make

UPDATE = make({"data": {"symbol": "BTC/USDT"}})
HEAD = b'{"v":1,"seq":1,"at":"2026-01-01T00:00:00.000Z","kind":'
LINES = {
    "lists within lists": HEAD + b'"note","values":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "infinite": HEAD + b'"batch","epoch":1,"loss":1e999,"left_s":-1e999}\n',
    "many digits": HEAD + b'"batch","epoch":' + b"9" * 5000 + b"}\n",
    "many digits of a loss": HEAD + b'"epoch","epoch":1,"loss":' + b"9" * 400 + b"}\n",
    "a process that is none": HEAD + b'"waiting","pid":-1,"before":-5}\n',
    "half a letter": HEAD + b'"note","level":"info","text":"\\ud800"}\n',
    "a class that is none": HEAD + b'"failed","error":{"class":"__import__","thing":5}}\n',
    "problems that are none": HEAD + b'"failed","error":{"class":"InternalError","problems":[[[]],5]}}\n',
    "a problem": HEAD + b'"failed","error":{"class":"SettingsError","problems":5}}\n',
    "another year": HEAD.replace(b"2026", b"0001") + b'"heartbeat"}\n',
}
PUT = {
    "pipe": os.mkfifo,
    "zeros without end": lambda path: path.symlink_to("/dev/zero"),
    "folder": lambda path: path.mkdir(),
    "link to itself": lambda path: path.symlink_to(path.name),
}


@pytest.fixture
def two(home):
    """A run that is left alone, and one of which files are replaced."""
    return home.create("update", UPDATE), home.create("update", UPDATE)


@pytest.mark.parametrize("name", [*FILES, "note.txt", "audit.json"])
@pytest.mark.parametrize("kind", PUT)
def test_what_is_no_file_is_not_waited_for(home, two, name, kind):
    sound, other = two
    (other.path / name).unlink(missing_ok=True)
    PUT[kind](other.path / name)
    assert sound.id in [run.id for run, _ in summaries(home)]
    assert note_of(other) == ""


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_a_log_spoils_no_list(home, two, line):
    sound, other = two
    other.events_path.write_bytes(LINES[line])
    assert {run.id for run, _ in summaries(home)} == {sound.id, other.id}
