"""What the screen Backtest says, as lines made of a result."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.number_format import UNDEFINED, amount, defined, percent, signed_percent, whole
from tui.widgets.lines import Line, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.runs.folder import RunFolder

# key, label, unit, how it is written, whether it stands on a small screen
METRICS: tuple[tuple[str, str, str, Callable[[Any], str], bool], ...] = (
    ("final_value", "final value", "", amount, True),
    ("total_return", "total return", "%", percent, True),
    ("cagr", "CAGR", "%/year", percent, False),
    ("sharpe", "Sharpe", "", amount, True),
    ("probabilistic_sharpe", "P(Sharpe > 0)", "%", percent, True),
    ("max_drawdown", "max drawdown", "%", percent, True),
    ("trades", "trades", "", whole, True),
    ("win_rate", "win rate", "%", percent, False),
    ("profit_factor", "profit factor", "", amount, False),
    ("exposure", "exposure", "% of bars", percent, False),
    ("volatility", "volatility", "%/year", percent, False),
    ("sortino", "Sortino", "", amount, False),
    ("calmar", "Calmar", "", amount, False),
    ("longest_under_water", "under water", "days", amount, False),
    ("sharpe_bar", "Sharpe (bar)", "", amount, False),
    ("ulcer_index", "ulcer index", "%", percent, False),
    ("cvar", "CVaR 5 %", "%/day", percent, False),
    ("skew", "skew", "", amount, False),
    ("kurtosis", "kurtosis", "", amount, False),
    ("turnover", "turnover", "×/year", amount, False),
    ("expectancy", "expectancy", "%/trade", percent, False),
    ("payoff_ratio", "payoff ratio", "", amount, False),
    ("sqn", "SQN", "", amount, False),
)
NAMES = {
    "signal.entry_threshold": "threshold",
    "backtest.fee_bps": "fee bps",
    "backtest.slippage_bps": "slippage bps",
}
SEALS = {"passed": "good", "failed": "alarm", "not run": "warn"}
ROOMY = 120  # columns from which on a line need not be short
DEFLATED = "deflated Sharpe"
LABEL, NUMBER, ASIDE = 20, 13, 18
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "year")


def title(run: RunFolder, told: Mapping[str, Any], width: int) -> Line:
    """Which run, which span."""
    left: Line = [(" Backtest  ", "bright"), (run.id, "live"), (f" {run.name}", "")]
    start, end = (str(told.get(key) or UNDEFINED)[:10] for key in ("start", "end"))
    right = f"{told.get('symbol', '')}  {start} → {end}  {whole(told.get('bars'))} bars "
    return spread(left, [(right, "quiet")], width)


@dataclass(frozen=True)
class Shown:
    """What the banner tells: the result, the moved settings (key, before, now), tries, audit's seal."""

    told: Mapping[str, Any]
    moved: Sequence[tuple[str, Any, Any]]
    tries: int
    seal: str


def banner(shown: Shown, width: int) -> Line:
    """What must be seen before the figures: an invented market, other rules, the fills, the audit's seal."""
    told = shown.told
    simulated: Line = [("SIMULATED", "warn"), ("  ", "")] if told.get("simulated") else []
    seal: Line = [("   leak audit ", "quiet"), (f"{shown.seal} ", SEALS.get(shown.seal, "warn"))]
    if shown.moved:
        said = "  ".join(
            f"{NAMES.get(key, key.partition('.')[2])} {short(old)} → {short(new)}"
            for key, old, new in shown.moved
        )
        left: Line = [(" ", ""), *simulated, ("WHAT-IF", "alarm"), (f"  {said}", "live")]
        right: Line = [(f"  try {shown.tries}   ", ""), ("0", "bright"), (" back ", "quiet")]
        return spread(left, [*right, *seal] if width >= ROOMY else right, width)
    costs = told.get("costs") or {}
    fee, slippage = (f"{short(costs.get(name))} bps" for name in ("fee_bps", "slippage_bps"))
    optimistic = " (optimistic)" if told.get("fill") == "same-close" else ""
    slipped = f", slippage {slippage}" if width >= ROOMY or not simulated else ""
    fills = f"fills at {told.get('fill')}{optimistic}, fee {fee}{slipped}"
    said = "an invented market   " if simulated and width >= ROOMY else ""
    return spread([(" ", ""), *simulated, (f"{said}{fills}", "quiet")], seal, width)


