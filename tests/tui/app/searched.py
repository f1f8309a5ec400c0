"""A search as an engine would have left it, at work or done: fixed trials, fixed luck, no training."""

import json
import math
from dataclasses import replace

from engine.results.codec import to_json
from engine.results.nested import SPANS, NestedResult, SearchedSpan
from engine.results.notes import Note
from engine.results.search import Luck, SearchResult, SearchTrial, best_first, verdict
from tests.tui.app.recorded import event, record, stage, started

OF = 41  # trials, the settings as they are among them
LUCK = Luck(
    days=310, trials=38, pruned=6, sharpe=1.31, expected_best_sharpe=1.86, deflated_sharpe=0.2213,
    overfitting=0.42, reality_check=0.34, spa=0.28, reality_check_default=0.31, spa_default=0.22,
    reality_check_hold=0.62, spa_hold=0.58, low_sharpe=-1.2, median_sharpe=0.21, high_sharpe=1.27,
    neighbours=5, neighbour_loss=0.0123,
)  # fmt: skip
IMPORTANCE = {"training.learning_rate": 0.61, "window.lookback": 0.27, "model.kind": 0.12}
SPACE = [
    "window.lookback = {low = 2, high = 64, log = true}", 'model.kind = ["mlp", "lstm", "ridge"]',
    'model.units = {low = 4, high = 32, when = {"model.kind" = ["mlp", "lstm"]}}',
    "training.learning_rate = {low = 0.001, high = 0.1, log = true}",
    "signal.entry_threshold = {low = 0.0001, high = 0.01, log = true}",
]  # fmt: skip
SETTINGS = {"data": {"exchange": "demo"}, "search": {"space": SPACE, "trials": OF - 1}}


def trial(number, objectives=("ic",)):
    """Trial 0 is the settings as they are; some are pruned, one has failed."""
    wave = math.sin(1.7 * number)
    kind = ("mlp", "lstm", "ridge")[number % 3]
    drawn = {
        "window.lookback": 2 + (7 * number) % 62, "model.kind": kind,
        "training.learning_rate": 10 ** (-3 + (number % 13) / 6.5),
        **({} if kind == "ridge" else {"model.units": 4 + (5 * number) % 28}),
        "signal.entry_threshold": 10 ** (-4 + (number % 7) / 3.5),
    }  # fmt: skip
    whole = SearchTrial(
        number, "complete", dict.fromkeys(objectives, 0.02 + 0.03 * wave + 0.0004 * number),
        drawn if number else {}, 200, 12, 0.3 + wave, 0.1 * wave,
    )  # fmt: skip
    nothing = replace(
        whole, objectives=dict.fromkeys(objectives, math.nan), sharpe=math.nan, total_return=math.nan
    )
    if number == 11:
        return replace(nothing, state="failed", epochs=0, reason="window.lookback: is too long for a fold")
    pruned = number % 5 == 4
    return (
        replace(nothing, state="pruned", epochs=3, reason="behind the others on validation")
        if pruned
        else whole
    )


def trial_event(number, done, objectives=("ic",)):
    """A trial as an event of the log."""
    return event("trial", trial=to_json(trial(number, objectives)), done=done, of=OF)


def so_far(trials):
    best = best_first(trials, next(iter(trials[0].objectives)))[0]
    return event("search", winner=best.number, luck=to_json(LUCK), importance=IMPORTANCE)


def at_work(count, objectives=("ic",)):
    """The log of a search that has carried out so many trials."""
    begun = [*started("search"), *stage("collect", 2.1), event("stage", stage="trials", state="begin")]
    trials = [trial_event(number, number + 1, objectives) for number in range(count)]
    return [
        *begun,
        *trials,
        *([so_far([trial(number, objectives) for number in range(count)])] if count > 8 else []),
    ]


def live(home, run_id="5ea10001", count=24, objectives=("ic",)):
    return record(home, run_id, at_work(count, objectives), "hours", mode="search", settings=SETTINGS)


def done(home, run_id="5ea10002", winner_run="", objectives=("ic",)):
    """A search that has ended, with its result."""
    events = [*at_work(OF, objectives), event("done")]
    run = record(home, run_id, events, "hours", mode="search", settings=SETTINGS, created="11:00")
    trials = tuple(trial(number, objectives) for number in range(OF))
    states = [each.state for each in trials]
    counts = (states.count(name) for name in ("complete", "pruned", "failed"))
    winner = best_first(trials, objectives[0])[0]
    result = SearchResult(
        run_id, True, "tpe", tuple(objectives), *counts,
        winner.number, winner_run or "0b0b0b0b", "2026-05-01T00:00:00Z", winner.drawn, LUCK, IMPORTANCE, (),
        trials, tuple(verdict(LUCK)),
    )  # fmt: skip
    run.result_path.write_text(json.dumps(to_json(result)))
    return run


def through_time(home, run_id="5ea10009", spans=3, *, ended=True):
    """A search through time whose spans are all traded, or whose first one is searched."""
    searches = {number: f"5ea1000{number}" for number in range(1, spans + 1)}
    events = [*started("nested"), *stage("collect", 2.1), event("stage", stage="trials", state="begin")]
    run = record(home, run_id, [*events, *([event("done")] if ended else [])], "years", mode="nested",
                 settings=SETTINGS, created="12:00")  # fmt: skip
    (run.path / SPANS).write_text(json.dumps(searches))
    for name in searches.values() if ended else [searches[1]]:
        done(home, name)
    if ended:
        result = NestedResult(
            run_id, True, "2026-01-01T00:00:00Z", "2026-04-30T23:00:00Z", 120, 0.42, -0.9, 1.7, 0.031, 0.08,
            0.6, 0.052, 0.11, 1.62, tuple(span(number, name) for number, name in searches.items()),
            (Note("out of sample", {"spans": spans}),),
        )  # fmt: skip
        run.result_path.write_text(json.dumps(to_json(result)))
    return run


def span(number, search):
    found = trial(number + 20)
    return SearchedSpan(
        number, f"2026-0{number}-01T00:00:00Z", f"2026-0{number}-30T23:00:00Z", search, f"0b0b000{number}",
        found.number, 1.6, 0.31, 0.3 * number, 0.01 * number, 0.02, 12 * number, found.drawn,
    )  # fmt: skip
