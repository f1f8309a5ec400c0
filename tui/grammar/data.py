"""`quantdeck data …`."""

from typing import Annotated

from tui.commands.answer import Answer
from tui.grammar.options import (
    FROM_FILE,
    Config,
    Detach,
    File,
    HomeDir,
    Name,
    Overrides,
    Series,
    command,
    new_group,
    option,
)

group = new_group("Stored series: status, update, import, export, verify, repair.")


@command(group, "status")
def status(home: HomeDir = None) -> Answer:
    """List the stored series."""
    from tui.commands.data import status

    return status(home)


@command(group, "update", FROM_FILE)
def update(
    refetch: Annotated[
        bool, option("--refetch", help="Ask again for what an exchange was found not to have.")
    ] = False,
    name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None,
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
    dates: Annotated[
        str, option("--dates", metavar="ORDER", help="Of 01/02/2024: day-first or month-first.")
    ] = "",
    timezone: Annotated[
        str, option("--timezone", metavar="ZONE", help="Of times without one, such as Europe/Berlin.")
    ] = "",
    label: Annotated[
        str, option("--label", metavar="END", help="Of a bar, that its time is: open or close.")
    ] = "",
    decimal: Annotated[
        str, option("--decimal", metavar="MARK", help="Of numbers such as 1.234: point or comma.")
    ] = "",
    part: Annotated[
        str, option("--part", metavar="PART", help="Of a file whose step changes: finer or later.")
    ] = "",
    accept_losses: Annotated[
        bool, option("--accept-losses", help="Store what is sound, though more than 1 % is not.")
    ] = False,
    home: HomeDir = None,
) -> Answer:
    """Store a file as a series: CSV and its kin (also .gz and .zip), Parquet, Feather, JSON."""
    from tui.commands.data import import_file

    hints: dict[str, str | bool] = {
        "dates": dates, "timezone": timezone, "label": label, "decimal": decimal, "part": part,
        "accept_losses": accept_losses,
    }  # fmt: skip
    return import_file(home, file, name, hints)


@command(group, "export")
def export(series: Series, file: File, home: HomeDir = None) -> Answer:
    """Write a stored series to a CSV or Parquet file."""
    from tui.commands.data import export

    return export(home, series, file)


@command(group, "verify")
def verify(home: HomeDir = None) -> Answer:
    """Check every stored series against its hash."""
    from tui.commands.data import verify

    return verify(home)


@command(group, "repair", FROM_FILE)
def repair(
    series: Series,
    undo: Annotated[bool, option("--undo", help="Take the last repair of the series back.")] = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Find what is wrong with a series' candles; mend it as the settings say (repair.gaps …)."""
    from tui.commands.data import repair

    return repair(home, series, config, overrides, undo=undo)
