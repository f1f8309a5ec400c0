"""A search as plain text: the winner and its verdict first, then the odds, then the best trials."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from engine.hints import run_hint
from engine.results.number_format import amount, correlation, percent, whole
from engine.results.search import best_first
from tui.number_format import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.search import Drawn, Luck, SearchResult, SearchTrial
    from engine.runs.folder import RunFolder

BEST = 10  # trials that are told; --json and the report have all
WIDTH = 100
VERDICTS = (
    "winner beyond chance", "winner may be luck", "winner never traded", "search without verdict",
    "nothing claimed", "overfitting of a search",
)  # fmt: skip
AS_THEY_ARE = "the settings as they are"


def search_summary(run: RunFolder, result: SearchResult) -> str:
    """What a search came to."""
    counts = f"{whole(result.trials_complete)} complete, {whole(result.trials_pruned)} pruned"
    failed = f", {whole(result.trials_failed)} failed" if result.trials_failed else ""
    lines = [
        *(["SIMULATED market: these figures say nothing about a real one"] if result.simulated else []),
        f"Trials: {counts}{failed}, drawn by {result.sampler}, judged by {', '.join(result.objective)}",
        "Winner: trial " + str(result.winner) + ("" if result.winner_settings else f", {AS_THEY_ARE}"),
        *(f"  {key:<28} {setting(value)}" for key, value in result.winner_settings.items()),
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
    best = best_first(result.trials, result.objective[0])[:BEST]
    rows_of_trials = [[str(each.number), *figures(each)] for each in best]
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
        *nearest(luck, "what the {} nearest trials lose", "what the nearest trial loses"),
    ]


def nearest(luck: Luck, label: str, of_one: str) -> list[tuple[str, str]]:
    """What the winner's neighbours lose; nothing of a winner that has none."""
    lost = correlation(luck.neighbour_loss)
    said = of_one if luck.neighbours == 1 else label.format(whole(luck.neighbours))
    return [(said, lost)] if luck.neighbours else []


def setting(value: Drawn) -> str:
    """A drawn value in few characters: 0.00123456 → 0.001235."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(setting, value))}]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def settings(drawn: Mapping[str, Drawn]) -> str:
    """What differs from the settings as they are."""
    return ", ".join(f"{key} {setting(value)}" for key, value in drawn.items()) or AS_THEY_ARE


def figures(each: SearchTrial) -> list[str]:
    """What a trial came to, and what was drawn for it."""
    return [
        *map(correlation, each.objectives.values()),
        amount(each.sharpe),
        percent(each.total_return),
        settings(each.drawn),
    ]


def rows_of(trials: Sequence[SearchTrial]) -> list[dict[str, Any]]:
    """Trials as rows of a file, a column for each objective and each setting that was drawn."""
    return [
        {
            "trial": each.number, "state": each.state, **each.objectives, "sharpe": each.sharpe,
            "total_return": each.total_return, "epochs": each.epochs, "rules": each.rules,
            "reason": each.reason, **each.drawn,
        }
        for each in trials
    ]  # fmt: skip


def trials_summary(trials: Sequence[SearchTrial]) -> str:
    """Every trial in a line, the best first; those without an end last."""
    if not trials:
        return "No trial is done yet."
    objectives = tuple(trials[0].objectives)
    best = best_first(trials, objectives[0])
    rest = [each for each in trials if not each.complete]
    header = ("trial", "state", *objectives, "Sharpe", "return %", "what is drawn")
    rows = [[str(each.number), each.state, *figures(each)] for each in (*best, *rest)]
    return table(header, rows, right=(0, *range(2, len(header) - 1)))