def short(value: Any) -> str:
    """A setting's value in few characters."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def figures(told: Mapping[str, Any], ledger: Mapping[str, Any], rows: int) -> list[Line]:
    """Strategy, buy and hold, difference: the decimal points under each other; as many rows as fit.

    The Sharpe ratio has its interval under it, and the deflated one with the number of looks it is for.
    """
    own, other = told.get("metrics") or {}, told.get("benchmark") or {}
    head = "".join(text.rjust(NUMBER) for text in ("strategy", "buy & hold", "Δ"))
    lines: list[Line] = [[(f" {' ' * LABEL}{head}", "quiet")]]
    large = rows > sum(small for *_, small in METRICS) + 3
    intervals = told.get("intervals") or {}
    for key, label, unit, write, small in METRICS:
        if not (large or small):
            continue
        mine, theirs = own.get(key), other.get(key)
        apart = mine - theirs if defined(mine) and defined(theirs) else None
        line: Line = [(f" {label}", ""), (unit.rjust(LABEL - len(label) - 1) + " ", "quiet")]
        line += [
            (pointed(mine, write), "bright"),
            (pointed(theirs, write), ""),
            (delta(apart, write), "quiet"),
        ]
        if key in {"total_return", "cagr"}:
            line[2] = (line[2][0], tone(mine))
        lines.append(line)
        if key == "sharpe" and intervals:
            spans = [(intervals.get(name) or {}).get("sharpe") for name in ("strategy", "benchmark")]
            lines.append(
                [("   95 % interval".ljust(LABEL + 1), "quiet"), *((ends(span), "") for span in spans)]
            )
        if key == "probabilistic_sharpe" and ledger:
            lines.append(deflated(ledger))
    return lines[:rows]


def deflated(ledger: Mapping[str, Any]) -> Line:
    """The deflated Sharpe ratio, and for how many looks at the bars."""
    looks, tries = ledger.get("looks"), ledger.get("what_ifs")
    counted = f"  {whole(looks)} look{'' if looks == 1 else 's'}"
    counted += f", {whole(tries)} what-if" if tries else ""
    unit = "%".rjust(LABEL - len(DEFLATED) - 1)
    value = pointed(ledger.get("deflated_sharpe"), percent)
    return [(f" {DEFLATED}", ""), (f"{unit} ", "quiet"), (value, "bright"), (counted, "quiet")]


def pointed(value: Any, write: Callable[[Any], str]) -> str:
    """A number whose decimal point lies where those of its column do."""
    text = write(value)
    return (text if "." in text else f"{text}   ").rjust(NUMBER)


def delta(value: Any, write: Callable[[Any], str]) -> str:
    """A difference, with its sign."""
    text = write(value)
    return pointed(f"+{text}" if defined(value) and value > 0 else text, str)


def tone(value: Any) -> str:
    """The role of a gain or a loss."""
    return "bright" if not defined(value) or value == 0 else "good" if value > 0 else "bad"


def ends(span: Any) -> str:
    """An interval."""
    return (f"{span[0]:.2f}…{span[1]:.2f}" if span and all(map(defined, span)) else UNDEFINED).rjust(NUMBER)


def aside(told: Mapping[str, Any]) -> list[Line]:
    """Quality of the forecasts, and what trading cost."""
    seen, costs = told.get("forecast") or {}, told.get("costs") or {}
    right, low, high = (percent(seen.get(f"directional_accuracy{end}")) for end in ("", "_low", "_high"))
    rows = [
        ("IC", four_digits(seen.get("ic"))),
        ("  p", four_digits(seen.get("ic_p_value"))),
        ("R²", four_digits(seen.get("r2"))),
        ("right %", right),
        ("", f"{low} … {high}"),
    ]
    paid = [
        (f"fees {short(costs.get('fee_bps'))}bp", amount(costs.get("fees"))),
        (f"slip {short(costs.get('slippage_bps'))}bp", amount(costs.get("slippage"))),
        *((name, amount(costs.get(name))) for name in ("funding", "borrow") if costs.get(name)),
    ]
    off = costs.get("fee_bps") == 0 and costs.get("slippage_bps") == 0
    head: list[Line] = [[("forecast", "bright")]]
    lines = head + [pair(*row) for row in rows]
    lines.append([("COSTS OFF" if off else "costs", "warn" if off else "bright")])
    return lines + [pair(*row) for row in paid]


def pair(label: str, value: str) -> Line:
    """A label and its value in the narrow column."""
    return [(label, "quiet"), (value.rjust(ASIDE - len(label)), "")]


def four_digits(value: Any) -> str:
    """Four digits after the point."""
    return f"{value:.4f}" if defined(value) else UNDEFINED


def fills(
    told: Mapping[str, Any], recorded: Mapping[str, Any], width: int, *, tried: bool = False
) -> list[Line]:
    """The run's decisions filled in kinder and harsher ways, what hangs on that, and the notes.

    `tried` says that `told` is by other rules than the run's; the ways stay those of the run.
    """
    whose = "of the run as it was recorded" if tried else f"the run fills at {told.get('fill', UNDEFINED)}"
    lines: list[Line] = [[(" fills", "bright"), (f"  {whose}", "quiet")]]
    ways = (recorded.get("fills") or {}).get("ways") or []
    lines.append(
        [(f" {'':<27}{'return':>11}{'Sharpe':>9}{'trades':>8}", "quiet")]
        if ways
        else [(" not in this result: b backtests the run again, with them", "quiet")]
    )
    for way in ways:
        gained = signed_percent(way["total_return"])
        lines.append(
            [
                (f" {way['name']:<27}", ""),
                (f"{gained:>11}", tone(way["total_return"])),
                (f"{amount(way['sharpe']):>9}{whole(way['trades']):>8}", ""),
            ]
        )
    said = recorded.get("sentences") or {}
    for text in (said[name] for name in ("fills", "permutation", "baselines") if said.get(name)):
        lines += paragraph(text, width)
    if counted := (told.get("sentences") or {}).get("ledger"):
        lines += paragraph(counted, width)
    for note in told.get("notes") or []:
        lines += paragraph(str(note), width, "warn")
    return lines


def paragraph(text: str, width: int, role: str = "") -> list[Line]:
    """A sentence, wrapped where the panel ends."""
    return [[(f" {line}", role)] for line in textwrap.wrap(text, max(width - 2, 20))]


def months(told: Mapping[str, Any], width: int) -> list[Line]:
    """Monthly returns in percent, a row a year; without decimals where there is little room."""
    cell, digits, last = (6, 1, 8) if width >= 5 + 12 * 6 + 8 else (5, 0, 7)
    lines: list[Line] = [[(" monthly returns %", "bright")]]
    lines.append(
        [(f"     {''.join(name.rjust(cell) for name in MONTHS[:12])}{MONTHS[12].rjust(last)}", "quiet")]
    )
    for year, values in (told.get("months") or {}).items():
        line: Line = [(f" {year}", "quiet")]
        for number, value in enumerate(values):
            text = f"{value * 100:+.{digits}f}" if defined(value) else ""
            line.append((text.rjust(last if number == 12 else cell), tone(value) if text else ""))
        lines.append(line)
    return lines
