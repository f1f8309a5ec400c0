"""The plain text of a search: verdict before figures, the best trials first, what is not defined as n/a."""

import math
from dataclasses import fields

from engine.results.codec import from_json, to_json
from engine.results.notes import Note
from engine.results.search import Luck, SearchResult, SearchTrial
from engine.runs.folder import RunFolder
from tui.text.studies import study_summary

FACTS = {"sharpe": 1.5, "best": 2.0, "trials": 12, "days": 90, "probability": 0.2}


def luck(**known):
    whole = {"days": 90, "trials": 12, "pruned": 1, "neighbours": 5}
    return Luck(**{each.name: (whole | known).get(each.name, math.nan) for each in fields(Luck)})


def result(objective, values):
    trials = tuple(
        SearchTrial(number, "complete", {objective: value}, {"window.lookback": number}, 1, 3, math.nan, 0.1)
        for number, value in enumerate(values)
    )
    pruned = SearchTrial(
        len(values), "pruned", {objective: math.nan}, {}, 0, 1, math.nan, math.nan, "too low"
    )
    return SearchResult(
        "0a0a0a0a", True, "tpe", (objective,), len(values), 1, 0, 1, "0b0b0b0b", "2024-05-01T00:00:00Z",
        {"window.lookback": 1}, luck(), {"window.lookback": 1.0}, (), (*trials, pruned),
        (Note("winner may be luck", {**FACTS}), Note("bars filled", {"bars": 3})),
    )  # fmt: skip


def text_of(tmp_path, objective, values):
    return study_summary(RunFolder(tmp_path / "runs" / "0a0a0a0a"), result(objective, values)).splitlines()


def test_the_verdict_comes_before_the_figures_and_the_best_trials_first(tmp_path):
    lines = text_of(tmp_path, "ic", [0.01, 0.04, 0.03])
    assert lines[0].startswith("SIMULATED")
    assert lines[1] == "Trials: 3 complete, 1 pruned, drawn by tpe, judged by ic"
    verdict = next(place for place, line in enumerate(lines) if line.startswith("It may be luck"))
    odds = lines.index("odds of luck")
    assert verdict < odds
    assert "n/a" in next(line for line in lines if line.startswith("deflated Sharpe"))
    best = next(place for place, line in enumerate(lines) if line.startswith("best trials"))
    assert [line.split()[0] for line in lines[best + 1 : best + 4]] == ["1", "2", "0"]
    assert lines[-2].endswith("runs show 0b0b0b0b")
    assert lines[-1].startswith("note: 3 bars")


def test_the_least_drawdown_is_the_best(tmp_path):
    lines = text_of(tmp_path, "max_drawdown", [0.3, 0.1, 0.2])
    best = next(place for place, line in enumerate(lines) if line.startswith("best trials"))
    assert [line.split()[0] for line in lines[best + 1 : best + 4]] == ["1", "2", "0"]


def test_a_result_is_read_back_as_it_was_written():
    written = to_json(result("ic", [0.01, 0.02]))
    assert to_json(from_json(SearchResult, written, "result.json")) == written
