"""`quantdeck` without a command: how things stand, and what can be done."""

from __future__ import annotations

from engine.hints import hint, run_hint
from engine.runs.home import Home, described, home_path, is_named
from engine.runs.launch import alive
from engine.runs.queue import waiting
from engine.runs.remedies import resumable
from engine.runs.unreadable import unreadable
from tui.commands.answer import Answer
from tui.runs.looks import elsewhere, ending, looks, missed, note_look
from tui.runs.status import cannot_be_read

COMMANDS = """\
  quantdeck demo                 the whole pipeline on a SIMULATED exchange
  quantdeck init                 write a commented quantdeck.toml
  quantdeck run | train          everything | without the backtest
  quantdeck backtest [RUN]       backtest a trained run again
  quantdeck report [RUN]         look at it; also: whatif, sweep, trades
  quantdeck audit [RUN]          can it be trusted? also: importance,
                                 walkforward, calibrate, cpcv, ledger
  quantdeck search SPACE.toml    try settings before the test begins
  quantdeck simulate …           a backtest of signals of your own
  quantdeck data …               status, show, update, import, export
  quantdeck runs …               list, show, compare, follow, stop, resume
  quantdeck doctor               what this machine lacks
  quantdeck COMMAND --help       more about each"""


def status(home: str | None, *, looking: bool = True) -> Answer:
    """Count the runs, name the live ones and the last, and tell which ended badly since the last look.

    looking: whether somebody reads this; it counts as a look then.
    """
    place = Home(home_path(home))
    runs = place.all()
    live = [run for run in runs if alive(run)]
    queued = waiting(place)
    dead, closed = missed(runs, looks().get(place.path)), unreadable(place)
    others = [] if runs or closed or is_named(home) else elsewhere(place.path)
    lines = [f"quantdeck   home {place.path}"]
    if runs:
        lines.append(
            f"{len(runs)} run{'s' * (len(runs) != 1)}, {len(live)} live"
            f"{f', {len(queued)} of them queued' if queued else ''}; last: {described(runs[-1])}"
        )
        lines += [
            f"  {'queued' if run.id in queued else 'live'}: {described(run)}   "
            f"watch it: {run_hint(run.path, 'runs follow RUN')}"
            for run in live
        ]
    elif not closed:
        lines.append(f"no runs yet; start with: {hint(place.path, 'demo')}")
    lines += [cannot_be_read(closed)] if closed else []
    lines += [f"{there}; see: {hint(other.path)}" for other, there in others]
    for run, state in dead:
        lines += [f"  since you last looked: {ending(run, state)}"]
        resume, look = run_hint(run.path, "runs resume RUN"), run_hint(run.path, "runs show RUN")
        lines.append(f"    resume it: {resume}" if resumable(state) else f"    see why: {look}")
    if looking and runs:
        note_look(place.path, [run.id for run in live], runs[-1].id)
    document = {
        "home": str(place.path),
        "runs": len(runs),
        "live": [run.id for run in live],
        "queued": queued,
        "last": runs[-1].id if runs else None,
        "unreadable": closed,
        "ended_badly": [run.id for run, _ in dead],
    }
    return Answer(document, "\n".join([*lines, "", COMMANDS]))
