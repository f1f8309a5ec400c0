"""`quantdeck ledger`: every look at results on a test span, grouped by the bars that were looked at."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from engine.results.number_format import amount, signed_percent, whole
from engine.runs import trial_ledger, trial_store
from engine.runs.home import home_path
from tui.commands.answer import Answer
from tui.number_format import table

if TYPE_CHECKING:
    from engine.runs.trial_ledger import Evaluation


def ledger(home: str | None) -> Answer:
    """How often each span was looked at, by which runs, and how far the tries lay apart."""
    folder = home_path(home)
    looks, broken = trial_store.read(folder)
    path = str(trial_store.place(folder).path)
    spans = [SpanSummary.of(group) for group in trial_ledger.spans(looks)]
    document = {
        "spans": [each.document() for each in spans],
        "looks": [look_document(look) for look in looks],
        "broken": broken,
        "path": path,
        "sharpe": "annual",
    }
    if not looks:
        return Answer(document, f"no looks yet in {path}: nothing was backtested")
    header = (
        "market", "from", "to", "looks", "what-ifs", "different", "best return", "best Sharpe",
        "Sharpe spread", "last",
    )  # fmt: skip
    rows = [
        [
            each.market + (" SIMULATED" if each.simulated else ""),
            each.start[:10],
            each.end[:10],
            whole(each.looks),
            whole(each.what_ifs),
            whole(each.trials),
            signed_percent(each.best_total_return),
            amount(each.best_sharpe),
            amount(each.sharpe_deviation),
            each.last[:16].replace("T", " "),
        ]
        for each in spans
    ]
    lines = [f"in {path}, of all homes", table(header, rows, right=(3, 4, 5, 6, 7, 8))]
    if broken:
        lines.append(f"note: {broken} broken lines were left out; they may have been looks, too")
    lines.append("Sharpe ratios are annual. The more looks whose returns differ, the less the best one says.")
    return Answer(document, "\n".join(lines))


@dataclass(frozen=True)
class SpanSummary:
    """What the looks at one span amount to; Sharpe ratios are annual, None where nothing is known and
    of spans below 30 days.

    market: all names that it had. start, end: when the first and the last bar open, as results have it.
    until: when the last one closed. sharpe_deviation: of the different trials. runs, kinds: who looked, how
    often in which way.
    """

    market: str
    simulated: bool
    start: str
    end: str
    until: str
    looks: int
    what_ifs: int
    trials: int
    best_sharpe: float | None
    best_total_return: float | None
    sharpe_deviation: float | None
    runs: tuple[str, ...]
    kinds: dict[str, int]
    last: str

    @classmethod
    def of(cls, group: list[Evaluation]) -> Self:
        """Of all looks at a span, the oldest first."""
        last = group[-1]
        seen, annual = trial_ledger.trials(group, last), last.days_per_year**0.5
        long = [look for look in group if look.is_long]
        shown = trial_ledger.trials(long, last)
        sharpes = [look.sharpe for look in long if look.sharpe is not None]
        gains = [look.total_return for look in group if look.total_return is not None]
        return cls(
            market=", ".join(dict.fromkeys(look.market for look in group)),
            simulated=any(look.simulated for look in group),
            start=iso(min(look.from_ms for look in group)),
            end=iso(max(look.last_ms or look.to_ms for look in group)),
            until=iso(max(look.to_ms for look in group)),
            looks=len(group),
            what_ifs=seen.what_ifs,
            trials=seen.trials,
            best_sharpe=max(sharpes) * annual if sharpes else None,
            best_total_return=max(gains) if gains else None,
            sharpe_deviation=shown.variance**0.5 * annual if shown.trials > 1 else None,
            runs=tuple(sorted({look.run for look in group})),
            kinds=dict(Counter(look.kind for look in group)),
            last=last.at,
        )

    def document(self) -> dict[str, Any]:
        """For machines."""
        document = asdict(self)
        return {"from": document.pop("start"), "to": document.pop("end"), **document}


def look_document(look: Evaluation) -> dict[str, Any]:
    """A look for machines, its Sharpe ratio annual, none below 30 days; `sharpe_daily` as recorded."""
    daily = look.sharpe
    annual = None if daily is None or not look.is_long else daily * look.days_per_year**0.5
    return asdict(look) | {"sharpe": annual, "sharpe_daily": daily}


def iso(time_ms: int) -> str:
    """Milliseconds since 1970 as ISO 8601, UTC."""
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).isoformat().replace("+00:00", "Z")
