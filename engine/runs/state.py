"""The state of a run: a fold over its events, and the judgement whether it still lives.

Opening a finished run, watching a live one and recovering after a crash are one code path: replay the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.errors import InternalError, RepairDataError
from engine.runs.error_codec import to_fields
from engine.runs.events import clock, read
from engine.runs.launch import alive, last_words
from engine.runs.postmortem import cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.runs.events import Event
    from engine.runs.folder import RunFolder

FINAL = frozenset({"done", "stopped", "failed", "crashed"})
STALE_S = 30.0
KEPT_NOTES = 200
STATUS_OF_STAGE = {
    "collect": "collecting", "merge": "collecting",
    "features": "preparing", "split": "preparing", "scale": "preparing", "windows": "preparing",
    "load": "preparing", "fit": "training", "save": "saving",
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
    versions: dict[str, str] = field(default_factory=dict)
    resumed: bool = False
    seq: int = 0
    started_at: str = ""  # of the latest process
    updated_at: str = ""
    ended_at: str = ""
    stage: str = ""  # the stage in progress, or empty
    stages: dict[str, float | None] = field(default_factory=dict)  # in order; seconds, None while in progress
    sources: dict[str, Event] = field(default_factory=dict)  # by series: its latest facts
    simulated: str = ""  # in words; empty if the data is real
    model: Event = field(default_factory=dict)
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
    history: list[Event] = field(default_factory=list)  # the epochs, in order, each once
    artifacts: list[str] = field(default_factory=list)
    result: Event = field(default_factory=dict)  # the fields of the result event
    error: dict[str, Any] | None = None  # class, thing, reason, remedy, exit_code
    cpu: float | None = None  # percent of one core
    memory_mb: float | None = None
    notes: list[Event] = field(default_factory=list)  # the last ones: at, level, text
    torn: int = 0  # lines that killed writers left

    @property
    def ended(self) -> bool:
        """Whether the run has come to an end, of whatever kind."""
        return self.status in FINAL


def fold(state: State, event: Event) -> State:
    """The state after one more event; kinds that are not known change nothing. Raises RepairDataError."""
    return replay(state, [event])


def replay(state: State, events: Iterable[Event]) -> State:
    """The state after more events, the same as folding them one by one. Raises RepairDataError."""
    draft = {each.name: getattr(state, each.name) for each in fields(state)}
    for name, value in draft.items():
        draft[name] = value.copy() if isinstance(value, (list, dict)) else value
    for event in events:
        draft["seq"], draft["updated_at"] = event["seq"], event["at"]
        try:
            draft["torn"] += event.get("torn", 0)
            if apply := APPLY.get(event["kind"]):
                apply(draft, event)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            thing = f"events.jsonl of run {draft['run']}, event {event['seq']}"
            reason = f"is no proper {event['kind']}: {error!r}"
            raise RepairDataError(thing, reason, "Restore the log from a copy, or delete the run") from None
    return State(**draft)


def facts(event: Event) -> Event:
    """An event without what every event has."""
    return {key: value for key, value in event.items() if key not in {"v", "seq", "kind", "torn"}}


def begin(draft: Event, event: Event) -> None:
    """A process is launched or has started: of what an earlier one told, only the epochs stay."""
    fresh = State()
    forgotten = ("stage", "stages", "sources", "ended_at", "error", "result", "artifacts", "early_stopped")
    draft.update({name: getattr(fresh, name) for name in (*forgotten, "left_s", "cpu", "memory_mb", "pid")})
    draft["resumed"] = bool(event.get("resumed"))
    draft["status"] = "queued" if event["kind"] == "queued" else "starting"
    if event["kind"] == "started":
        draft.update({name: event[name] for name in ("run", "mode", "of", "pid", "versions")})
        draft["started_at"] = event["at"]


def stage(draft: Event, event: Event) -> None:
    """A stage begins or ends."""
    name = event["stage"]
    if event["state"] == "begin":
        draft["stage"], draft["stages"][name] = name, None
        if draft["status"] != "stopping":
            draft["status"] = STATUS_OF_STAGE.get(name, draft["status"])
    else:
        draft["stage"], draft["stages"][name] = "", event.get("seconds")


def source(draft: Event, event: Event) -> None:
    """News of a source join what is known of it."""
    series = event["series"]
    draft["sources"][series] = draft["sources"].get(series, {}) | facts(event)


def batch(draft: Event, event: Event) -> None:
    """Progress within an epoch."""
    known = ("epoch", "epochs", "batch", "batches", "loss", "sequences_per_s", "left_s")
    draft.update({name: event[name] for name in known if name in event})


def epoch(draft: Event, event: Event) -> None:
    """An epoch is over; a resumed run may repeat epochs, the latest telling of each counts."""
    number, history = int(event["epoch"]), draft["history"]
    while history and history[-1]["epoch"] >= number:
        history.pop()
    history.append(facts(event))
    known = ("epoch", "epochs", "loss", "val_loss", "learning_rate", "sequences_per_s", "wait", "patience")
    draft.update({name: event[name] for name in (*known, "best_epoch") if name in event})
    draft["batch"] = draft["batches"]


def note(draft: Event, event: Event) -> None:
    """A line for the reader of the log."""
    draft["notes"] = [*draft["notes"][1 - KEPT_NOTES :], facts(event)]


def heartbeat(draft: Event, event: Event) -> None:
    """The process lives and uses this much."""
    draft.update(cpu=event.get("cpu"), memory_mb=event.get("memory_mb"))


def final(draft: Event, event: Event) -> None:
    """The run has ended."""
    draft.update(status=event["kind"], ended_at=event["at"], stage="", left_s=None, error=event.get("error"))


APPLY: dict[str, Callable[[Event, Event], None]] = {
    "queued": begin,
    "started": begin,
    "stage": stage,
    "source": source,
    "note": note,
    "simulated": lambda draft, event: draft.update(simulated=str(event.get("text", "simulated"))),
    "model": lambda draft, event: draft.update(model=draft["model"] | facts(event)),
    "batch": batch,
    "epoch": epoch,
    "early_stopped": lambda draft, _: draft.update(early_stopped=True),
    "learning_rate": lambda draft, event: draft.update(learning_rate=event.get("after")),
    "artifacts": lambda draft, event: draft.update(artifacts=list(event.get("files", []))),
    "result": lambda draft, event: draft.update(result=facts(event)),
    "heartbeat": heartbeat,
    "stopping": lambda draft, _: draft.update(status="stopping"),
    "done": final,
    "stopped": final,
    "failed": final,
}


class Follower:
    """Reads on from where it was: cheap to ask often."""

    def __init__(self, run: RunFolder) -> None:
        """Nothing is read before the first `poll`."""
        self.run = run
        self.state = State()  # as judged at the last poll
        self._folded = State()
        self._offset = 0

    def poll(self, now: datetime | None = None) -> list[Event]:
        """Take in what is new and return it; `state` is up to date then. Raises RepairDataError."""
        living = alive(self.run)  # asked first: once no writer lives, what is read next is everything
        tail = read(self.run.events_path, self._offset)
        self._offset, self._folded = tail.offset, replay(self._folded, tail.events)
        folded = self._folded
        if folded.seq == 0 or folded.ended:
            self.state = folded
        # Asked again, since a launch may have come between the first question and the reading.
        elif living or alive(self.run):
            self.state = replace(folded, status=living_status(self.run, folded, now or clock()))
        else:
            self.state = crashed(self.run, replace(folded, torn=folded.torn + (tail.rest > 0)))
        return tail.events


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
    remedy = f"Go on with: quantdeck runs resume {run.path.name}; the whole log: {run.log_path}"
    error = InternalError(f"run {run.path.name}", reason, remedy)
    return replace(state, status="crashed", ended_at=state.updated_at, error=to_fields(error))
