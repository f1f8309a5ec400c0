"""The lines of a run's log as types: each event is decoded once, then everybody reads attributes.

A field that an event lacks has its default, None for a figure that is not known; so logs of earlier versions
are read as far as they tell. An event of a kind that is not known is a plain `LogEntry`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import RepairDataError
from engine.results.codec import JSON_NAME, NotOfTypeError, Number, reader, to_json
from engine.results.notes import Note, Value
from engine.results.search import Luck, SearchTrial  # noqa: TC001  the codec reads them
from engine.runs.error_codec import from_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.errors import QuantdeckError
    from engine.runs.events import Event


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One event: its number, its time (ISO 8601, UTC), and how many torn lines stood before it."""

    seq: int = 0
    at: str = ""
    torn: int = 0

    def facts(self) -> dict[str, Any]:
        """The fields as plain values of JSON, without the entry's place in the log."""
        return {name: value for name, value in to_json(self).items() if name not in ("seq", "torn")}


@dataclass(frozen=True, kw_only=True)
class Queued(LogEntry):
    """The engine process is about to start; resumed: not for the first time."""

    resumed: bool = False


@dataclass(frozen=True, kw_only=True)
class Waiting(LogEntry):
    """The engine process, of this id, waits for its turn; so many runs are before it."""

    pid: int
    before: int


@dataclass(frozen=True, kw_only=True)
class Started(Queued):
    """The engine process has started."""

    run: str
    mode: str
    of: str
    pid: int
    versions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class StageChange(LogEntry):
    """A stage begins (`begin`) or ends (`end`, after so many seconds)."""

    stage: str
    state: str
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class SourceProgress(LogEntry):
    """How far a series has been fetched; state: begin, page, end or failed."""

    series: str
    state: str = ""
    rows: int | None = None
    page: int | None = None
    pages: int | None = None
    left_s: float | None = None
    simulated: bool | None = None
    error: str | None = None

    @property
    def ended(self) -> bool:
        """Whether all of it came."""
        return self.state == "end"

    @property
    def failed(self) -> bool:
        """Whether it could not be fetched."""
        return self.state == "failed"

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.ended or self.failed

    @property
    def share(self) -> float:
        """How much of it came, from 0 to 1."""
        return 1.0 if self.ended else (self.page or 0) / self.pages if self.pages else 0.0


@dataclass(frozen=True, kw_only=True)
class LogNote(LogEntry):
    """A remark for the reader of the log; level: info, warning or alarm. Version 0.1 wrote sentences."""

    level: str = "info"
    code: str = ""
    values: dict[str, Value] = field(default_factory=dict)
    written: str = field(default="", metadata={JSON_NAME: "text"})

    @property
    def text(self) -> str:
        """The sentence."""
        return Note(self.code, self.values).text if self.code else self.written

    def facts(self) -> dict[str, Any]:
        """For machines, with the sentence."""
        return {**super().facts(), "text": self.text}


@dataclass(frozen=True, kw_only=True)
class SimulatedMarket(LogEntry):
    """The market is simulated; source: `demo` or `calibration`, empty in logs of version 0.1."""

    source: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelFacts(LogEntry):
    """What is trained, on how many samples; member: which of an ensemble's members is next."""

    features: int | None = None
    rows: int | None = None
    lookback: int | None = None
    parameters: int | None = None
    train: int | None = None
    validation: int | None = None
    test: int | None = None
    purged: int | None = None
    dropped: int | None = None
    unready: int | None = None
    devices: int | None = None
    member: int | None = None
    members: int | None = None
    learning_rate: float | None = None  # at first
    patience: int | None = None


@dataclass(frozen=True, kw_only=True)
class BatchProgress(LogEntry):
    """How far an epoch is."""

    epoch: int
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    loss: float | None = None
    sequences_per_s: float | None = None
    left_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Epoch(LogEntry):
    """An epoch that is over. A loss of None is no number: the training has diverged."""

    epoch: int
    epochs: int = 0
    loss: float | None = None
    val_loss: float | None = None
    learning_rate: float | None = None
    seconds: float | None = None
    sequences_per_s: float | None = None
    best: float | None = None  # validation loss of the best epoch so far
    best_epoch: int | None = None
    wait: int = 0  # epochs since the best one
    patience: int | None = None
    val_loss_by: dict[str, Number] = field(default_factory=dict)  # validation loss of each of several symbols
    batch_losses: tuple[float, ...] = ()  # mean losses over the batches of equal parts of the epoch, in order


