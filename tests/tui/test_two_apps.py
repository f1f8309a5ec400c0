"""Two apps on one home: each sees what the other does to the runs, whenever it does so, and goes on."""

import threading

from engine.runs.home import Home
from engine.runs.notes import rename, write_note
from engine.runs.summary import summaries
from tests.tui.app.recorded import STATES, record
from tui.runs.watch import Watch

RUNS = 24


def test_what_one_deletes_renames_and_makes_the_other_sees(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home, ended, faults = Home(tmp_path / "home"), threading.Event(), []
    runs = [record(home, f"0c1d00{number:02}", STATES["done"][0]) for number in range(RUNS)]
    watches = [Watch(Home(home.path), lambda: None) for _ in range(2)]

    def look(watch):
        while not ended.is_set():
            try:
                watch.poll()
                watch.keep_summaries()
                summaries(watch.home)
            except Exception as error:  # noqa: BLE001  its thread would end, and the app stand still
                faults.append(repr(error))

    threads = [threading.Thread(target=look, args=(watch,)) for watch in watches]
    for thread in threads:
        thread.start()
    for number, run in enumerate(runs):
        if number % 3 == 0:
            home.delete(run)
        elif number % 3 == 1:
            rename(run, f"renamed {number}")
            write_note(run, "seen by both")
        else:
            record(home, f"0c1e00{number:02}", STATES["failed"][0])
    ended.set()
    for thread in threads:
        thread.join()
    assert faults == []
    for watch in watches:
        watch.poll()
    one, other = ([(each.id, each.name, each.note) for each in watch.snapshot.runs] for watch in watches)
    assert one == other
    assert len(one) == RUNS
    assert sum(name.startswith("renamed") for _, name, _ in one) == RUNS // 3
