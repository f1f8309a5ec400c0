"""The grammar of the command line: commands, their options, and which function carries each out.

A function is named `module:function` under tui.commands and imported only when its command is given.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.commands.answer import Answer

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 130 interrupted."
FROM_FILE = "Settings come from FILE (default: ./quantdeck.toml if there is one), then -s."


@dataclass(frozen=True)
class Arguments:
    """What was given on the command line; a command sees the fields that its options fill."""

    home: str | None = None
    json: bool = False
    config: str | None = None
    overrides: list[str] = field(default_factory=list)
    name: str = ""
    detach: bool = False
    force: bool = False
    yes: bool = False
    run: str = "last"
    file: str = ""
    series: str = ""
    refetch: bool = False
    undo: bool = False
    seeds: int = 0
    candles: str = ""
    signals: str = ""
    text: str = ""
    runs: list[str] = field(default_factory=list)
    filter: str = ""
    sort: str = ""
    reverse: bool = False
    limit: int = 0
    trade: int = 0
    csv: str = ""


def option(kind: Any, default: Any, *names: str, **facts: Any) -> Parameter:
    """An option as typer reads it from a function's signature."""
    annotation = Annotated[kind, typer.Option(*names, show_default=False, **facts)]
    return Parameter(names[0].strip("-"), Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def argument(name: str, default: Any = Parameter.empty, **facts: Any) -> Parameter:
    """A positional argument; without a default it must be given."""
    annotation = Annotated[str, typer.Argument(show_default=False, **facts)]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def settings(*, hidden: bool) -> tuple[Parameter, ...]:
    """`-c` and `-s`, which every command takes; hidden where nothing depends on them."""
    override = "Override one setting, such as training.epochs=5; may be repeated."
    return (
        option(
            str | None, None, "--config", "-c", metavar="FILE", help="Settings file (TOML).", hidden=hidden
        ),
        option(list[str] | None, None, "--set", "-s", metavar="KEY=VALUE", help=override, hidden=hidden),
    )


HOME_HELP = "Where runs and data lie (default: $QUANTDECK_HOME, or else ./artifacts)."
COMMON = (
    option(str | None, None, "--home", metavar="DIR", help=HOME_HELP),
    option(bool, False, "--json", help="Print one JSON document, nothing else."),
)
DETACH = option(bool, False, "--detach", help="Print the run's id and return; the run goes on.")
CSV = option(str, "", "--csv", metavar="FILE", help="Write the rows to this file.")
STARTS = (option(str, "", "--name", metavar="TEXT", help="A name for the run."), DETACH)
RUN_HELP = "A run's id, an unambiguous beginning of it, or `last`"
RUN = argument("run", metavar="RUN", help=f"{RUN_HELP}.")
LAST_RUN = argument("run", "last", metavar="RUN", help=f"{RUN_HELP}; without it, the last with a model.")
LAST_RESULT = argument("run", "last", metavar="RUN", help=f"{RUN_HELP}; without it, the last backtest.")
RUNS = Parameter(
    "runs", Parameter.KEYWORD_ONLY,
    annotation=Annotated[list[str], typer.Argument(metavar="RUN RUN…", help=f"{RUN_HELP}; two or more.")],
)  # fmt: skip
FILE = argument("file", metavar="FILE")
TRY = "Settings are the run's; -s moves those of signal and backtest, whose group may be left out."


def add(
    group: typer.Typer, name: str, action: str, summary: str, *parameters: Parameter, settled: str = ""
) -> None:
    """Add a command to a group; `settled` says where its settings come from, empty if it needs none."""

    def command(**given: Any) -> Answer:
        arguments = of_given(given)
        if not settled:
            check(arguments)
        return function(action)(arguments)

    take(command, *parameters, *settings(hidden=not settled), *COMMON)
    group.command(name, help=f"{summary}\n\n{settled}", short_help=summary, epilog=EXIT_CODES)(command)


def take(command: Callable[..., object], *parameters: Parameter) -> None:
    """Give a function that takes anything the signature that typer shall read."""
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}


def of_given(given: dict[str, Any]) -> Arguments:
    """What typer read, as arguments."""
    others = {name: value for name, value in given.items() if name != "set"}
    return Arguments(overrides=list(given.get("set") or []), **others)


