"""The state of a run: a fold over the entries of its log, and the judgement whether it still lives.

Opening a finished run, watching a live one and recovering after a crash are one code path: replay the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from engine.errors import InternalError
from engine.runs import log_entries as log
from engine.runs.events import clock, read
from engine.runs.hints import run_hint
from engine.runs.launch import alive, last_words
from engine.runs.postmortem import cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.errors import QuantdeckError
    from engine.runs.folder import RunFolder

Draft = dict[str, Any]  # the fields of the state that is being made, by name
Entry = TypeVar("Entry", bound=log.LogEntry)

FINAL = frozenset({"done", "stopped", "failed", "crashed"})
STALE_S = 30.0
KEPT_NOTES = 200
STATUS_OF_STAGE = {
    "collect": "collecting", "merge": "collecting",
    "features": "preparing", "split": "preparing", "scale": "preparing", "windows": "preparing",
    "load": "preparing", "fit": "training", "save": "saving", "trials": "training", "winner": "training",
    "predict": "backtesting", "signals": "backtesting", "simulate": "backtesting", "metrics": "backtesting",
}  # fmt: skip


@dataclass(frozen=True)
class State:
    """All that is known of a run; texts come from the log as they are: `printable` before a terminal.

    `status` is queued, starting, collecting, preparing, training, saving, backtesting, stopping, stale, done,
    stopped, failed or crashed. Times are ISO 8601 in UTC, empty if not yet; None is a figure not yet known.
    """

    status: str = "queued"
    run: str = ""
    mode: str = ""
    of: str = ""
    pid: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    resumed: bool = False
    seq: int = 0
    started_at: str = ""  # of the latest process
    updated_at: str = ""
    reported_at: str = ""  # of the latest entry of the work itself, which a heartbeat is not
    ended_at: str = ""
    stage: str = ""  # the stage in progress, or empty
    # In the order in which they first began; s, all times that it ran; None while in progress.
    stages: Mapping[str, float | None] = field(default_factory=dict)
    spent: Mapping[str, float] = field(default_factory=dict)  # s of each, as far as it has ended
    sources: Mapping[str, log.SourceProgress] = field(default_factory=dict)  # by series: what is known of it
    simulated: bool = False
    model: log.ModelFacts = field(default_factory=log.ModelFacts)
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    loss: float | None = None
    val_loss: float | None = None
    learning_rate: float | None = None
    sequences_per_s: float | None = None
    left_s: float | None = None
    best_epoch: int | None = None
    wait: int = 0
    patience: int | None = None
    early_stopped: bool = False
    history: tuple[log.Epoch, ...] = ()  # the epochs, in order, each once
    error: QuantdeckError | None = None
    cpu: float | None = None  # percent of one core
    memory_mb: float | None = None
    notes: tuple[log.LogNote, ...] = ()  # the last ones
    torn: int = 0  # lines that killed writers left

    @property
    def silent_s(self) -> float:
        """How long the work of a living process has told nothing of itself, s."""
        if self.ended or not self.reported_at:
            return 0.0
        latest, reported = map(datetime.fromisoformat, (self.updated_at, self.reported_at))
        return (latest - reported).total_seconds()

    @property
    def ended(self) -> bool:
        """Whether the run has come to an end, of whatever kind."""
        return self.status in FINAL


NAMES = tuple(each.name for each in fields(State))


def fold(state: State, entry: log.LogEntry) -> State:
    """The state after one more entry; kinds that are not known change nothing."""
    return replay(state, [entry])


def replay(state: State, entries: Iterable[log.LogEntry]) -> State:
    """The state after more entries, the same as folding them one by one.

    What the entries leave alone is shared with the state before: a heartbeat copies no history.
    """
    draft = {name: getattr(state, name) for name in NAMES}
    for entry in entries:
        draft["seq"], draft["updated_at"] = entry.seq, entry.at
        draft["torn"] += entry.torn
        if not isinstance(entry, log.Heartbeat | log.Stopping):
            draft["reported_at"] = entry.at
        if apply := APPLY.get(type(entry)):
            apply(draft, entry)
    draft["history"] = tuple(draft["history"])
    return State(**draft)


def queued(draft: Draft, entry: log.Queued) -> None:
    """A process is launched: of what an earlier one told, only the epochs and notes stay."""
    fresh = State()
    forgotten = (
        "stage",
        "stages",
        "spent",
        "sources",
        "ended_at",
        "error",
        "early_stopped",
        "batch",
        "batches",
    )
    draft.update({name: getattr(fresh, name) for name in (*forgotten, "left_s", "cpu", "memory_mb", "pid")})
    draft.update(resumed=entry.resumed, status="queued")


def started(draft: Draft, entry: log.Started) -> None:
    """The process has started."""
    queued(draft, entry)
    draft.update(run=entry.run, mode=entry.mode, of=entry.of, pid=entry.pid, versions=entry.versions)
    draft.update(started_at=entry.at, status="starting")


def stage(draft: Draft, entry: log.StageChange) -> None:
    """A stage begins or ends."""
    begins = entry.state == "begin"
    if not begins:
        all_in_all = draft["spent"].get(entry.stage, 0.0) + (entry.seconds or 0.0)
        draft["spent"] = draft["spent"] | {entry.stage: all_in_all}
    draft["stages"] = draft["stages"] | {entry.stage: None if begins else draft["spent"][entry.stage]}
    draft["stage"] = entry.stage if begins else ""
    if begins and draft["status"] != "stopping":
        draft["status"] = STATUS_OF_STAGE.get(entry.stage, draft["status"])


def source(draft: Draft, entry: log.SourceProgress) -> None:
    """News of a source join what is known of it."""
    known = draft["sources"].get(entry.series)
    draft["sources"] = draft["sources"] | {entry.series: joined(known, entry) if known else entry}


def joined(known: Entry, news: Entry) -> Entry:
    """The news, with what was known before where they say nothing."""
    silent = {name: getattr(known, name) for name, value in vars(news).items() if value is None}
    return replace(news, **silent)


def batch(draft: Draft, entry: log.BatchProgress) -> None:
    """Progress within an epoch."""
    draft.update(epoch=entry.epoch, epochs=entry.epochs or draft["epochs"], left_s=entry.left_s)
    draft.update(batch=entry.batch, batches=entry.batches)
    draft.update(loss=entry.loss, sequences_per_s=entry.sequences_per_s)


def epoch(draft: Draft, entry: log.Epoch) -> None:
    """An epoch is over; a resumed run may repeat epochs, the latest telling of each counts."""
    history = draft["history"]
    if isinstance(history, tuple):
        history = draft["history"] = list(history)
    while history and history[-1].epoch >= entry.epoch:
        history.pop()
    history.append(entry)
    known = ("epoch", "epochs", "best_epoch", "wait", "patience", "learning_rate", "sequences_per_s")
    draft.update({name: value for name in known if (value := getattr(entry, name)) is not None})
    draft.update(loss=entry.loss, val_loss=entry.val_loss, batch=draft["batches"])


def note(draft: Draft, entry: log.LogNote) -> None:
    """A line for the reader of the log."""
    draft["notes"] = (*draft["notes"][1 - KEPT_NOTES :], entry)


def ended(draft: Draft, entry: log.Ended) -> None:
    """The run has ended."""
    draft.update(status=entry.kind, ended_at=entry.at, stage="", left_s=None, error=entry.error)


APPLY: dict[type[log.LogEntry], Callable[[Draft, Any], None]] = {
    log.Queued: queued,
    log.Started: started,
    log.StageChange: stage,
    log.SourceProgress: source,
    log.LogNote: note,
    log.SimulatedMarket: lambda draft, _: draft.update(simulated=True),
    log.ModelFacts: lambda draft, entry: draft.update(model=joined(draft["model"], entry)),
    log.BatchProgress: batch,
    log.Epoch: epoch,
    log.EarlyStop: lambda draft, _: draft.update(early_stopped=True),
    log.LearningRateChange: lambda draft, entry: draft.update(learning_rate=entry.after),
    log.Heartbeat: lambda draft, entry: draft.update(cpu=entry.cpu, memory_mb=entry.memory_mb),
    log.Stopping: lambda draft, _: draft.update(status="stopping"),
    log.Ended: ended,
}


class Follower:
    """Reads on from where it was: cheap to ask often."""

    def __init__(self, run: RunFolder) -> None:
        """Nothing is read before the first `poll`."""
        self.run = run
        self.state = State()  # as judged at the last poll
        self._folded = State()
        self._offset = 0

    def poll(self, now: datetime | None = None) -> list[log.LogEntry]:
        """Take in what is new and return it; `state` is up to date then. Raises RepairDataError."""
        living = alive(self.run)  # asked first: once no writer lives, what is read next is everything
        tail = read(self.run.events_path, self._offset)
        where = f"events.jsonl of run {self.run.path.name}"
        entries = [log.entry_of(event, where) for event in tail.events]
        self._offset = tail.offset
        if entries:
            self._folded = replay(self._folded, entries)
        folded = self._folded
        if folded.seq == 0 or folded.ended:
            self.state = folded
        # Asked again, since a launch may have come between the first question and the reading.
        elif living or alive(self.run):
            self.state = replace(folded, status=living_status(self.run, folded, now or clock()))
        else:
            self.state = crashed(self.run, replace(folded, torn=folded.torn + (tail.rest > 0)))
        return entries


def state_of(run: RunFolder, now: datetime | None = None) -> State:
    """The state of a run at this moment, from its whole log. Raises RepairDataError."""
    follower = Follower(run)
    follower.poll(now)
    return follower.state


def living_status(run: RunFolder, state: State, now: datetime) -> str:
    """The status of a run whose process lives: it may have fallen silent, or have been asked to stop."""
    if (now - datetime.fromisoformat(state.updated_at)).total_seconds() > STALE_S:
        return "stale"
    return "stopping" if run.stop_path.exists() else state.status


def crashed(run: RunFolder, state: State) -> State:
    """The state of a run whose process died without a final event."""
    words = last_words(run)
    parts = [cause(run, state.memory_mb), f"engine.log ends with: {words}" if words else ""]
    reason = f"the engine died without a word{''.join(f'; {part}' for part in parts if part)}"
    remedy = f"Go on with: {run_hint(run.path, 'runs resume RUN')}; the whole log: {run.log_path}"
    error = InternalError(f"run {run.path.name}", reason, remedy)
    return replace(state, status="crashed", ended_at=state.updated_at, error=error)
