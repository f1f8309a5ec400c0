"""`quantdeck data …`."""

from typing import Annotated

from tui.commands.answer import Answer
from tui.grammar.options import (
    FROM_FILE,
    NO_HINTS,
    Config,
    Detach,
    File,
    Force,
    Hints,
    HomeDir,
    Name,
    Overrides,
    Series,
    command,
    new_group,
    option,
)

group = new_group("Stored series: status, coverage, show, update, import, export, verify, repair.")


@command(group, "status")
def status(home: HomeDir = None) -> Answer:
    """List the stored series."""
    from tui.commands.data import status

    return status(home)


@command(group, "coverage")
def coverage(
    most: Annotated[
        int,
        option(
            "--periods", metavar="N", help="By month if these are at most N, else by quarter, year or decade."
        ),
    ] = 48,
    home: HomeDir = None,
) -> Answer:
    """How much of each month the candles of each series hold."""
    from tui.commands.series import coverage

    return coverage(home, most)


@command(group, "show")
def show(
    series: Series,
    begin: Annotated[
        str, option("--from", metavar="TIME", help="Such as 2026-01-31 or 2026-01-31T12:00.")
    ] = "",
    end: Annotated[str, option("--to", metavar="TIME", help="The first time that is no longer shown.")] = "",
    candles: Annotated[
        int, option("--candles", metavar="N", help="Join the bars to at most N rows (default: 24).")
    ] = 24,
    home: HomeDir = None,
) -> Answer:
    """A stretch of a series: prices or values, volume, gaps and what is flagged."""
    from tui.commands.series import show

    return show(home, series, begin, end, candles)


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
    hints: Hints = NO_HINTS,
    home: HomeDir = None,
) -> Answer:
    """Store a file as a series: CSV and its kin (also packed), Parquet, Feather, JSON."""
    from tui.commands.data import import_file

    return import_file(home, file, name, hints)


@command(group, "export")
def export(series: Series, file: File, force: Force = False, home: HomeDir = None) -> Answer:
    """Write a stored series to a CSV or Parquet file."""
    from tui.commands.data import export

    return export(home, series, file, force=force)


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
    """Find what is wrong with a series' candles; repair it as the settings say (repair.gaps …)."""
    from tui.commands.data import repair

    return repair(home, series, config, overrides, undo=undo)
