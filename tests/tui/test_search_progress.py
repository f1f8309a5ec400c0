"""A search at work, as screens tell it: from the notes of its log alone."""

from dataclasses import replace

import pytest

from engine.runs.log_entries import LogNote
from engine.runs.state import State
from tui.runs import status
from tui.runs.search import progress_of
from tui.screens.train.search import trials
from tui.widgets.lines import plain, width_of

WIDTHS = (60, 80, 120)


def note(trial, second, done, value=None, best=None):
    told = {"trial": trial, "of": 9, "done": done}
    if value is None:
        code, told = "trial ended", told | {"state": "pruned", "why": "below the median of earlier trials"}
    else:
        code = "trial done"
        told |= {
            "objective": "ic",
            "value": value,
            "objectives": f"ic {value:+.4f}",
            "drawn": "model.kind mlp",
        }
        told |= {"best": best[0], "best_trial": best[1]}
    return LogNote(seq=trial, at=f"2024-05-01T12:00:{second:02d}.000Z", code=code, values=told)


SEARCH = State(
    status="training", mode="search",
    notes=(note(0, 10, 1, 0.01, (0.01, 0)), note(2, 20, 2, 0.05, (0.05, 2)), note(1, 30, 3),
           note(3, 40, 4, 0.03, (0.05, 2))),
)  # fmt: skip


def test_done_best_and_time_left_come_from_the_notes():
    found = progress_of(SEARCH)
    assert (found.done, found.of, found.best, found.best_trial) == (4, 10, 0.05, 2)
    assert found.left_s == pytest.approx(60.0)
    assert status.progress(SEARCH) == "trial 4/10 · 1 m 0 s left"
    assert progress_of(State()) is None
    assert trials(State(), 80, 10, ascii=True) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_panel_fits_and_shows_the_latest_first(width):
    lines = trials(SEARCH, width, 5, ascii=True)
    text = [plain(line) for line in lines]
    assert len(lines) == 5
    assert all(width_of(line) <= width for line in lines)
    assert "4/10" in text[0]
    assert [line.split()[0] for line in text[2:]] == ["3", "1", "2"]
    assert "pruned: below the median" in text[3]
    assert "best ic +0.0500, trial 2" in text[0]


def test_a_search_that_has_ended_tells_no_time_left():
    ended = replace(SEARCH, status="stopped", ended_at="2024-05-01T13:00:00.000Z")
    assert "left" not in plain(trials(ended, 80, 10, ascii=True)[0])
    assert status.progress(ended) == ""
