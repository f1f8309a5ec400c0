"""The state of a run as a fold over the entries of its log."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from engine.runs import log_entries as log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.errors import QuantdeckError

Draft = dict[str, Any]  # the fields of the state that is being made, by name
Entry = TypeVar("Entry", bound=log.LogEntry)

FINAL = frozenset({"done", "stopped", "failed", "crashed"})
KEPT_NOTES = 200
TRACED = 240  # points of an epoch at most
STATUS_OF_STAGE = {
    "collect": "collecting", "merge": "collecting",
    "features": "preparing", "split": "preparing", "scale": "preparing", "windows": "preparing",
    "load": "preparing", "fit": "training", "save": "saving", "trials": "training", "winner": "training",
    "predict": "backtesting", "signals": "backtesting", "simulate": "backtesting", "metrics": "backtesting",
    "permute": "backtesting", "paths": "training", "luck": "backtesting",
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
    before: int = 0  # runs that have their turn before this one, while it is queued
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
    trace: tuple[tuple[int, float], ...] = ()  # of the first epoch: batches done, their mean loss; thinned
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
    trials: tuple[log.TrialEnded, ...] = ()  # of a search, as they were told; of one told twice the latest
    search: log.SearchSoFar | None = None
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
    if isinstance(draft["trials"], dict):
        draft["trials"] = tuple(draft["trials"].values())
    return State(**draft)


def queued(draft: Draft, entry: log.Queued) -> None:
    """A process is launched: of what an earlier one told, only epochs, trials and notes stay."""
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
        "trace",
        "sequences_per_s",
        "before",
    )
    draft.update({name: getattr(fresh, name) for name in (*forgotten, "left_s", "cpu", "memory_mb", "pid")})
    draft.update(resumed=entry.resumed, status="queued")


def waits(draft: Draft, entry: log.Waiting) -> None:
    """The process waits for its turn."""
    draft.update(status="queued", pid=entry.pid, before=entry.before)


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


def model(draft: Draft, entry: log.ModelFacts) -> None:
    """News of what is trained join what is known; a member begins though the one before it stopped early.

    Learning rate and patience are those that it begins with, until an epoch tells how it goes on.
    """
    begins = {"learning_rate": entry.learning_rate, "patience": entry.patience}
    draft.update({name: value for name, value in begins.items() if value is not None})
    draft["model"] = joined(draft["model"], entry)
    draft["early_stopped"] = draft["early_stopped"] and entry.member is None


def batch(draft: Draft, entry: log.BatchProgress) -> None:
    """Progress within an epoch."""
    trace = draft["trace"] if entry.epoch == draft["epoch"] else ()
    if entry.loss is not None and not draft["history"]:
        trace = (*trace, (entry.batch, entry.loss))
        trace = trace[::2] if len(trace) > TRACED else trace
    draft.update(epoch=entry.epoch, epochs=entry.epochs or draft["epochs"], left_s=entry.left_s)
    draft.update(batch=entry.batch, batches=entry.batches, trace=trace)
    draft.update(loss=entry.loss, sequences_per_s=entry.sequences_per_s)


def epoch(draft: Draft, entry: log.Epoch) -> None:
    """An epoch is over; a resumed run may repeat epochs, the latest telling of each counts."""
    history = draft["history"]
    if isinstance(history, tuple):
        history = draft["history"] = list(history)
    while history and history[-1].epoch >= entry.epoch:
        history.pop()
    history.append(entry)
    draft["trace"] = ()
    known = ("epoch", "epochs", "best_epoch", "wait", "patience", "learning_rate", "sequences_per_s")
    draft.update({name: value for name in known if (value := getattr(entry, name)) is not None})
    draft.update(loss=entry.loss, val_loss=entry.val_loss, batch=draft["batches"])


def trial(draft: Draft, entry: log.TrialEnded) -> None:
    """A trial is over; one of a number that was told before was carried out again."""
    known = draft["trials"]
    if isinstance(known, tuple):
        known = draft["trials"] = {each.trial.number: each for each in known}
    known.pop(entry.trial.number, None)
    known[entry.trial.number] = entry


def note(draft: Draft, entry: log.LogNote) -> None:
    """A line for the reader of the log."""
    draft["notes"] = (*draft["notes"][1 - KEPT_NOTES :], entry)


def ended(draft: Draft, entry: log.Ended) -> None:
    """The run has ended."""
    draft.update(status=entry.kind, ended_at=entry.at, stage="", left_s=None, error=entry.error)


APPLY: dict[type[log.LogEntry], Callable[[Draft, Any], None]] = {
    log.Queued: queued,
    log.Waiting: waits,
    log.Started: started,
    log.StageChange: stage,
    log.SourceProgress: source,
    log.LogNote: note,
    log.TrialEnded: trial,
    log.SearchSoFar: lambda draft, entry: draft.update(search=entry),
    log.SimulatedMarket: lambda draft, _: draft.update(simulated=True),
    log.ModelFacts: model,
    log.BatchProgress: batch,
    log.Epoch: epoch,
    log.EarlyStop: lambda draft, _: draft.update(early_stopped=True),
    log.LearningRateChange: lambda draft, entry: draft.update(learning_rate=entry.after),
    log.Heartbeat: lambda draft, entry: draft.update(cpu=entry.cpu, memory_mb=entry.memory_mb),
    log.Stopping: lambda draft, _: draft.update(status="stopping"),
    log.Ended: ended,
}
