"""The grammar of the command line: each command a function, its parameters the command's options.

The functions are light: what carries a command out is imported when the command is given.
"""

from typing import Annotated

import typer

from engine.variables import set_variable
from tui.commands.answer import Answer
from tui.grammar import data, pipeline, results, runs, studies
from tui.grammar.options import HomeDir, Json, Plain, command, new_group, option

app = new_group("A terminal for quantitative trading research. Without a command: the app.")


@app.callback(invoke_without_command=True)
def alone(
    context: typer.Context,
    version: Annotated[bool, option("--version", help="Print the version and leave.")] = False,
    home: HomeDir = None,
    json: Json = False,
    plain: Plain = None,
    mouse: Annotated[
        bool | None,
        option(
            "--mouse/--no-mouse",
            help="Clicks go to the app, or to the terminal (default: $QUANTDECK_MOUSE, or 1).",
        ),
    ] = None,
) -> Answer | None:
    """What happens before a command, or without one; `--home` here holds for the command, too."""
    if version and not context.invoked_subcommand:
        from importlib import metadata

        found = metadata.version("quantdeck")
        return Answer({"version": found}, f"quantdeck {found}")
    if home:
        set_variable("QUANTDECK_HOME", home)
    if context.invoked_subcommand:
        return None
    from tui.commands.app import app

    return app(home, json=json, mouse=mouse)


@command(app, "doctor")
def doctor(home: HomeDir = None) -> Answer:
    """What of this machine a run needs, how it stands, and what would fail."""
    from tui.commands.doctor import doctor

    return doctor(home)


app.add_typer(pipeline.group)
app.add_typer(results.group)
app.add_typer(studies.group)
app.add_typer(data.group, name="data")
app.add_typer(runs.group, name="runs")
