"""The options that commands share, as typer reads them from a function's parameters."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import typer

EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 130 interrupted."
FROM_FILE = "Settings come from FILE (default: ./quantdeck.toml if there is one), then -s."
RULES = "Settings are the run's; -s moves those of signal and backtest, whose group may be left out."
A_RUN = "A run's id or name, an unambiguous beginning of one, or `last`"
OVERRIDE = "Override one setting, such as training.epochs=5; may be repeated."
ONE_RULE = "Change one rule, such as fee_bps=5; may be repeated."
SOME_VALUES = "Try each value of one rule, such as fee_bps=2,5,10; may be repeated."

Hints = Mapping[str, str | bool]  # the options of HINTS that were given
NO_HINTS: Hints = MappingProxyType({})
F = TypeVar("F", bound=Callable[..., object])


def option(*names: str, **facts: Any) -> typer.models.OptionInfo:
    """An option whose default its help names where it matters."""
    found: typer.models.OptionInfo = typer.Option(*names, show_default=False, **facts)
    return found


def argument(metavar: str, text: str = "") -> typer.models.ArgumentInfo:
    """A positional argument."""
    found: typer.models.ArgumentInfo = typer.Argument(metavar=metavar, help=text, show_default=False)
    return found


HomeDir = Annotated[
    str | None,
    option(
        "--home",
        metavar="DIR",
        help="Where runs and data lie (default: $QUANTDECK_HOME, or else artifacts here or above).",
    ),
]
Json = Annotated[bool, option("--json", help="Print one JSON document, nothing else.")]
Plain = Annotated[
    bool | None,
    option("--ascii/--no-ascii", help="Plain characters only, or all (default: what the terminal can show)."),
]
View = Annotated[
    bool, option("--view", help="The app only shows: nothing is started, stopped, changed or deleted.")
]
Config = Annotated[str | None, option("--config", "-c", metavar="FILE", help="Settings file (TOML).")]
Overrides = Annotated[list[str] | None, option("--set", "-s", metavar="KEY=VALUE", help=OVERRIDE)]
Rules = Annotated[list[str] | None, option("--set", "-s", metavar="KEY=VALUE", help=ONE_RULE)]
Values = Annotated[list[str] | None, option("--set", "-s", metavar="KEY=A,B,C", help=SOME_VALUES)]
# Taken by commands on which no setting bears, or no file.
NoConfig = Annotated[str | None, option("--config", "-c", metavar="FILE", hidden=True)]
NoOverrides = Annotated[list[str] | None, option("--set", "-s", metavar="KEY=VALUE", hidden=True)]
EVERYWHERE = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
    for name, default, kind in [
        ("config", None, NoConfig),
        ("overrides", None, NoOverrides),
        ("home", None, HomeDir),
        ("json", False, Json),
        ("plain", None, Plain),
    ]
]
HINTS = [  # what somebody says about files: the fields of engine.data.importing.hints.Hints
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
    for name, default, kind in [
        ("dates", "", Annotated[str, option("--dates", metavar="ORDER",
            help="Of 01/02/2024: day-first or month-first.")]),
        ("timezone", "", Annotated[str, option("--timezone", metavar="ZONE",
            help="Of times without one, such as Europe/Berlin.")]),
        ("label", "", Annotated[str, option("--label", metavar="END",
            help="Of a bar, that its time is: open or close.")]),
        ("decimal", "", Annotated[str, option("--decimal", metavar="MARK",
            help="Of numbers such as 1.234: point or comma.")]),
        ("part", "", Annotated[str, option("--part", metavar="PART",
            help="Of a file whose step changes: finer or later.")]),
        ("memory_limit", "", Annotated[str, option("--memory-limit", metavar="GB",
            help="Memory that reading may take (default: what is left).")]),
        ("accept_losses", False, Annotated[bool, option("--accept-losses",
            help="Take what is sound, though more than 1 % is not.")]),
    ]
]  # fmt: skip

Name = Annotated[str, option("--name", metavar="TEXT", help="A name for the run.")]
Detach = Annotated[bool, option("--detach", help="Print the run's id and return; the run goes on.")]
Csv = Annotated[str, option("--csv", metavar="FILE", help="Write the rows to this file.")]
Force = Annotated[bool, option("--force", help="Replace the file if it exists.")]
Run = Annotated[str, argument("RUN", f"{A_RUN}.")]
LastModel = Annotated[str, argument("RUN", f"{A_RUN}; without it, the last with a model.")]
LastBacktest = Annotated[str, argument("RUN", f"{A_RUN}; without it, the last backtest.")]
LastFiles = Annotated[str, argument("RUN", f"{A_RUN}; without it, the last that has saved its files.")]
Runs = Annotated[list[str], argument("RUN RUN…", f"{A_RUN}; two or more.")]
Series = Annotated[str, argument("SERIES")]
File = Annotated[str, argument("FILE")]


def new_group(text: str = "") -> typer.Typer:
    """A group of commands; it prints nothing of its own accord and loads no rich."""
    return typer.Typer(
        help=text, epilog=EXIT_CODES, add_completion=False, rich_markup_mode=None,
        pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip


def command(group: typer.Typer, name: str, settings: str = "") -> Callable[[F], F]:
    """Add a function to a group: its docstring is the help, `settings` says where its settings come from.

    Every command takes EVERYWHERE's options, so that one command line can be used for all of them; what the
    function does not take is only checked. In the place of a parameter `hints` it takes HINTS, as a dict of
    those that were given.
    """

    def add(function: F) -> F:
        own = inspect.signature(function).parameters
        more = [each for each in EVERYWHERE if each.name not in own]
        hints = HINTS if "hints" in own else []
        kept = [each for each in own.values() if each.name != "hints"]

        def checked(**given: Any) -> object:
            check(**{each.name: given.pop(each.name) for each in more})
            if hints:
                values = {each.name: given.pop(each.name) for each in hints}
                given["hints"] = {name: value for name, value in values.items() if value}
            return function(**given)

        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*kept, *hints, *more)]
        vars(checked)["__signature__"] = inspect.Signature(parameters)  # typer reads these two
        checked.__annotations__ = {each.name: each.annotation for each in parameters}
        summary = function.__doc__ or ""
        group.command(name, help=f"{summary}\n\n{settings}", short_help=summary, epilog=EXIT_CODES)(checked)
        return function

    return add


def check(config: str | None = None, overrides: list[str] | None = None, **_: object) -> None:
    """Settings given to a command that needs none must be valid all the same."""
    if config or overrides:
        from tui.commands.settings import from_file

        from_file(config, overrides)