def batch_trace(history: Iterable[Epoch]) -> tuple[tuple[float, float], ...]:
    """The batches' mean losses on an axis of epochs: a place, 0.5 in the middle of the first, and a loss."""
    return tuple(
        (each.epoch - 1 + (part + 0.5) / len(each.batch_losses), loss)
        for each in history
        for part, loss in enumerate(each.batch_losses)
    )


def near_curve(
    trace: Iterable[tuple[float, float]], curve: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    """The points of a trace that are no farther from a curve's values than these are from each other."""
    low, high = (min(curve), max(curve)) if curve else (0.0, 0.0)
    height = high - low or abs(high) * 0.1
    return tuple((place, loss) for place, loss in trace if low - height <= loss <= high + height)


@dataclass(frozen=True, kw_only=True)
class EarlyStop(LogEntry):
    """Training stopped since validation had not improved for long."""

    epoch: int | None = None
    best_epoch: int | None = None


@dataclass(frozen=True, kw_only=True)
class LearningRateChange(LogEntry):
    """The learning rate after an epoch."""

    epoch: int | None = None
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True, kw_only=True)
class TrialEnded(LogEntry):
    """A trial of a search is over: so many are by now, of so many at most.

    kept: it was not carried out just now, but by an earlier process, or as an earlier trial.
    """

    trial: SearchTrial
    done: int
    of: int
    kept: bool = False


@dataclass(frozen=True, kw_only=True)
class SearchSoFar(LogEntry):
    """What the trials so far come to: the best, why it may be luck, what matters."""

    winner: int
    luck: Luck
    importance: dict[str, Number]


@dataclass(frozen=True, kw_only=True)
class Heartbeat(LogEntry):
    """The process lives and uses this much: percent of one core, megabytes."""

    cpu: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True, kw_only=True)
class Stopping(LogEntry):
    """A stop was asked for."""


@dataclass(frozen=True, kw_only=True)
class Ended(LogEntry):
    """The run has ended; kind: done, stopped or failed."""

    kind: str
    fields: dict[str, Any] | None = field(default=None, metadata={JSON_NAME: "error"})

    @property
    def error(self) -> QuantdeckError | None:
        """What it failed of."""
        return from_fields(self.fields) if self.fields else None


TYPES: dict[str, type[LogEntry]] = {
    "queued": Queued,
    "waiting": Waiting,
    "started": Started,
    "stage": StageChange,
    "source": SourceProgress,
    "note": LogNote,
    "simulated": SimulatedMarket,
    "model": ModelFacts,
    "batch": BatchProgress,
    "epoch": Epoch,
    "early_stopped": EarlyStop,
    "learning_rate": LearningRateChange,
    "trial": TrialEnded,
    "search": SearchSoFar,
    "heartbeat": Heartbeat,
    "stopping": Stopping,
    "done": Ended,
    "stopped": Ended,
    "failed": Ended,
}


LASTING = (SimulatedMarket, LogNote, ModelFacts, EarlyStop, LearningRateChange, TrialEnded)


def lasts(entry: LogEntry) -> bool:
    """Whether an entry stays in the tail of the log that is shown."""
    match entry:
        case StageChange(state=state):
            return state == "end"
        case SourceProgress():
            return entry.over
    return isinstance(entry, LASTING)


def entry_of(event: Event, where: str) -> LogEntry:
    """The event as its type. Raises RepairDataError that names `where` if a field is not of its type."""
    try:
        kind: Any = TYPES.get(event["kind"], LogEntry)
        found: LogEntry = reader(kind)(event)
    except NotOfTypeError as error:
        reason = f"is no proper {event['kind']}: {' '.join((*error.place, error.reason))}"
        remedy = "Restore the log from a copy, or delete the run"
        raise RepairDataError(f"{where}, event {event.get('seq', '?')}", reason, remedy) from None
    return found
