"""`quantdeck ledger`: every look at results on a test span, grouped by the bars that were looked at."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.runs import trial_ledger
from engine.runs.folder import home_path
from tui.commands.answer import Answer
from tui.number_format import amount, signed_percent, table, whole

if TYPE_CHECKING:
    from engine.runs.trial_ledger import Look

PER_YEAR = 365**0.5


def ledger(home: str | None) -> Answer:
    """How often each span was looked at, by which runs, and how far the tries lay apart."""
    path = home_path(home)
    looks, broken = trial_ledger.read(path)
    spans = [described(group) for group in trial_ledger.spans(looks)]
    document = {"spans": spans, "looks": [asdict(look) for look in looks], "broken": broken}
    if not looks:
        return Answer(document, f"no looks yet in {path}: nothing was backtested there")
    header = (
        "market",
        "from",
        "to",
        "looks",
        "what-ifs",
        "different",
        "best return",
        "best Sharpe",
        "Sharpe spread",
        "last",
    )
    rows = [
        [
            span["market"] + (" SIMULATED" if span["simulated"] else ""),
            span["from"][:10],
            span["to"][:10],
            whole(span["looks"]),
            whole(span["what_ifs"]),
            whole(span["trials"]),
            signed_percent(span["best_total_return"]),
            amount(span["best_sharpe"]),
            amount(span["sharpe_deviation"]),
            span["last"][:16].replace("T", " "),
        ]
        for span in spans
    ]
    lines = [table(header, rows, right=(3, 4, 5, 6, 7, 8))]
    if broken:
        lines.append(f"note: {broken} broken lines were left out; they may have been looks, too")
    lines.append(
        "Sharpe ratios are annual. The more different looks, the wider apart, the less the best one says."
    )
    return Answer(document, "\n".join(lines))


def described(group: list[Look]) -> dict[str, Any]:
    """What the looks at one span amount to."""
    last = group[-1]
    seen = trial_ledger.trials(group, last)
    sharpes = [look.sharpe for look in group if look.sharpe is not None]
    gains = [look.total_return for look in group if look.total_return is not None]
    return {
        "market": last.market,
        "simulated": any(look.simulated for look in group),
        "from": iso(min(look.from_ms for look in group)),
        "to": iso(max(look.to_ms for look in group)),
        "looks": len(group),
        "what_ifs": seen.what_ifs,
        "trials": seen.trials,
        "best_sharpe": max(sharpes) * PER_YEAR if sharpes else None,
        "best_total_return": max(gains) if gains else None,
        "sharpe_deviation": seen.variance**0.5 * PER_YEAR if seen.trials > 1 else None,
        "runs": sorted({look.run for look in group}),
        "kinds": {kind: sum(look.kind == kind for look in group) for kind in {look.kind for look in group}},
        "last": last.at,
    }


def iso(time_ms: int) -> str:
    """Milliseconds since 1970 as ISO 8601, UTC."""
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).isoformat().replace("+00:00", "Z")
