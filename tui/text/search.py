"""A search as plain text: the winner and its verdict first, then the odds, then the best trials."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from engine.hints import run_hint
from engine.results.number_format import amount, correlation, percent, whole
from tui.number_format import table

if TYPE_CHECKING:
    from engine.results.search import Luck, SearchResult, SearchTrial
    from engine.runs.folder import RunFolder

BEST = 10  # trials that are told; --json and the report have all
WIDTH = 100
VERDICTS = (
    "winner beyond chance", "winner may be luck", "winner never traded", "search without verdict",
    "overfitting of a search",
)  # fmt: skip
LEAST = ("max_drawdown",)  # objectives that are best when they are least


def search_summary(run: RunFolder, result: SearchResult) -> str:
    """What a search came to."""
    counts = f"{whole(result.trials_complete)} complete, {whole(result.trials_pruned)} pruned"
    failed = f", {whole(result.trials_failed)} failed" if result.trials_failed else ""
    lines = [
        *(["SIMULATED market: these figures say nothing about a real one"] if result.simulated else []),
        f"Trials: {counts}{failed}, drawn by {result.sampler}, judged by {', '.join(result.objective)}",
        f"Winner: trial {result.winner}{'' if result.winner_settings else ', the settings as they are'}",
        *(f"  {key:<28} {value}" for key, value in result.winner_settings.items()),
        *(textwrap.fill(note.text, WIDTH) for note in result.notes if note.code in VERDICTS),
        "",
        table(("odds of luck", ""), odds(result.luck), right=(1,)),
    ]
    if result.importance:
        rows = [(key, f"{percent(share)} %") for key, share in result.importance.items()]
        lines += ["", table(("importance", ""), rows, right=(1,))]
    if result.front:
        lines += ["", f"Pareto front: trials {', '.join(map(str, result.front))}"]
    header = ("best trials", *result.objective, "Sharpe", "return %", "what is drawn")
    rows_of_trials = [row(each, result) for each in best(result)]
    lines += ["", table(header, rows_of_trials, right=range(1, len(header) - 1))]
    traded = run_hint(run.path.with_name(result.winner_run), "runs show RUN")
    lines += ["", f"Traded on the test from {result.tested_from[:10]}: {traded}"]
    lines += [f"note: {note.text}" for note in result.notes if note.code not in VERDICTS]
    return "\n".join(lines)


def odds(luck: Luck) -> list[tuple[str, str]]:
    """A line for each of the odds."""
    return [
        ("out-of-fold days", whole(luck.days)),
        ("trials that count", whole(luck.trials)),
        ("Sharpe of the winner, out of fold", amount(luck.sharpe)),
        ("best Sharpe of so many without skill", amount(luck.expected_best_sharpe)),
        ("deflated Sharpe", correlation(luck.deflated_sharpe)),
        ("PBO", correlation(luck.overfitting)),
        ("SPA above nothing, p", correlation(luck.spa)),
        ("SPA above the settings as they are, p", correlation(luck.spa_default)),
        ("SPA above buy and hold, p", correlation(luck.spa_hold)),
        ("Reality Check above nothing, p", correlation(luck.reality_check)),
        ("Sharpe of the middle 95 % of trials", f"{amount(luck.low_sharpe)} … {amount(luck.high_sharpe)}"),
        (f"what the {whole(luck.neighbours)} nearest trials lose", correlation(luck.neighbour_loss)),
    ]


def best(result: SearchResult) -> list[SearchTrial]:
    """The best trials by the first objective."""
    name = result.objective[0]
    sign = 1.0 if name in LEAST else -1.0
    complete = [each for each in result.trials if each.state == "complete"]
    return sorted(complete, key=lambda each: (sign * each.objectives[name], each.number))[:BEST]


def row(each: SearchTrial, result: SearchResult) -> list[str]:
    """A trial in a row."""
    drawn = ", ".join(f"{key} {value}" for key, value in each.drawn.items())
    return [
        str(each.number),
        *(correlation(each.objectives[name]) for name in result.objective),
        amount(each.sharpe),
        percent(each.total_return),
        drawn or "the settings as they are",
    ]
