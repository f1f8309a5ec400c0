"""Many rules at once, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.caveats import SIMULATED
from engine.results.explanations import on_family, on_trials
from engine.results.number_format import amount, defined, percent, signed_percent, whole
from tui.number_format import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.results.answers import SweepResult, Variant


def sweep_table(
    result: SweepResult,
    choices: Mapping[str, list[Any]],
    limit: int,
    caveats: Sequence[str] = (),
    unclaimed: str = "",
) -> str:
    """The table of the first results, and what the looks leave of the best; limit 0: all of them.

    caveats: what must be read first; unclaimed: why nothing is claimed of the run.
    Variants that come to the same stand in one line with their number, under the rules of the first.
    """
    variants = ranked(result.variants)
    groups = equals(variants)
    several = len(groups) < len(variants)
    moved = " × ".join(f"{len(values)} {key.partition('.')[2]}" for key, values in choices.items())
    header = [key.partition(".")[2].replace("_", " ") for key in choices]
    header += ["total return", "Sharpe", "max drawdown %", "trades", "final value"]
    header += ["variants"] if several else []
    rows = [
        [
            *(str(each.settings[key]) for key in choices),
            signed_percent(each.total_return),
            amount(each.sharpe),
            percent(each.max_drawdown),
            whole(each.trades),
            amount(each.final_value),
            *([whole(1 + len(others))] if several else []),
        ]
        for each, *others in (groups[:limit] if limit else groups)
    ]
    different = "different results" if several else "variants"
    rest = [f"{whole(len(rows))} of {whole(len(groups))} {different} shown, --limit 0 shows all"]
    return "\n".join(
        [
            *caveats,
            *([SIMULATED] if result.simulated else []),
            f"run {result.run}   {whole(len(variants))} variants: {moved}",
            table(header, rows, right=range(len(header))),
            *(rest if len(rows) < len(groups) else []),
            *on_best(result, unclaimed),
        ]
    )


def ranked(variants: Iterable[Variant]) -> list[Variant]:
    """The highest Sharpe ratio first; those that have none last."""
    return sorted(variants, key=lambda each: -each.sharpe if defined(each.sharpe) else float("inf"))


def equals(variants: Iterable[Variant]) -> list[list[Variant]]:
    """Variants whose figures are all equal, together, in the order of the first ones."""
    groups: dict[str, list[Variant]] = {}
    for each in variants:
        groups.setdefault(str({**vars(each), "settings": None}), []).append(each)
    return list(groups.values())


def on_best(result: SweepResult, unclaimed: str) -> list[str]:
    """What the best variant is worth after so many tries; why nothing is claimed, where that is so."""
    if result.best is None or result.trials is None:
        return ["No variant trades ten times or more with a Sharpe ratio that is defined: none is the best."]
    best, trials = result.variants[result.best], result.trials
    rules = "  ".join(f"{key}={value}" for key, value in best.settings.items())
    head = f"best with ten trades or more: {rules}   Sharpe {amount(best.sharpe)}"
    if unclaimed:
        return [head, unclaimed]
    luck = (
        f"The best of {whole(trials.trials)} tries without any skill is expected at "
        f"{amount(trials.expected_best_sharpe)}. "
        if defined(trials.expected_best_sharpe)
        else ""
    )
    return [
        head,
        f"{luck}{on_trials(trials)}",
        *([on_family(result.family)] if result.family else []),
    ]
