"""What a run tells as it goes on, in lines: an event that lasts is one line, and so is an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.number_format import UNDEFINED, defined, loss, span, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.runs.events import Event


def lasting(event: Event) -> str:
    """The line that stays of an event, empty if there is none; epochs have their own."""
    line = LASTING.get(event["kind"])
    return line(event) if line else ""


def stage_line(event: Event) -> str:
    """A stage that ended, with its time."""
    return f"{event.get('stage')}: {span(event.get('seconds'))}" if event.get("state") == "end" else ""


def source_line(event: Event) -> str:
    """A source that ended or failed."""
    if event.get("state") == "failed":
        return f"  {event.get('series')}: failed: {event.get('error', '')}"
    simulated = " (SIMULATED)" if event.get("simulated") else ""
    return (
        f"  {event.get('series')}: {whole(event.get('rows'))} rows{simulated}"
        if event.get("state") == "end"
        else ""
    )


def model_line(event: Event) -> str:
    """What is about to be trained, on how much."""
    parts = ("features", "lookback", "parameters", "train", "validation", "test", "purged", "dropped")
    return f"model: {', '.join(f'{whole(event[part])} {part}' for part in parts if event.get(part))}"


def simulated_line(event: Event) -> str:
    """That the market is simulated; the word itself never lacks."""
    text = str(event.get("text", ""))
    return text if "SIMULATED" in text else f"SIMULATED: {text}"


def note_line(event: Event) -> str:
    """A note, with its level unless that is the usual one."""
    level = event.get("level", "info")
    return f"{'' if level == 'info' else f'{level}: '}{event.get('text', '')}"


def rate_line(event: Event) -> str:
    """The learning rate has changed."""
    before, after = (
        f"{rate:.1e}" if defined(rate := event.get(key)) else UNDEFINED for key in ("before", "after")
    )
    return f"learning rate {before} → {after}"


LASTING: dict[str, Callable[[Event], str]] = {
    "simulated": simulated_line,
    "stage": stage_line,
    "source": source_line,
    "note": note_line,
    "model": model_line,
    "early_stopped": lambda event: (
        f"stopped early after epoch {event.get('epoch')}; the best was {event.get('best_epoch')}"
    ),
    "learning_rate": rate_line,
}


def epoch_line(event: Event) -> str:
    """One epoch that ended, as a line."""
    star = " *" if event.get("best_epoch") == event.get("epoch") else ""
    parts = [
        f"epoch {event.get('epoch')}/{event.get('epochs')}",
        f"loss {loss(event.get('loss'))}",
        f"val loss {loss(event.get('val_loss'))}{star}",
        f"best {event.get('best_epoch')}",
        f"patience {event.get('wait')}/{event.get('patience')}",
        span(event.get("seconds")),
        f"{whole(event.get('sequences_per_s'))} sequences/s",
    ]
    return "  ".join(parts)
