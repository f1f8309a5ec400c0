"""`quantdeck runs list|show|follow|stop|resume|delete|verify`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError, QuantdeckError, RepairDataError, StopRequestedError
from engine.hints import hint, run_hint
from engine.imports import gc_paused
from engine.results.codec import to_json
from engine.results.metrics import METRICS
from engine.results.number_format import amount, signed_percent, whole
from engine.runs import manifest, notes, queue
from engine.runs.error_codec import to_fields
from engine.runs.home import Home, home_path
from engine.runs.launch import STOP_WITHIN_S, alive, ask_stop, kill, wait
from engine.runs.remedies import start_anew
from engine.runs.requests import EngineClient
from engine.runs.results import result_of
from engine.runs.state import state_of, state_or_fault
from engine.runs.unreadable import unreadable
from tui.commands.answer import Answer, error_text, say
from tui.commands.outcome import outcome, shown
from tui.commands.pipeline import execute
from tui.commands.results import analysed
from tui.commands.which_run import with_files
from tui.number_format import loss, span, table
from tui.runs.facts import facts_of, facts_of_all, has_result
from tui.runs.run_filter import fitting
from tui.runs.run_order import as_tree, branch, ordered
from tui.runs.status import cannot_be_read
from tui.text.backtest import spread_of_returns
from tui.text.csv_file import write_csv
from tui.text.events import note_line

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.runs.state import State
    from tui.runs.facts import RunFacts

STOP_S, KILLED_S = 60.0, 10.0


def chosen(home: str | None, text: str) -> RunFolder:
    """The run that the command line names."""
    return Home(home_path(home)).find(text)


def listing(
    path: str | None, words: str, csv: str, *, sort: str = "", reverse: bool = False, tree: bool = False
) -> Answer:
    """All runs, oldest first, so that the latest stands just above the prompt."""
    with gc_paused(stays=False):  # thousands of small things are made, and all are needed
        home = Home(home_path(path))
        every = facts_of_all(home)
        runs = ordered(fitting(every, words), sort or "created", reverse=reverse)
        return listed(home, words, csv, every, as_tree(runs) if tree else [(each, 0) for each in runs])


def listed(
    home: Home, words: str, csv: str, every: list[RunFacts], chosen: list[tuple[RunFacts, int]]
) -> Answer:
    """The runs with all these words, each with its depth below its own, as a table, or in a CSV file."""
    runs, counted = [each for each, _ in chosen], {"unreadable": unreadable(home)}
    closed = cannot_be_read(counted["unreadable"])
    if not runs:
        none = f"none of {len(every)} runs fits {words!r}" if every else closed
        start = f"no runs yet in {home.path}; start with: {hint(home.path, 'demo')}"
        return Answer({"runs": []} | counted, none or start)
    if csv:
        written = write_csv(csv, [each.row() for each in runs], home)
        return Answer({"path": str(written), "rows": len(runs)}, f"{len(runs)} runs written to {written}")
    header = ("run", "name", "mode", "state", "created", "symbol", "return", "Sharpe", "settings that differ")
    rows = [
        [
            each.run.id,
            branch(each.run.name, depth),
            each.run.mode,
            each.state.status,
            each.run.created[:16].replace("T", " "),
            each.symbol + (" SIMULATED" if each.state.simulated else ""),
            signed_percent(METRICS["total_return"].of(each.metrics)),
            amount(METRICS["sharpe"].of(each.metrics)),
            each.settings,
        ]
        for each, depth in chosen
    ]
    text = "\n".join([table(header, rows, right=(6, 7)), *([closed] if closed else [])])
    return Answer({"runs": [each.document() for each in runs]} | counted, text)


def show(home: str | None, text: str, csv: str) -> Answer:
    """State, stages, epochs, result and error of a run."""
    run = chosen(home, text)
    facts = facts_of(run)
    state = facts.state
    if csv:
        path = write_csv(csv, [each.facts() for each in state.history], Home(home_path(home)))
        text = f"{len(state.history)} epochs written to {path}"
        return Answer({"run": run.id, "path": str(path), "rows": len(state.history)}, text)
    document = facts.document() | {
        "stages": state.stages,
        "sources": {name: source.facts() for name, source in state.sources.items()},
        "epoch": state.epoch,
        "epochs": state.epochs,
        "best_epoch": state.best_epoch,
        "history": [each.facts() for each in state.history],
        "notes": [each.facts() for each in state.notes],
        "failure": to_fields(state.error) if state.error else None,
    }
    result = []
    if state.status == "done" and run.result_path.exists():
        found, text = shown(run, result_of(run))
        result = ["", text] if text else []
        document |= {("result_notes" if key == "notes" else key): value for key, value in found.items()}
        if has_result(run):
            spread, text = spread_of(run)
            result += ["", text]
            document["returns"] = spread
    return Answer(document, "\n".join([*head(run, state, facts), *epochs(state), *result, *failure(state)]))


def spread_of(run: RunFolder) -> tuple[dict[str, Any] | None, str]:
    """How a backtest's returns and trades are spread; why not where its files do not tell it any more."""
    try:
        with EngineClient() as client:
            found = analysed(run, client)
    except QuantdeckError as error:
        return None, f"how returns are spread: n/a, {error}"
    return to_json(found), spread_of_returns(found)


