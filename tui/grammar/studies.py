"""`quantdeck audit|simulate|walkforward|calibrate`: whether a result can be trusted."""

from typing import Annotated

from tui.commands.answer import Answer
from tui.grammar.options import (
    FROM_FILE,
    Config,
    Detach,
    HomeDir,
    Json,
    LastModel,
    Name,
    NoConfig,
    NoOverrides,
    Overrides,
    check,
    command,
    new_group,
    option,
)

group = new_group()


@command(group, "audit")
def audit(
    run: LastModel = "last",
    config: NoConfig = None, overrides: NoOverrides = None, home: HomeDir = None, json: Json = False,
) -> Answer:  # fmt: skip
    """Does a run's past move when its future does?"""
    check(config, overrides)
    from tui.commands.studies import audit

    return audit(home, run)


@command(group, "simulate", FROM_FILE)
def simulate(
    candles: Annotated[str, option("--candles", metavar="FILE", help="CSV or Parquet file of candles.")],
    signals: Annotated[str, option("--signals", metavar="FILE", help="CSV or Parquet file of signals.")],
    name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None, json: Json = False,
) -> Answer:  # fmt: skip
    """Trade anybody's signals by the same simulator."""
    from tui.commands.studies import simulate

    return simulate(home, candles, signals, config, overrides, name=name, detach=detach)


@command(group, "walkforward", FROM_FILE)
def walkforward(
    name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None, json: Json = False,
) -> Answer:  # fmt: skip
    """Train fold by fold through time; one curve of all tests."""
    from tui.commands.pipeline import start_from_file

    return start_from_file("walkforward", home, config, overrides, name=name, detach=detach)


@command(group, "calibrate", FROM_FILE)
def calibrate(
    name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None, json: Json = False,
) -> Answer:  # fmt: skip
    """Train on SIMULATED markets whose truth is known."""
    from tui.commands.pipeline import start_from_file

    return start_from_file("calibrate", home, config, overrides, name=name, detach=detach)
