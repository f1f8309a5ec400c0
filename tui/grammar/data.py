"""`quantdeck data …`."""

from typing import Annotated

from tui.commands.answer import Answer
from tui.grammar.options import (
    FROM_FILE,
    Config,
    Detach,
    File,
    HomeDir,
    Json,
    Name,
    NoConfig,
    NoOverrides,
    Overrides,
    Series,
    check,
    command,
    new_group,
    option,
)

group = new_group("Stored series: status, update, import, export, verify, repair.")


@command(group, "status")
def status(
    config: NoConfig = None, overrides: NoOverrides = None, home: HomeDir = None, json: Json = False
) -> Answer:
    """List the stored series."""
    check(config, overrides)
    from tui.commands.data import status

    return status(home)


@command(group, "update", FROM_FILE)
def update(
    refetch: Annotated[
        bool, option("--refetch", help="Ask again for what an exchange was found not to have.")
    ] = False,
    name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None, json: Json = False,
) -> Answer:  # fmt: skip
    """Fetch what is missing of the settings' series."""
    from tui.commands.pipeline import start_from_file

    chosen = [*(overrides or []), *(["data.refetch=true"] if refetch else [])]
    return start_from_file("update", home, config, chosen, name=name, detach=detach)


@command(group, "import")
def import_file(
    file: File,
    name: Annotated[
        str, option("--name", metavar="TEXT", help="Name of the series (default: the file's).")
    ] = "",
    config: NoConfig = None, overrides: NoOverrides = None, home: HomeDir = None, json: Json = False,
) -> Answer:  # fmt: skip
    """Store a CSV (also .gz) or Parquet file as a series."""
    check(config, overrides)
    from tui.commands.data import import_file

    return import_file(home, file, name)


@command(group, "export")
def export(
    series: Series, file: File,
    config: NoConfig = None, overrides: NoOverrides = None, home: HomeDir = None, json: Json = False,
) -> Answer:  # fmt: skip
    """Write a stored series to a CSV or Parquet file."""
    check(config, overrides)
    from tui.commands.data import export

    return export(home, series, file)


@command(group, "verify")
def verify(
    config: NoConfig = None, overrides: NoOverrides = None, home: HomeDir = None, json: Json = False
) -> Answer:
    """Check every stored series against its hash."""
    check(config, overrides)
    from tui.commands.data import verify

    return verify(home)


@command(group, "repair", FROM_FILE)
def repair(
    series: Series,
    undo: Annotated[bool, option("--undo", help="Take the last repair of the series back.")] = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None, json: Json = False,
) -> Answer:  # fmt: skip
    """Find what is wrong with a series' candles; mend it as the settings say (repair.gaps …)."""
    from tui.commands.data import repair

    return repair(home, series, config, overrides, undo=undo)
