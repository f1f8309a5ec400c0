"""The state of a run as plain values, and back: what differs from that of a run of which nothing is known.

For what this very code has written; nothing is checked but the names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.search import Luck, SearchTrial
from engine.runs import log_entries as log
from engine.runs.error_codec import from_fields, to_fields
from engine.runs.fold import NAMES, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOTHING_KNOWN = State()


def to_json(state: State) -> dict[str, Any]:
    """The fields by their names; NaN stays as it is."""
    fields = {name: getattr(state, name) for name in NAMES}
    known = {name: value for name, value in fields.items() if value != getattr(NOTHING_KNOWN, name)}
    return {name: to_fields(value) if name == "error" else as_fields(value) for name, value in known.items()}


def as_fields(value: Any) -> Any:
    """Entries of the log as tables of what is known of them."""
    if isinstance(value, SearchTrial | Luck):
        return vars(value)
    if isinstance(value, log.LogEntry):
        nothing = type(value).__dataclass_fields__
        return {name: as_fields(item) for name, item in vars(value).items() if item != nothing[name].default}
    if isinstance(value, dict):
        return {key: as_fields(item) for key, item in value.items()}
    return [as_fields(item) for item in value] if isinstance(value, tuple) else value


def from_json(fields: Mapping[str, Any]) -> State:
    """The state that `to_json` wrote down. Raises TypeError for names of something else."""
    return State(
        **{name: READERS[name](value) if name in READERS else value for name, value in fields.items()}
    )


READERS: dict[str, Callable[[Any], Any]] = {
    "error": from_fields,
    "sources": lambda fields: {name: log.SourceProgress(**each) for name, each in fields.items()},
    "model": lambda fields: log.ModelFacts(**fields),
    "history": lambda fields: tuple(log.Epoch(**each) for each in fields),
    "trials": lambda fields: tuple(
        log.TrialEnded(**each | {"trial": SearchTrial(**each["trial"])}) for each in fields
    ),
    "search": lambda fields: log.SearchSoFar(**fields | {"luck": Luck(**fields["luck"])}),
    "trace": lambda fields: tuple((batch, loss) for batch, loss in fields),
    "notes": lambda fields: tuple(log.LogNote(**each) for each in fields),
}