def head(run: RunFolder, state: State, facts: RunFacts) -> list[str]:
    """Who the run is and how far it has come."""
    stages = "  ".join(
        f"{name} {span(seconds) if seconds is not None else '…'}" for name, seconds in state.stages.items()
    )
    return [
        f"run {run.id}   {run.mode}{f' of {run.of}' if run.of else ''}   {run.name}".rstrip(),
        f"  state     {state.status}{' (SIMULATED market)' if state.simulated else ''}",
        f"  created   {run.created}",
        f"  symbol    {facts.symbol}",
        f"  settings  {facts.settings or 'all defaults'}",
        f"  folder    {run.path}",
        *([f"  stages    {stages}"] if stages else []),
        *(f"  note      {note_line(note)}" for note in state.notes),
    ]


def epochs(state: State) -> list[str]:
    """The table of epochs."""
    if not state.history:
        return []
    rows = [
        [
            whole(epoch.epoch),
            loss(epoch.loss),
            loss(epoch.val_loss),
            f"{epoch.learning_rate or 0:.1e}",
            span(epoch.seconds),
            whole(epoch.sequences_per_s),
            "best" if epoch.epoch == state.best_epoch else "",
        ]
        for epoch in state.history
    ]
    header = ("epoch", "loss", "val loss", "learning rate", "time", "samples/s", "")
    return ["", table(header, rows, right=range(6))]


def failure(state: State) -> list[str]:
    """Why the run did not come to its end."""
    return ["", error_text(state.error)] if state.error else []


def follow_again(home: str | None, text: str) -> Answer:
    """Watch a run that somebody started; leaving changes nothing."""
    from tui.commands.follow import Signals, follow

    run = chosen(home, text)
    with Signals() as signals:
        return outcome(run, follow(run, signals, owner=False))


def stop(home: str | None, text: str, *, at_once: bool) -> Answer:
    """Ask a run to stop and wait until it has, or kill it; one that has ended already is left as it is."""
    run = chosen(home, text)
    process = state_or_fault(run).pid
    if at_once and process is not None and alive(run):
        kill(run, process)
        wait(run, KILLED_S)
    elif ask_stop(run):
        say(f"run {run.id}: stopping at the next safe point, or in {STOP_WITHIN_S:.0f} s without one")
        if not wait(run, STOP_S):
            say(f"run {run.id} still runs; end it with: {run_hint(run.path, 'runs stop RUN --kill')}")
    state = state_or_fault(run).status
    return Answer({"run": run.id, "state": state, "folder": str(run.path)}, f"run {run.id}: {state}")


def first(home: str | None, text: str) -> Answer:
    """Put a run that waits in front of the queue."""
    run = chosen(home, text)
    queue.put_first(run)
    order = queue.waiting(Home(home_path(home)))
    return Answer({"run": run.id, "queued": order}, f"run {run.id} is the next; queued: {', '.join(order)}")


def resume(
    home: str | None, text: str, config: str | None, overrides: list[str] | None, *, detach: bool
) -> Answer:
    """Continue a run from its last checkpoint, with the settings that it has."""
    run = chosen(home, text)
    if overrides or config:
        raise ChangeSettingsError(
            f"run {run.id}", "keeps its settings when it is resumed", "Leave out -c and -s"
        )
    if state_of(run).status == "done":
        raise ChangeSettingsError(
            f"run {run.id}",
            "is done, there is nothing to resume",
            start_anew(run) or "Start another one",
        )
    return execute(run, detach=detach)


def delete(home: str | None, text: str, *, yes: bool) -> Answer:
    """Delete a run; in a terminal, ask first."""
    run = chosen(home, text)
    if not yes and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and not alive(run):
        print(f"Delete run {run.id} with all its files? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise StopRequestedError(f"run {run.id}", "was kept")
    Home(home_path(home)).delete(run)
    return Answer({"run": run.id, "deleted": True}, f"run {run.id} deleted")


def rename(home: str | None, text: str, name: str) -> Answer:
    """Give a run another name."""
    run = notes.rename(chosen(home, text), name)
    return Answer({"run": run.id, "name": run.name}, f"run {run.id}: {run.name or 'no name'}")


def note(home: str | None, text: str, words: str) -> Answer:
    """Keep a note on a run."""
    run = chosen(home, text)
    notes.write_note(run, words)
    kept = notes.note_of(run)
    return Answer({"run": run.id, "note": kept}, f"run {run.id}: {kept or 'no note'}")


def verify(home: str | None, text: str) -> Answer:
    """Check every artifact of a run against the hash in its manifest."""
    run = with_files(Home(home_path(home)), text)
    problems = manifest.verify(run.path)
    document = {"run": run.id, "folder": str(run.path), "intact": not problems}
    if not problems:
        return Answer(document, f"run {run.id}: all artifacts are as they were saved")
    error = RepairDataError(
        f"run {run.id}",
        f"{len(problems)} of its artifacts {'is' if len(problems) == 1 else 'are'} not as saved",
        "Restore the files from a copy, or train again",
        problems,
    )
    return Answer(document, error=error)