def check(arguments: Arguments) -> None:
    """Settings given to a command that needs none must be valid all the same."""
    if arguments.config or arguments.overrides:
        from tui.commands.settings import from_file

        from_file(arguments)


def function(action: str) -> Callable[[Arguments], Answer]:
    """Import what carries a command out."""
    module, _, name = action.partition(":")
    found: Callable[[Arguments], Answer] = getattr(importlib.import_module(f"tui.commands.{module}"), name)
    return found


def group(text: str, **options: Any) -> typer.Typer:
    """A group of commands; it prints nothing of its own accord and loads no rich."""
    return typer.Typer(
        help=text, epilog=EXIT_CODES, add_completion=False, rich_markup_mode=None,
        pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}, **options,
    )  # fmt: skip


def grammar() -> typer.Typer:
    """The whole command line."""
    app = group("A terminal for quantitative trading research. Without a command: the app.")
    context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    version = option(bool, False, "--version", help="Print the version and leave.")
    plain = option(bool, False, "--ascii", help="The app draws with plain characters only.")
    take(alone, context, version, plain, *COMMON)
    app.callback(invoke_without_command=True)(alone)
    add(
        app, "init", "init:init", "Write a commented quantdeck.toml here.",
        option(bool, False, "--force", help="Overwrite the file."),
        settled="Settings are the defaults, then -s; -c FILE gives the file another name.",
    )  # fmt: skip
    add(
        app, "demo", "pipeline:demo", "The whole pipeline on the embedded, SIMULATED exchange.", *STARTS,
        settled="Settings are the demo's own, on top of FILE if -c gives one, then -s.",
    )  # fmt: skip
    add(app, "run", "pipeline:run", "Collect, train and backtest.", *STARTS, settled=FROM_FILE)
    add(
        app, "train", "pipeline:train", "Collect and train.", *STARTS,
        option(int, 0, "--seeds", metavar="N", help="Train and backtest N seeds; report the spread."),
        settled=FROM_FILE,
    )  # fmt: skip
    add(
        app, "backtest", "pipeline:backtest", "Backtest a trained run as a new run.", LAST_RUN, *STARTS,
        settled="Settings are the trained run's, then those of FILE, only if -c gives one, then -s.",
    )  # fmt: skip
    text = "Repeat a finished run and compare the two, bit for bit."
    add(app, "reproduce", "integrity:reproduce", text, RUN, DETACH)
    add(app, "ledger", "trial_ledger:ledger", "How often somebody looked at results of the same bars.")
    result_commands(app)
    honesty_commands(app)
    app.add_typer(data_group(), name="data")
    app.add_typer(runs_group(), name="runs")
    return app


def result_commands(app: typer.Typer) -> None:
    """What can be done with results that are there."""
    text = "What a backtest comes to under other rules; a look that the ledger counts."
    add(app, "whatif", "results:whatif", text, LAST_RESULT, settled=TRY)
    text = "Every combination of some rules; the best, and what so many looks leave of it."
    add(
        app, "sweep", "sweep:sweep", text, LAST_RESULT, CSV,
        option(int, 20, "--limit", metavar="N", help="Print the N best variants; 0 for all (default: 20)."),
        settled="Settings are the run's; -s KEY=A,B,C tries each value, all keys combined.",
    )  # fmt: skip
    text = "Figures of runs side by side, and the settings in which they differ."
    add(app, "compare", "results:compare", text, RUNS)
    html = argument("file", "", metavar="FILE", help="An .html file (default: quantdeck-RUN.html).")
    text = "Write a backtest's report as one HTML file that needs no network."
    add(app, "report", "results:report", text, LAST_RESULT, html, settled=TRY)
    text = "List a backtest's trades, or write them to a CSV file."
    add(
        app, "trades", "results:trades", text, LAST_RESULT,
        option(str, "", "--filter", metavar="TEXT", help="Such as 'pnl<0 side=short bars>24 return>1%'."),
        option(str, "", "--sort", metavar="COLUMN", help="Order by a column (default: as traded)."),
        option(bool, False, "--reverse", help="From the largest, or the last, on."),
        option(int, 50, "--limit", metavar="N", help="Print at most N trades; 0 for all (default: 50)."),
        option(int, 0, "--trade", metavar="N", help="All facts of the trade with this number."),
        CSV, settled=TRY,
    )  # fmt: skip


