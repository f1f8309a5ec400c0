"""Which run's backtest is to be shown, and what is said where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.runs.modes import training, with_backtest
from tui.runs import status as run_status
from tui.screens.dialogs import wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.errors import QuantdeckError
    from tui.runs.watch import Snapshot, Watched
    from tui.widgets.lines import Line

TRADED_MODEL = (*training(), "backtest")  # those with one model, which can be backtested again


def results(snapshot: Snapshot) -> list[Watched]:
    """The runs with a backtest in them, newest last."""
    return [each for each in snapshot.runs if finished(each)]


def finished(watched: Watched) -> bool:
    """Whether the run has ended with a backtest."""
    return watched.run.mode in with_backtest() and watched.state.status == "done"


def to_show(snapshot: Snapshot, chosen: str) -> Watched | None:
    """The chosen run, or its newest backtest if it only trained; without a choice the newest result."""
    done = results(snapshot)
    wanted = snapshot.by_id.get(chosen)
    if wanted is None or wanted.run.mode == "update":
        return done[-1] if done else None
    later = [each for each in done if each.run.of == wanted.id and each.run.mode == "backtest"]
    return later[-1] if wanted.run.mode == "train" and later else wanted


def neighbour(snapshot: Snapshot, shown: Watched | None, step: int) -> Watched | None:
    """The result before or after the one that is shown."""
    done = results(snapshot)
    places = [number for number, each in enumerate(done) if shown and each.id == shown.id]
    if not done:
        return None
    place = places[0] + step if places else len(done) - 1
    return done[min(max(place, 0), len(done) - 1)]


def key(name: str, what: str) -> Line:
    """A key and what it does."""
    return [(f"  {name:<4}", "bright"), (what, "")]


def nothing_yet() -> list[Line]:
    """No run has a backtest."""
    return [
        [],
        [(" No backtest yet.", "bright")],
        [],
        key("1", "Data: the demo, an import or a download"),
        key("2", "Train: n starts a run of your own"),
    ]


def without(watched: Watched | None) -> list[Line]:
    """The chosen run has no backtest, or not yet; or there is no run at all."""
    if watched is None:
        return nothing_yet()
    state, run = watched.state, watched.run
    status, role = run_status.status(state)
    lines: list[Line] = [[], [(f" {run.id} {run.name}  ", "bright"), (status, role)], []]
    if error := state.error:
        text = f"{error.thing}: {error.reason}. {error.remedy}"
        return [*lines, *indented(wrapped(text, run_status.tone(error))), [], *others(with_backtest=False)]
    if not state.ended:
        return [
            *lines,
            [(" Its backtest comes at the end of the run.", "")],
            [],
            key("2", "watch it"),
            *others(),
        ]
    if run.mode == "train" and state.status == "done":
        return [*lines, [(" It has only trained a model.", "")], [], key("b", "backtest it"), *others()]
    return [*lines, [(" It ended before its backtest.", "")], [], key("2", "R resumes it there"), *others()]


def others(*, with_backtest: bool = True) -> list[Line]:
    """How to get somewhere else."""
    keys = [key("← →", "backtests of other runs"), key("4", "all runs")]
    return keys if with_backtest else [key("2", "the run on Train"), *keys]


def broken(error: QuantdeckError, *, whole: bool) -> list[Line]:
    """A result that cannot be read; `whole` if there is nothing else on the screen."""
    keys: Line = [
        (" F5", "bright"),
        (" reload   ", "quiet"),
        ("b", "bright"),
        (" backtest again", "quiet"),
    ]
    return [[], *error_lines(error), [], keys] if whole else [*error_lines(error), keys]


def error_lines(error: QuantdeckError) -> list[Line]:
    """Thing, reason and remedy."""
    remedy: Sequence[Line] = indented(wrapped(error.remedy)) if error.remedy else []
    return [*indented(wrapped(f"{error.thing}: {error.reason}", run_status.tone(error))), *remedy]


def indented(lines: Sequence[Line]) -> list[Line]:
    """Lines one cell further to the right."""
    return [[(" ", ""), *line] for line in lines]
