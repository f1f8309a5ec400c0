"""`quantdeck sweep`: every combination of some rules on the predictions that a run has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.errors import ChangeSettingsError
from engine.runs.requests import EngineClient
from tui.commands.answer import Answer
from tui.commands.results import only_rules, with_result
from tui.export_csv import write_csv
from tui.number_format import amount, defined, percent, signed_percent, table, whole
from tui.what_if import Moves


def sweep(
    home: str | None,
    text: str,
    config: str | None,
    overrides: list[str] | None,
    *,
    csv: str = "",
    limit: int = 20,
) -> Answer:
    """The variants, the best Sharpe ratio first; each is a look that the ledger counts."""
    run = with_result(home, text)
    rules = only_rules(config, overrides)
    with EngineClient() as client:
        opened = client.ask({"do": "result.open", "run": str(run.path), "columns": 1})
        choices = choices_of(rules, opened["settings"])
        told = client.ask({"do": "result.sweep", "run": str(run.path), "choices": choices})
    written = {}
    if csv:
        rows = [{**row["settings"], **plain_figures(row)} for row in ranked(told["variants"])]
        written = {"path": str(write_csv(str(Path(csv).expanduser()), rows))}
    return Answer(told | {"choices": choices} | written, told_text(told, choices, limit) + saved(written))


def choices_of(rules: list[str], recorded: dict[str, Any]) -> dict[str, list[Any]]:
    """Which values of which settings `-s KEY=A,B,C` names. Raises ChangeSettingsError."""
    moves, choices = Moves(recorded), dict[str, list[Any]]()
    for text in rules:
        name, _, values = text.partition("=")
        for value in values.split(","):
            key, read = moves.read(f"{name}={value.strip()}")
            if read not in choices.setdefault(key, []):
                choices[key].append(read)
    if not choices:
        raise ChangeSettingsError(
            "sweep",
            "was given nothing to try",
            "Say such as -s entry_threshold=0.0005,0.001 -s fee_bps=2,5,10",
        )
    return choices


def plain_figures(row: dict[str, Any]) -> dict[str, Any]:
    """A variant's figures without its settings."""
    return {name: value for name, value in row.items() if name != "settings"}


def ranked(variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The highest Sharpe ratio first; those that have none last."""
    return sorted(variants, key=lambda row: (not defined(row["sharpe"]), -(row["sharpe"] or 0.0)))


def told_text(told: dict[str, Any], choices: dict[str, list[Any]], limit: int) -> str:
    """The table of the first variants, and what they leave of the best."""
    lines = ["SIMULATED market: these figures say nothing about a real one"] if told["simulated"] else []
    variants = ranked(told["variants"])
    moved = " × ".join(f"{len(values)} {key.partition('.')[2]}" for key, values in choices.items())
    lines.append(f"run {told['run']}   {whole(len(variants))} variants: {moved}")
    header = [key.partition(".")[2].replace("_", " ") for key in choices]
    header += ["total return", "Sharpe", "max drawdown %", "trades", "final value"]
    rows = [
        [
            *(str(row["settings"][key]) for key in choices),
            signed_percent(row["total_return"]),
            amount(row["sharpe"]),
            percent(row["max_drawdown"]),
            whole(row["trades"]),
            amount(row["final_value"]),
        ]
        for row in (variants[:limit] if limit else variants)
    ]
    lines.append(table(header, rows, right=range(len(header))))
    if len(rows) < len(variants):
        lines.append(f"{whole(len(rows))} of {whole(len(variants))} shown, --limit 0 shows all")
    return "\n".join([*lines, *on_best(told)])


def on_best(told: dict[str, Any]) -> list[str]:
    """What the best variant is worth after so many tries."""
    if told["best"] is None:
        return ["No variant trades ten times or more with a Sharpe ratio that is defined: none is the best."]
    best, ledger = told["variants"][told["best"]], told["ledger"]
    rules = "  ".join(f"{key}={value}" for key, value in best["settings"].items())
    luck = f"The best of {whole(ledger['trials'])} tries without any skill is expected at"
    return [
        f"best with ten trades or more: {rules}   Sharpe {amount(best['sharpe'])}",
        f"{luck} {amount(ledger['expected_best_sharpe'])}. {told['sentence']}",
    ]


def saved(written: dict[str, str]) -> str:
    """Where the table was written, if it was."""
    return f"\nwritten to {written['path']}" if written else ""
