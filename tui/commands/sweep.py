"""`quantdeck sweep`: every combination of some rules on the predictions that a run has."""

from __future__ import annotations

from typing import Any

from engine.disk import refuse_output
from engine.errors import ChangeSettingsError
from engine.plain_file import expanded
from engine.results.answers import SweepResult
from engine.results.codec import to_json
from engine.results.explanations import on_trials
from engine.runs.audit_status import caveats_of, unclaimed_of
from engine.runs.home import Home, home_path
from engine.runs.requests import EngineClient
from tui.commands.answer import Answer
from tui.commands.results import only_rules, recorded_of
from tui.commands.which_run import with_result
from tui.settings.what_if import RuleOverrides
from tui.text.csv_file import write_csv
from tui.text.sweep import ranked, sweep_table


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
    place = Home(home_path(home))
    if csv:
        refuse_output(expanded(csv), place.path, replace=True)  # before the work, not after it
    run = with_result(place, text)
    rules = only_rules(config, overrides)
    with EngineClient() as client:
        recorded = recorded_of(run, client)
        choices = choices_of(rules, recorded.settings)
        result = client.ask({"do": "result.sweep", "run": str(run.path), "choices": choices}, SweepResult)
    document = to_json(result) | {"choices": choices}
    caveats, unclaimed = caveats_of(run, recorded.result), unclaimed_of(run, recorded.result)
    document["caveats"] = caveats
    document["sentence"] = unclaimed or (on_trials(result.trials) if result.trials else "")
    shown = sweep_table(result, choices, limit, caveats, unclaimed)
    if not csv:
        return Answer(document, shown)
    rows = [row.pop("settings") | row for row in map(to_json, ranked(result.variants))]
    path = str(write_csv(csv, rows, place))
    return Answer(document | {"path": path}, f"{shown}\nwritten to {path}")


def choices_of(rules: list[str], recorded: dict[str, Any]) -> dict[str, list[Any]]:
    """Which values of which settings `-s KEY=A,B,C` names. Raises ChangeSettingsError."""
    moves, choices = RuleOverrides(recorded), dict[str, list[Any]]()
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
