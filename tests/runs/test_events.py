"""The log: one writer, whole lines, torn pieces counted, damage found."""

import datetime as dt
import json
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MakeRoomError, RepairDataError
from engine.results.codec import plain
from engine.runs.events import EventLog, clock, read, stamp
from engine.runs.log_entries import Epoch
from engine.runs.state import Follower
from tests.runs.engines import finish, start

NOW = dt.datetime(2026, 11, 22, 18, 4, 5, 123_456, dt.UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def numbers(events):
    return [event["number"] for event in events if event["kind"] == "number"]


def write(path, *tellings):
    with EventLog(path) as log:
        for number in tellings:
            log.emit({"kind": "number", "number": number})


def test_an_event_is_one_line_with_version_number_time_and_kind(path):
    with EventLog(path, now=lambda: NOW) as log:
        log.emit({"kind": "note", "level": "info", "text": "two\nlines, \x1b[31m and …"})
    assert path.read_bytes().count(b"\n") == 1
    (event,) = read(path).events
    assert event == {
        "v": 1, "seq": 1, "at": "2026-11-22T18:04:05.123Z",
        "kind": "note", "level": "info", "text": "two\nlines, \x1b[31m and …",
    }  # fmt: skip
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_log_is_an_empty_log(path):
    assert read(path) == read(path, 0)
    assert read(path).events == []


def test_a_reader_goes_on_where_it_was(path):
    write(path, 1, 2)
    first = read(path)
    assert read(path, first.offset).events == []
    write(path, 3)
    then = read(path, first.offset)
    assert numbers(then.events) == [3]
    assert then.events[0]["seq"] == 3
    assert then.offset == path.stat().st_size


def test_figures_that_json_cannot_hold_become_null(path):
    class Scalar:
        def tolist(self):
            return float("inf")

    with EventLog(path) as log:
        log.emit({"kind": "epoch", "loss": float("nan"), "deep": [{"a": -float("inf")}], "scalar": Scalar()})
    (event,) = read(path).events
    assert (event["loss"], event["deep"], event["scalar"]) == (None, [{"a": None}], None)


def test_plain_keeps_what_json_knows_and_words_the_rest():
    value = {"a": (1, 2.5, None, True, "x"), 3: {7}, "path": Path("/tmp/a")}
    assert plain(value) == {"a": [1, 2.5, None, True, "x"], "3": [7], "path": "/tmp/a"}


def test_progress_is_kept_to_four_a_second_and_series(path):
    time = NOW

    def now():
        return time

    with EventLog(path, now) as log:
        for step in range(100):
            time = NOW + dt.timedelta(milliseconds=10 * step)
            log.emit({"kind": "batch", "batch": step})
            for series in ("spot", "funding"):
                log.emit({"kind": "source", "series": series, "state": "page", "page": step})
            log.emit({"kind": "alive"})
        log.emit({"kind": "source", "series": "spot", "state": "end"})
        log.emit({"kind": "epoch", "epoch": 1})
    events = read(path).events
    assert [event["batch"] for event in events if event["kind"] == "batch"] == [0, 25, 50, 75]
    pages = [(event["series"], event["page"]) for event in events if event.get("state") == "page"]
    assert pages == [(name, page) for page in (0, 25, 50, 75) for name in ("spot", "funding")]
    assert [event["kind"] for event in events[-2:]] == ["source", "epoch"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_a_clock_that_is_set_back_does_not_silence_progress(path):
    times = iter([NOW, NOW - dt.timedelta(hours=1)])
    with EventLog(path, lambda: next(times)) as log:
        log.emit({"kind": "batch", "batch": 1})
        log.emit({"kind": "batch", "batch": 2})
    assert [event["batch"] for event in read(path).events] == [1, 2]


def test_threads_share_one_log(path):
    with EventLog(path) as log:

        def tell_many(first):
            for number in range(first, first + 200):
                log.emit({"kind": "number", "number": number})

        threads = [threading.Thread(target=tell_many, args=(first,)) for first in (0, 1000, 2000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    events = read(path).events
    assert [event["seq"] for event in events] == list(range(1, 601))
    assert {number // 1000 for number in numbers(events)} == {0, 1, 2}


def test_a_torn_last_line_waits_and_is_counted_once_somebody_writes_on(path):
    write(path, 1, 2, 3)
    path.write_bytes(path.read_bytes()[:-10])
    tail = read(path)
    assert numbers(tail.events) == [1, 2]
    assert (tail.torn, tail.rest > 0) == (0, True)
    write(path, 4, 5)
    tail = read(path)
    assert numbers(tail.events) == [1, 2, 4, 5]
    assert [event["seq"] for event in tail.events] == [1, 2, 3, 4]
    assert (tail.torn, tail.rest) == (1, 0)


def test_a_line_that_lacks_only_its_end_is_not_lost(path):
    write(path, 1)
    path.write_bytes(path.read_bytes()[:-1])
    assert read(path).events == []
    write(path, 2)
    tail = read(path)
    assert (numbers(tail.events), tail.torn) == ([1, 2], 0)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 400)), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_whatever_killed_writers_leave_the_whole_events_stay(rounds):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        number, expected = 0, []
        for count, cut in rounds:
            before = path.stat().st_size if path.exists() else 0
            write(path, *range(number, number + count))
            number += count
            content = path.read_bytes()
            path.write_bytes(content[: max(before, len(content) - cut)])  # a killed writer leaves a prefix
            expected = numbers(read(path).events)
        write(path, -1)
        tail = read(path)
        assert numbers(tail.events)[: len(expected)] == expected
        assert numbers(tail.events)[-1] == -1
        assert tail.torn <= len(rounds)
        assert tail.rest == 0
        assert [event["seq"] for event in tail.events] == list(range(1, len(tail.events) + 1))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_broken_middle_line_is_an_error_wherever_it_stands(data):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        write(path, *range(6))
        lines = path.read_bytes().splitlines(keepends=True)
        broken = data.draw(st.integers(0, 4))
        cut = data.draw(st.integers(1, len(lines[broken]) - 2))
        lines[broken] = lines[broken][:cut] + b"\n"
        path.write_bytes(b"".join(lines))
        with pytest.raises(RepairDataError, match="line before event"):
            read(path)


def test_a_writer_does_not_vouch_for_damage_that_is_not_at_the_end(path):
    write(path, 1, 2, 3)
    path.write_bytes(path.read_bytes().replace(b'"number":2', b'"number":\xff'))
    write(path, 4)
    with pytest.raises(RepairDataError, match="line before event 3 is broken"):
        read(path)


@pytest.mark.parametrize(
    "line", ["[]", "7", "{}", "[" * 100_000, "\x00",
             '{"v":1,"seq":"2","at":"2026-11-22T18:04:05Z","kind":"x"}',
             '{"v":1,"seq":2,"at":"2026-11-22","kind":"x"}', '{"v":1,"seq":2,"at":"then","kind":"x"}'],
)  # fmt: skip
def test_a_line_that_is_no_event_is_a_broken_line(path, line):
    write(path, 1, 2)
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{line}\n{second}\n")
    with pytest.raises(RepairDataError, match="broken"):
        read(path)


def test_another_format_and_a_shortened_log_are_refused(path):
    write(path, 1)
    with pytest.raises(RepairDataError, match="shorter"):
        read(path, 10_000)
    event = json.loads(path.read_text())
    path.write_text(json.dumps(event | {"v": 2}) + "\n")
    with pytest.raises(RepairDataError, match="has format 2, not 1"):
        read(path)


def test_a_folder_that_is_gone_is_told_as_such(path):
    with pytest.raises(MakeRoomError, match="No such file"):
        EventLog(path.parent / "gone" / "events.jsonl")


def test_a_closed_log_refuses(path):
    log = EventLog(path)
    log.close()
    with pytest.raises(MakeRoomError):
        log.emit({"kind": "number", "number": 1})


def test_whether_a_process_started_before_is_known(path):
    with EventLog(path) as log:
        assert not log.resumed
        log.emit({"kind": "note", "text": '"kind":"started"'})
    with EventLog(path) as log:
        assert not log.resumed
        log.emit({"kind": "started"})
    with EventLog(path) as log:
        assert log.resumed


def test_readers_see_every_event_once_while_a_process_writes(run):
    engine = start("flood", run)
    follower = Follower(run)
    seen = []
    while engine.poll() is None:
        seen += follower.poll()
    seen += follower.poll()
    assert finish(engine)[0] == 0
    assert [entry.seq for entry in seen] == list(range(1, len(seen) + 1))
    assert len([entry for entry in seen if isinstance(entry, Epoch)]) == 4000
    assert follower.state.status == "done"
    assert len(follower.state.history) == 4000
    assert follower.state.torn == 0


def test_stamps_are_utc_with_milliseconds():
    assert stamp(NOW.astimezone(dt.timezone(dt.timedelta(hours=9)))) == "2026-11-22T18:04:05.123Z"
    assert clock().tzinfo is dt.UTC
