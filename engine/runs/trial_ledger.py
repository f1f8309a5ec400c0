"""The trial ledger: every look at the results on a test span, of one user, whatever home they lie in.

Whoever tries often enough finds something that looks good by chance. How often was tried on the same stretch
of the same market, and how the tries' daily returns moved together, is what the deflated Sharpe ratio needs
to know (Bailey and López de Prado 2014). `trial_store` keeps it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.results.metrics import FEWEST_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WHAT_IF = "what-if"
DAY_MS, DAYS_PER_YEAR = 86_400_000, 365.0
SHARED = 0.5  # of the shorter span, from which on two looks are at the same bars
TIMEFRAME = re.compile(r" \d+[smhdwM]\b")


@dataclass(frozen=True)
class Evaluation:
    """One look at results on a span of bars.

    at: UTC, ISO 8601. kind: backtest, what-if, walk-forward, … run, of: ids of the run and of the model's
    run. market: exchange, symbol and timeframe, or the imported series. data: hash of the span's bars.
    from_ms, to_ms: [first open, last close). trial: hash of the equity curve; equal ones are one trial.
    sharpe: of a daily return, not annual; None where it is not defined. days_per_year: of the market, those
    with a session. home: the folder whose run it was. last_ms: when the last bar opened, 0 where that was not
    recorded. same_market: a number that all names and copies of one market share, 0 before it is recorded.
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
    days_per_year: float = 365.0
    symbol: str = ""
    timeframe: str = ""
    home: str = ""
    last_ms: int = 0
    same_market: int = 0

    @property
    def attempt(self) -> str:
        """Digest that is equal for looks at the same bars through the same model under the same settings."""
        content = json.dumps([self.of, self.data, self.settings], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def is_long(self) -> bool:
        """Whether the span has the 30 trading days that annual figures take."""
        dates = (self.to_ms - 1) // DAY_MS - self.from_ms // DAY_MS + 1
        return dates * self.days_per_year / DAYS_PER_YEAR >= FEWEST_DAYS

    def same_span(self, other: Evaluation) -> bool:
        """Whether both are at the same bars: the same market, and half of the shorter span in common."""
        return self.same_market == other.same_market and same_bars(
            (self.from_ms, self.to_ms), (other.from_ms, other.to_ms)
        )


class Counted(NamedTuple):
    """What counting needs of a look, named as there: a what-if counts hundreds of them."""

    trial: str
    sharpe: float | None
    kind: str


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


def same_bars(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two spans, [first open, last close) in ms, have half of the shorter one in common."""
    common = min(first[1], second[1]) - max(first[0], second[0])
    return common >= SHARED * min(first[1] - first[0], second[1] - second[0])


def finite(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def without_timeframe(market: str) -> str:
    """The name of a market, whatever its bars are."""
    return TIMEFRAME.sub("", market)


def trials(looks: Iterable[Evaluation], like: Evaluation) -> Trials:
    """What the looks at the span of `like` amount to."""
    return count([look for look in looks if look.same_span(like)])


def count(looks: Sequence[Evaluation | Counted]) -> Trials:
    """What looks at one span amount to."""
    sharpes = {look.trial: look.sharpe for look in looks}
    known = [value for value in sharpes.values() if value is not None]
    mean = math.fsum(known) / len(known) if known else 0.0
    spread = math.fsum((value - mean) ** 2 for value in known)
    what_ifs = sum(look.kind == WHAT_IF for look in looks)
    variance = spread / (len(known) - 1) if len(known) > 1 else 0.0
    return Trials(len(looks), len(sharpes), variance, what_ifs)


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
