"""`quantdeck runs …`."""

from typing import Annotated

from tui.commands.answer import Answer
from tui.grammar.options import (
    Csv,
    Detach,
    Force,
    HomeDir,
    Json,
    LastFiles,
    NoConfig,
    NoOverrides,
    Run,
    Runs,
    argument,
    command,
    new_group,
    option,
)

group = new_group(
    "Runs: list, show, compare, follow, replay, stop, first, resume, delete, rename, note, verify, import,"
    " sign."
)


@command(group, "list")
def listing(
    words: Annotated[
        str, option("--filter", metavar="TEXT", help="Words, or 'sharpe>1 trades>30 series=BTC mode=run'.")
    ] = "",
    csv: Csv = "",
    sort: Annotated[
        str, option("--sort", metavar="NAME", help="Order by what a filter can name (default: created).")
    ] = "",
    reverse: Annotated[bool, option("--reverse", help="From the largest, or the last, on.")] = False,
    tree: Annotated[bool, option("--tree", help="Each run under the one that it is of.")] = False,
    home: HomeDir = None,
) -> Answer:
    """List all runs."""
    from tui.commands.runs import listing

    return listing(home, words, csv, sort=sort, reverse=reverse, tree=tree)


@command(group, "show")
def show(
    run: Run,
    csv: Annotated[str, option("--csv", metavar="FILE", help="Write the epochs to this file.")] = "",
    home: HomeDir = None,
) -> Answer:
    """State, stages, epochs, result and error of a run."""
    from tui.commands.runs import show

    return show(home, run, csv)


@command(group, "compare")
def compare(runs: Runs, home: HomeDir = None) -> Answer:
    """Runs side by side, each against the first over their common days, and the settings that differ."""
    from tui.commands.results import compare

    return compare(home, runs)


@command(group, "follow")
def follow(run: Run, home: HomeDir = None) -> Answer:
    """Watch a run that goes on; ctrl+c only leaves."""
    from tui.commands.runs import follow_again

    return follow_again(home, run)


@command(group, "replay")
def replay(
    run: Run,
    speed: Annotated[float, option("--speed", metavar="N", help="So many times as fast (default: 20).")] = 20,
    cast: Annotated[
        str, option("--cast", metavar="FILE", help="Write what the app shows to an asciicast of 80×24.")
    ] = "",
    force: Force = False,
    home: HomeDir = None,
    json: Json = False,
) -> Answer:
    """Watch a run that has ended once more, as it went."""
    from tui.commands.replay import replay

    return replay(home, run, speed, cast, force=force, json=json)


@command(group, "stop")
def stop(
    run: Run,
    kill: Annotated[bool, option("--kill", help="End it at once; it can be resumed.")] = False,
    home: HomeDir = None,
) -> Answer:
    """Ask a run to stop cleanly, and wait until it has."""
    from tui.commands.runs import stop

    return stop(home, run, at_once=kill)


@command(group, "first")
def first(run: Run, home: HomeDir = None) -> Answer:
    """Let a queued run begin before the others that wait."""
    from tui.commands.runs import first

    return first(home, run)


@command(group, "resume")
def resume(
    run: Run, detach: Detach = False,
    config: NoConfig = None, overrides: NoOverrides = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Continue a stopped, failed or crashed run."""
    from tui.commands.runs import resume

    return resume(home, run, config, overrides, detach=detach)


@command(group, "delete")
def delete(
    run: Run, yes: Annotated[bool, option("--yes", help="Do not ask.")] = False, home: HomeDir = None
) -> Answer:
    """Delete a run with all its files."""
    from tui.commands.runs import delete

    return delete(home, run, yes=yes)


@command(group, "rename")
def rename(run: Run, name: Annotated[str, argument("NAME")], home: HomeDir = None) -> Answer:
    """Give a run another name; an empty one removes it."""
    from tui.commands.runs import rename

    return rename(home, run, name)


@command(group, "note")
def note(run: Run, text: Annotated[str, argument("TEXT")], home: HomeDir = None) -> Answer:
    """Keep a note on a run; an empty one removes it."""
    from tui.commands.runs import note

    return note(home, run, text)


@command(group, "verify")
def verify(run: LastFiles = "last", home: HomeDir = None) -> Answer:
    """Check a run's artifacts against its manifest."""
    from tui.commands.runs import verify

    return verify(home, run)


@command(group, "import")
def import_run(folder: Annotated[str, argument("FOLDER")], home: HomeDir = None) -> Answer:
    """Verify a run from elsewhere and copy it into this home."""
    from tui.commands.integrity import import_run

    return import_run(home, folder)


@command(group, "sign")
def sign(run: Run, home: HomeDir = None) -> Answer:
    """Sign a run that you trust with this home's key."""
    from tui.commands.integrity import sign

    return sign(home, run)
