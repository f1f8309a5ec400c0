"""The trial ledger: every look at the results on a test span, one JSON line each, appended and never edited.

Whoever tries often enough finds something that looks good by chance. How often was tried on the same stretch
of the same market, and how far the tries lay apart, is what the deflated Sharpe ratio needs to know (Bailey
and López de Prado 2014). Any number of processes may write: a look is one O_APPEND write.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from engine.disk import refusals
from engine.errors import RepairDataError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE = "ledger.jsonl"
VERSION = 1
NEWLINE = b"\n"
WHAT_IF = "what-if"
FEWEST_CLOSES, AGREEING = 8, 0.9  # sampled closes in common that tell, and the share that must be equal
SHARED = 0.5  # of the shorter span, from which on two looks are at the same bars


@dataclass(frozen=True)
class Evaluation:
    """One look at results on a span of bars.

    at: UTC, ISO 8601. kind: backtest, what-if, walk-forward, … run, of: ids of the run and of the model's
    run. market: exchange, symbol and timeframe, or the imported series. data: hash of the span's bars.
    from_ms, to_ms: [first open, last close). trial: hash of the equity curve; equal ones are one trial.
    sharpe: of a daily return, not annual; None where it is not defined. closes: a few of the closes by the
    open times of their bars, in words, to tell equal candles under other names. days_per_year: of the market,
    those with a session.
    """

    at: str
    kind: str
    run: str
    of: str
    market: str
    data: str
    from_ms: int
    to_ms: int
    bars: int
    trial: str
    sharpe: float | None
    total_return: float | None
    simulated: bool
    settings: dict[str, Any] = field(default_factory=dict)
    closes: dict[str, str] = field(default_factory=dict)
    days_per_year: float = 365.0

    @property
    def attempt(self) -> tuple[str, str, str]:
        """Equal for looks at the same bars through the same model under the same settings."""
        return self.of, self.data, json.dumps(self.settings, sort_keys=True)

    def same_span(self, other: Evaluation) -> bool:
        """Whether both are at the same bars: the same market, and half of the shorter span in common."""
        common = min(self.to_ms, other.to_ms) - max(self.from_ms, other.from_ms)
        if common < SHARED * min(self.to_ms - self.from_ms, other.to_ms - other.from_ms):
            return False
        return self.data == other.data or self.market == other.market or self.same_candles(other)

    def same_candles(self, other: Evaluation) -> bool:
        """Whether the sampled closes that both have agree, as a file's and those of its exchange do."""
        both = self.closes.keys() & other.closes.keys()
        agreeing = sum(self.closes[time] == other.closes[time] for time in both)
        return len(both) >= FEWEST_CLOSES and agreeing >= AGREEING * len(both)

    @classmethod
    def of_line(cls, line: bytes) -> Self | None:
        """The look that a line holds, None if it is broken; keys of later versions are left out."""
        try:
            told: dict[str, Any] = {"closes": {}, "days_per_year": 365.0} | dict(json.loads(line))
            known: dict[str, Any] = {each.name: told[each.name] for each in fields(cls)}
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        texts = ("at", "kind", "run", "of", "market", "data", "trial")
        numbers = ("from_ms", "to_ms", "bars")
        proper = (
            all(isinstance(known[name], str) for name in texts)
            and all(type(known[name]) is int for name in numbers)
            and all(known[name] is None or finite(known[name]) for name in ("sharpe", "total_return"))
            and isinstance(known["settings"], Mapping)
            and isinstance(known["closes"], Mapping)
            and finite(known["days_per_year"])
        )
        return cls(**known) if proper else None


@dataclass(frozen=True)
class Trials:
    """What the looks at one span amount to.

    variance: that of the different trials' Sharpe ratios of a day, ddof 1; 0 below two. what_ifs: how many of
    the looks were what-ifs.
    """

    looks: int
    trials: int
    variance: float
    what_ifs: int = 0


def finite(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def record(home: Path, look: Evaluation) -> None:
    """Append a look to the ledger of a home. Raises MakeRoomError."""
    path = home / FILE
    line = json.dumps({"v": VERSION} | vars(look), separators=(",", ":"), allow_nan=False) + "\n"
    with refusals(path):
        home.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(handle).st_size
            torn = (
                size > 0 and os.pread(handle, 1, size - 1) != NEWLINE
            )  # a writer died in the middle of a line
            rest = (NEWLINE if torn else b"") + line.encode()
            while rest:  # once, unless the disk takes only a part
                rest = rest[os.write(handle, rest) :]
        finally:
            os.close(handle)


class Reader:
    """The looks of a home, read again only where the ledger has grown: lines are never edited."""

    def __init__(self, home: Path) -> None:
        """Nothing is read yet."""
        self._path = home / FILE
        self._forget(0)

    def _forget(self, file: int) -> None:
        """Begin with a file, by its inode, at its first line."""
        self._file, self._offset = file, 0  # the end of the last whole line that was read
        self._looks: list[Evaluation] = []
        self._broken = 0
        self._attempts: set[tuple[str, str, str]] = set()
        self._gone_through = 0

    def read(self) -> tuple[list[Evaluation], int]:
        """All looks, oldest first, and how many lines are broken.

        Raises RepairDataError if it cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                facts = os.fstat(file.fileno())
                if facts.st_ino != self._file or facts.st_size < self._offset:
                    self._forget(facts.st_ino)
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            self._forget(0)
            return [], 0
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            raise RepairDataError(str(self._path), reason, "Allow reading it") from None
        whole, newline, torn = content.rpartition(NEWLINE)
        self._offset += len(whole) + len(newline)
        self._take(whole)
        last = Evaluation.of_line(torn) if torn.strip() else None
        looks = [*self._looks, last] if last else list(self._looks)
        return looks, self._broken + (last is None and bool(torn.strip()))

    def attempts(self) -> set[tuple[str, str, str]]:
        """What was tried so far; of all looks, only those that are new are gone through."""
        looks, _ = self.read()
        self._attempts.update(look.attempt for look in looks[self._gone_through :])
        self._gone_through = len(self._looks)  # without a last line that may yet be torn
        return set(self._attempts)

    def _take(self, content: bytes) -> None:
        lines = [Evaluation.of_line(line) for line in content.split(NEWLINE) if line.strip()]
        self._looks += [look for look in lines if look is not None]
        self._broken += lines.count(None)


def read(home: Path) -> tuple[list[Evaluation], int]:
    """All looks, oldest first, and how many lines are broken. Raises RepairDataError if it cannot be read."""
    return Reader(home).read()


def trials(looks: Iterable[Evaluation], like: Evaluation) -> Trials:
    """What the looks at the span of `like` amount to."""
    seen = [look for look in looks if look.same_span(like)]
    sharpes = {look.trial: look.sharpe for look in seen}
    known = [value for value in sharpes.values() if value is not None]
    mean = math.fsum(known) / len(known) if known else 0.0
    spread = math.fsum((value - mean) ** 2 for value in known)
    what_ifs = sum(look.kind == WHAT_IF for look in seen)
    variance = spread / (len(known) - 1) if len(known) > 1 else 0.0
    return Trials(len(seen), len(sharpes), variance, what_ifs)


def spans(looks: Iterable[Evaluation]) -> list[list[Evaluation]]:
    """The looks in groups that are at the same bars, in the order of the first of each."""
    groups: list[list[Evaluation]] = []
    for look in looks:
        group = next((group for group in groups if group[0].same_span(look)), None)
        if group is None:
            groups.append([look])
        else:
            group.append(look)
    return groups
