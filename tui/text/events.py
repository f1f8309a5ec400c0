"""The lines of a run's log for people: an entry that lasts is one line, and so is an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.number_format import UNDEFINED, correlation, defined, whole
from engine.runs import log_entries as log
from tui.number_format import loss, span
from tui.text.search import settings

if TYPE_CHECKING:
    from engine.runs.log_entries import LogEntry

SIMULATED = {
    "demo": "SIMULATED market: the demo exchange invented every price",
    "calibration": "SIMULATED markets: their truth is known",
}


def lasting(entry: LogEntry) -> str:
    """The line that stays of an entry, empty if there is none; epochs have their own."""
    line = ""
    match entry:
        case log.SimulatedMarket():
            line = SIMULATED.get(entry.source, "SIMULATED market")
        case log.Waiting():
            line = f"waiting for its turn, {whole(entry.before)} ahead of it"
        case log.StageChange(state="end"):
            line = f"{entry.stage}: {span(entry.seconds)}"
        case log.SourceProgress(failed=True):
            line = f"  {entry.series}: failed: {entry.error or ''}"
        case log.SourceProgress(ended=True):
            simulated = " (SIMULATED)" if entry.simulated else ""
            line = f"  {entry.series}: {whole(entry.rows)} rows{simulated}"
        case log.LogNote() | log.TrialEnded():
            line = note_line(entry) if isinstance(entry, log.LogNote) else trial_line(entry)
        case log.ModelFacts():
            line = model_line(entry)
        case log.EarlyStop():
            line = f"stopped early after epoch {entry.epoch}; the best was {entry.best_epoch}"
        case log.LearningRateChange():
            line = f"learning rate {rate(entry.before)} → {rate(entry.after)}"
    return line


def note_line(note: log.LogNote) -> str:
    """A note, with its level unless that is the usual one."""
    return note.text if note.level == "info" else f"{note.level}: {note.text}"


def trial_line(entry: log.TrialEnded) -> str:
    """A trial of a search: what it came to, or why it ended before; nothing of one that was told before."""
    trial = entry.trial
    if entry.kept:
        return ""
    head = f"trial {whole(trial.number)} of {whole(entry.of - 1)}"
    if not trial.complete:
        return f"{head} {trial.state}: {trial.reason}"
    values = ", ".join(f"{name} {correlation(value)}" for name, value in trial.objectives.items())
    return f"{head}: {values}; {settings(trial.drawn)}"


def model_line(model: log.ModelFacts) -> str:
    """What is about to be trained, on how much."""
    parts = ("features", "lookback", "parameters", "train", "validation", "test", "purged", "dropped")
    known = ((part, getattr(model, part)) for part in parts)
    which = f" {model.member} of {model.members}" if model.member else ""
    return f"model{which}: {', '.join(f'{whole(value)} {part}' for part, value in known if value)}"


def rate(value: float | None) -> str:
    """A learning rate."""
    return f"{value:.1e}" if defined(value) else UNDEFINED


def epoch_line(epoch: log.Epoch) -> str:
    """One epoch that ended, as a line."""
    star = " *" if epoch.best_epoch == epoch.epoch else ""
    parts = [
        f"epoch {epoch.epoch}/{epoch.epochs}",
        f"loss {loss(epoch.loss)}",
        f"val loss {loss(epoch.val_loss)}{star}",
        f"best {epoch.best_epoch}",
        f"patience {epoch.wait}/{epoch.patience}",
        span(epoch.seconds),
        f"{whole(epoch.sequences_per_s)} samples/s",
    ]
    return "  ".join(parts)
