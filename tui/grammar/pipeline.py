"""`quantdeck init|demo|run|train|backtest|reproduce|ledger`."""

from typing import Annotated

from tui.commands.answer import Answer
from tui.grammar.options import (
    FROM_FILE,
    Config,
    Detach,
    Force,
    HomeDir,
    Json,
    LastModel,
    Name,
    Overrides,
    Run,
    command,
    new_group,
    option,
)

group = new_group()


@command(group, "init", "Settings are the defaults, then -s; -c FILE gives the file another name.")
def init(
    force: Force = False,
    search: Annotated[
        bool, option("--search", help="Write a commented space for quantdeck search, space.toml.")
    ] = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Write a commented quantdeck.toml here."""
    from tui.commands.init import init, init_search

    if search:
        return init_search(home, config, force=force)

    return init(home, config, overrides, force=force)


@command(group, "demo", "Settings are the demo's own, on top of FILE if -c gives one, then -s.")
def demo(
    name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None, json: Json = False,
) -> Answer:  # fmt: skip
    """The whole pipeline on the embedded, SIMULATED exchange."""
    from tui.commands.pipeline import demo

    return demo(home, config, overrides, name=name, detach=detach, json=json)


@command(group, "run", FROM_FILE)
def run(
    name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Collect, train and backtest."""
    from tui.commands.pipeline import start_from_file

    return start_from_file("run", home, config, overrides, name=name, detach=detach)


@command(group, "train", FROM_FILE)
def train(
    name: Name = "", detach: Detach = False,
    seeds: Annotated[
        int, option("--seeds", metavar="N", help="Train and backtest N seeds; report the spread.")
    ] = 0,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Collect and train."""
    from tui.commands.pipeline import start_from_file

    mode, overrides = "train", overrides or []
    if seeds:
        mode, overrides = "seeds", [*overrides, f"training.seeds={seeds}"]
    return start_from_file(mode, home, config, overrides, name=name, detach=detach)


@command(
    group, "backtest", "Settings are the trained run's, then those of FILE, only if -c gives one, then -s."
)
def backtest(
    run: LastModel = "last", name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Backtest a trained run as a new run."""
    from tui.commands.pipeline import backtest

    return backtest(home, run, config, overrides, name=name, detach=detach)


@command(group, "reproduce")
def reproduce(run: Run, detach: Detach = False, home: HomeDir = None) -> Answer:
    """Repeat a finished run and compare the two, bit for bit."""
    from tui.commands.integrity import reproduce

    return reproduce(home, run, detach=detach)


@command(group, "ledger")
def ledger(home: HomeDir = None) -> Answer:
    """How often somebody looked at results of the same bars."""
    from tui.commands.trial_ledger import ledger

    return ledger(home)
