"""Progress that a later line supersedes is passed over: a log comes to the same, and damage is found."""

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RepairDataError
from engine.runs import events
from engine.runs.events import EventLog, read
from engine.runs.log_entries import entry_of
from engine.runs.state import State, replay

CASES = settings(max_examples=60)
NOW = dt.datetime(2026, 2, 27, 23, 59, 58, tzinfo=dt.UTC)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**18), 10**18)
WHOLE = st.integers(0, 10**6)
BATCH = st.fixed_dictionaries(
    {
        "kind": st.just("batch"), "epoch": WHOLE, "epochs": WHOLE, "batch": WHOLE, "batches": WHOLE,
        "loss": NUMBERS, "sequences_per_s": NUMBERS, "left_s": NUMBERS,
    }
)  # fmt: skip
HEARTBEAT = st.fixed_dictionaries({"kind": st.just("heartbeat"), "cpu": NUMBERS, "memory_mb": NUMBERS})
OTHER = st.sampled_from(
    [
        {"kind": "epoch", "epoch": 3, "epochs": 9, "loss": 0.5},
        {"kind": "stage", "stage": "fit", "state": "begin"},
        {"kind": "note", "level": "info", "text": '"kind":"batch"'},
        {"kind": "stopping"},
        {"kind": "new", "deep": [{"kind": "batch"}]},
    ]
)
TORN = {"torn": b'{"v":1,"seq":', "torn epoch": b'{"v":1,"seq":3,"at":"2026-02","kind":"epoch","epoch":1'}
STORIES = st.lists(BATCH | HEARTBEAT | OTHER | st.sampled_from([*TORN]), max_size=30)


def written(story, path):
    """A log of these events, some days long; a name of TORN is a line that a killed writer left."""
    path.write_bytes(b"")
    times = (NOW + dt.timedelta(hours=hours) for hours in range(100))
    for event in story:
        if isinstance(event, str):
            path.write_bytes(path.read_bytes() + TORN[event])
            continue
        with EventLog(path, lambda: next(times)) as log:
            log.emit(event)


def progress(path, *, superseded):
    """What a log comes to: its state, and all of the tail but the events; or what is wrong with it."""
    try:
        tail = read(path, superseded=superseded)
        entries = [entry_of(event, "the log") for event in tail.events]
    except RepairDataError as error:
        return error.reason
    return replay(State(), entries), tail.offset, tail.torn, tail.rest


@CASES
@given(story=STORIES)
def test_a_log_comes_to_the_same_without_progress_that_was_superseded(story, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "story.jsonl"
    written(story, path)
    assert progress(path, superseded=False) == progress(path, superseded=True)


@settings(max_examples=300)
@given(at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans())
def test_a_byte_that_is_another_is_found_as_before(at, byte, cut, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "damaged.jsonl"
    batch = {"kind": "batch", "epoch": 1, "epochs": 9, "batch": 4, "batches": 40, "loss": 0.25,
             "sequences_per_s": 1234.5, "left_s": None}  # fmt: skip
    written([{"kind": "stage", "stage": "fit", "state": "begin"}, *[batch] * 5], path)
    content = path.read_bytes()
    place = int(at * len(content))
    path.write_bytes(content[:place] + (b"" if cut else bytes([byte])) + content[place + 1 :])
    assert progress(path, superseded=False) == progress(path, superseded=True)


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-01-01"])
def test_a_day_that_is_none_is_no_time(day, tmp_path):
    path = tmp_path / "events.jsonl"
    line = f'{{"v":1,"seq":1,"at":"{day}T00:00:00.000Z","kind":"heartbeat","cpu":1.0,"memory_mb":2.0}}\n'
    path.write_text(line * 3)
    assert read(path, superseded=False).events == []


@pytest.mark.parametrize("before", [0, 1999])
def test_a_long_log_is_mostly_passed_over(tmp_path, monkeypatch, before):
    path = tmp_path / "events.jsonl"
    batch = {
        "epoch": 1,
        "epochs": 9,
        "batch": 4,
        "batches": 40,
        "loss": 0.25,
        "sequences_per_s": 1234.5,
        "left_s": 9.0,
    }
    head = '{{"v":1,"seq":{},"at":"2026-11-22T18:04:05.123Z","kind":"batch",'
    body = json.dumps(batch, separators=(",", ":"))[1:]
    epoch = '{"v":1,"seq":1,"at":"2026-11-22T18:04:05.123Z","kind":"epoch","epoch":1,"epochs":9,"loss":0.5}\n'
    batches = [head.format(seq) + body + "\n" for seq in range(2, 2001)]
    path.write_text("".join([*batches[:before], epoch, *batches[before:]]))
    read_lines = []
    parsed = events.parsed
    monkeypatch.setattr(events, "parsed", lambda line: read_lines.append(line) or parsed(line))
    assert read(path, superseded=False).events[-1]["seq"] == (1 if before else 2000)
    assert len(read_lines) == 4  # the epoch twice
