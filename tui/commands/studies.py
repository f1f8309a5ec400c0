"""`quantdeck audit|calibrate|simulate|walkforward` and `train --seeds`: can a result be trusted?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.disk import write_whole
from engine.errors import ChangeSettingsError
from engine.runs.folder import Home, home_path
from engine.runs.requests import ask
from tui.commands.answer import Answer
from tui.commands.pipeline import carry_out, start, with_model
from tui.commands.settings import from_file

if TYPE_CHECKING:
    from tui.arguments import Arguments


def audit(arguments: Arguments) -> Answer:
    """Replay a run on cut and changed histories; exit code 1 when the past moved."""
    home = Home(home_path(arguments.home))
    run = with_model(home, "last") if arguments.run == "last" else home.find(arguments.run)
    told = ask({"do": "run.audit", "run": str(run.path), "home": str(home.path)})
    text = (
        f"run {run.id}: leak audit {told['seal']}: {told['histories']} histories, cut or changed after "
        f"{', '.join(told['cuts'])}"
    )
    if told["seal"] == "passed":
        return Answer(
            told, f"{text}\nNothing known before a cut moved in any of {len(told['stages'])} stages."
        )
    first = told["first"]
    error = {
        "class": "RepairDataError",
        "thing": f"run {run.id}, stage {first['stage']}",
        "reason": first["sentence"],
        "remedy": "Its results know the future: mend that stage, then train again",
        "exit_code": 1,
    }
    others = [f"  also {finding['sentence']}" for finding in told["findings"][1:]]
    return Answer(told, "\n".join([text, *others]), error)


def calibrate(arguments: Arguments) -> Answer:
    """Train on simulated markets of which it is known what can be forecast."""
    return start(arguments, "calibrate", from_file(arguments))


def walkforward(arguments: Arguments) -> Answer:
    """Train fold by fold, trade all of them as one."""
    return start(arguments, "walkforward", from_file(arguments))


def seeds(arguments: Arguments) -> Answer:
    """Train and backtest with several seeds."""
    counted = [*arguments.overrides, f"training.seeds={arguments.seeds}"]
    return start(arguments, "seeds", from_file(replace(arguments, overrides=counted)))


def simulate(arguments: Arguments) -> Answer:
    """Trade the signals of a file over the candles of another."""
    paths = {name: Path(getattr(arguments, name)).absolute() for name in ("candles", "signals")}
    for name, path in paths.items():
        if not path.is_file():
            raise ChangeSettingsError(f"--{name} {path}", "is no file", "Name a CSV or Parquet file")
    run = Home(home_path(arguments.home)).create("simulate", from_file(arguments), name=arguments.name)
    inputs = {name: str(path) for name, path in paths.items()}
    write_whole(run.path / "inputs.json", json.dumps(inputs).encode())
    return carry_out(run, detach=arguments.detach)
