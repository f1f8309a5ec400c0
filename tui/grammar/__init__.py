"""The grammar of the command line: each command a function, its parameters the command's options.

The functions are light: what carries a command out is imported when the command is given.
"""

from typing import Annotated

import typer

from engine.variables import set_variable
from tui.commands.answer import Answer
from tui.grammar import data, pipeline, results, runs, studies
from tui.grammar.options import HomeDir, Json, Plain, View, command, new_group, option

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
    view: View = False,
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

    return app(home, json=json, mouse=mouse, view=view)


@command(app, "serve")
def serve(
    host: Annotated[
        str, option("--host", metavar="ADDRESS", help="Where to listen (default: this machine alone).")
    ] = "127.0.0.1",
    port: Annotated[int, option("--port", metavar="N", help="0 is any that is free (default: 8000).")] = 8000,
    public_url: Annotated[
        str | None,
        option("--url", metavar="URL", help="How browsers come here, if by a tunnel or a proxy."),
    ] = None,
    view: View = False,
    home: HomeDir = None,
) -> Answer:
    """The app in a browser, for whoever has the address with its token."""
    from tui.commands.serve import serve

    return serve(home, host, port, public_url, view=view)


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
