"""The trial ledger of earlier versions: a file of JSON lines in each home, taken over once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import RepairDataError
from engine.runs.trial_ledger import Evaluation, finite

if TYPE_CHECKING:
    from pathlib import Path

FILE = "ledger.jsonl"
FEWEST_CLOSES, AGREEING = 8, 0.9  # sampled closes in common that tell, and the share that must be equal
TEXTS = ("at", "kind", "run", "of", "market", "data", "trial")
NUMBERS = ("from_ms", "to_ms", "bars")
FIGURES = ("sharpe", "total_return")


@dataclass(frozen=True)
class Line:
    """A line of the file. digest: of its text and of how often that stood before, so equal in a copy of it.

    closes: a few of the closes by the open times of their bars, in words.
    """

    digest: str
    look: Evaluation
    closes: dict[str, str]


def read(home: Path) -> tuple[list[Line], int]:
    """The looks of a home's file, and how many lines are broken. Raises RepairDataError."""
    path = home / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise RepairDataError(str(path), f"cannot be read: {error.strerror}", "Allow reading it") from None
    lines, before, broken = [], Counter[bytes](), 0
    for text in content.split(b"\n"):
        if not text.strip():
            continue
        digest = hashlib.sha256(b"%d " % before[text] + text).hexdigest()
        before[text] += 1
        found = line_of(text, str(home))
        if found is None:
            broken += 1
        else:
            lines.append(Line(digest, *found))
    return lines, broken


def line_of(text: bytes, home: str) -> tuple[Evaluation, dict[str, str]] | None:
    """The look that a line holds and its closes, None if it is broken."""
    try:
        row: dict[str, Any] = {"closes": {}, "days_per_year": 365.0} | dict(json.loads(text))
        known = {
            name: row[name] for name in (*TEXTS, *NUMBERS, *FIGURES, "simulated", "settings", "days_per_year")
        }
        closes = row["closes"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    proper = (
        all(isinstance(known[name], str) for name in TEXTS)
        and all(type(known[name]) is int for name in NUMBERS)
        and all(known[name] is None or finite(known[name]) for name in FIGURES)
        and isinstance(known["settings"], Mapping)
        and isinstance(closes, Mapping)
        and finite(known["days_per_year"])
    )
    return (Evaluation(**known, home=home), dict(closes)) if proper else None


def same_candles(first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether the sampled closes that both have agree, as a file's and those of its exchange do."""
    both = first.keys() & second.keys()
    agreeing = sum(first[time] == second[time] for time in both)
    return len(both) >= FEWEST_CLOSES and agreeing >= AGREEING * len(both)