def honesty_commands(app: typer.Typer) -> None:
    """What shows whether a result can be trusted."""
    candles, signals = (
        option(str, ..., f"--{name}", metavar="FILE", help=f"CSV or Parquet file of {name}.")
        for name in ("candles", "signals")
    )
    add(app, "audit", "studies:audit", "Does a run's past move when its future does?", LAST_RUN)
    text = "Trade anybody's signals by the same simulator."
    add(app, "simulate", "studies:simulate", text, candles, signals, *STARTS, settled=FROM_FILE)
    text = "Train fold by fold through time; one curve of all tests."
    add(app, "walkforward", "studies:walkforward", text, *STARTS, settled=FROM_FILE)
    text = "Train on SIMULATED markets whose truth is known."
    add(app, "calibrate", "studies:calibrate", text, *STARTS, settled=FROM_FILE)


def data_group() -> typer.Typer:
    """`data …`."""
    data = group("Stored series: status, update, import, export, verify, repair.")
    name = option(str, "", "--name", metavar="TEXT", help="Name of the series (default: the file's).")
    series = argument("series", metavar="SERIES")
    add(data, "status", "data:status", "List the stored series.")
    add(
        data,
        "update",
        "data:update",
        "Fetch what is missing of the settings' series.",
        option(bool, False, "--refetch", help="Ask again for what an exchange was found not to have."),
        *STARTS,
        settled=FROM_FILE,
    )
    add(data, "import", "data:load", "Store a CSV (also .gz) or Parquet file as a series.", FILE, name)
    add(data, "export", "data:export", "Write a stored series to a CSV or Parquet file.", series, FILE)
    add(data, "verify", "data:verify", "Check every stored series against its hash.")
    text = "Find what is wrong with a series' candles; mend it as the settings say (repair.gaps …)."
    undo = option(bool, False, "--undo", help="Take the last repair of the series back.")
    add(data, "repair", "data:repair", text, series, undo, settled=FROM_FILE)
    return data


def runs_group() -> typer.Typer:
    """`runs …`."""
    runs = group("Runs: list, show, follow, stop, resume, delete, rename, note, verify, import, seal.")
    yes = option(bool, False, "--yes", help="Do not ask.")
    words = option(str, "", "--filter", metavar="TEXT", help="Only runs with all these words.")
    add(runs, "list", "runs:listing", "List all runs.", words, CSV)
    epochs = option(str, "", "--csv", metavar="FILE", help="Write the epochs to this file.")
    add(runs, "show", "runs:show", "State, stages, epochs, result and error of a run.", RUN, epochs)
    add(runs, "follow", "runs:follow_again", "Watch a run that goes on; ctrl+c only leaves.", RUN)
    add(runs, "stop", "runs:stop", "Ask a run to stop cleanly, and wait until it has.", RUN)
    add(runs, "resume", "runs:resume", "Continue a stopped, failed or crashed run.", RUN, DETACH)
    add(runs, "delete", "runs:delete", "Delete a run with all its files.", RUN, yes)
    name, text = argument("name", metavar="NAME"), argument("text", metavar="TEXT")
    add(runs, "rename", "runs:rename", "Give a run another name; an empty one removes it.", RUN, name)
    add(runs, "note", "runs:note", "Keep a note on a run; an empty one removes it.", RUN, text)
    add(runs, "verify", "runs:verify", "Check a run's artifacts against its manifest.", LAST_RUN)
    folder = argument("file", metavar="FOLDER")
    add(runs, "import", "integrity:load", "Verify a run from elsewhere and copy it into this home.", folder)
    add(runs, "seal", "integrity:seal_again", "Seal a run that you trust with this home's key.", RUN)
    return runs


def alone(context: typer.Context, **given: Any) -> Answer | None:
    """What happens before a command, or without one; `--home` here holds for the command, too."""
    if given["version"]:
        from importlib.metadata import version

        print("quantdeck", version("quantdeck"))
        raise typer.Exit
    if given["home"]:
        os.environ["QUANTDECK_HOME"] = given["home"]
    if given["ascii"]:
        os.environ["QUANTDECK_ASCII"] = "1"
    if context.invoked_subcommand:
        return None
    from tui.commands.app import app

    return app(None, json=given["json"])
