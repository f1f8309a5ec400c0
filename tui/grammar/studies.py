"""`quantdeck audit|importance|simulate|search`, and a command for each study: can a result be trusted?"""

from typing import Annotated

from engine.runs.modes import MODES, Mode, startable
from tui.commands.answer import Answer
from tui.grammar import pipeline
from tui.grammar.options import (
    FROM_FILE,
    NO_HINTS,
    Config,
    Detach,
    Force,
    Hints,
    HomeDir,
    LastModel,
    Name,
    Overrides,
    argument,
    command,
    new_group,
    option,
)

group = new_group()


@command(group, "audit")
def audit(run: LastModel = "last", home: HomeDir = None) -> Answer:
    """Does a run's past move when its future does?"""
    from tui.commands.studies import audit

    return audit(home, run)


@command(group, "importance")
def importance(
    run: LastModel = "last", name: Name = "", detach: Detach = False, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """What a trained run's forecasts lose without each of its features."""
    from tui.commands.pipeline import importance

    return importance(home, run, name=name, detach=detach)


@command(group, "simulate", FROM_FILE)
def simulate(
    candles: Annotated[str, option("--candles", metavar="FILE", help="CSV or Parquet file of candles.")],
    signals: Annotated[str, option("--signals", metavar="FILE", help="CSV or Parquet file of signals.")],
    funding: Annotated[
        str, option("--funding", metavar="FILE", help="File of funding rates: the market is a perpetual.")
    ] = "",
    mark: Annotated[
        str, option("--mark", metavar="FILE", help="File of candles of the mark price.")
    ] = "",
    hints: Hints = NO_HINTS,
    name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Trade anybody's signals by the same simulator; its files are read as by `data import`."""
    from tui.commands.studies import simulate

    given = {"candles": candles, "signals": signals, "funding": funding, "mark": mark}
    return simulate(home, given, hints, config, overrides, name=name, detach=detach)


@command(group, "search", "Settings come from FILE (default: ./quantdeck.toml), then SPACE.toml, then -s.")
def search(
    space: Annotated[
        str, argument("SPACE.toml", "Settings file with ranges; see quantdeck init --search.")
    ] = "",
    trials: Annotated[int, option("--trials", metavar="N", help="Most trials.")] = 0,
    minutes: Annotated[
        float, option("--minutes", metavar="M", help="Begin no further trials after so long.")
    ] = 0.0,
    sampler: Annotated[
        str, option("--sampler", metavar="NAME", help="tpe, random, grid, cmaes or nsga2.")
    ] = "",
    objective: Annotated[
        str,
        option(
            "--objective", metavar="A,B", help="ic, net_sharpe, total_return, max_drawdown; the first counts."
        ),
    ] = "",
    outer: Annotated[
        str,
        option("--outer", metavar="walkforward", help="Search, retrain, trade what follows; span by span."),
    ] = "",
    resume: Annotated[
        str, option("--resume", metavar="RUN", help="Go on with a search, or with the `last`.")
    ] = "",
    best: Annotated[
        str, option("--best", metavar="FILE", help="Write the settings of the winner to this file.")
    ] = "",
    run: Annotated[
        str, option("--run", metavar="RUN", help="With --best: the search; without it, the last.")
    ] = "",
    trial: Annotated[
        int, option("--trial", metavar="N", help="With --best: this trial instead of the winner.")
    ] = -1,
    show: Annotated[
        str, option("--show", metavar="RUN", help="Tell the trials of a search, or of the `last`, so far.")
    ] = "",
    csv: Annotated[str, option("--csv", metavar="FILE", help="With --show: write them to this file.")] = "",
    force: Force = False, name: Name = "", detach: Detach = False,
    config: Config = None, overrides: Overrides = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Try settings before the test begins; train and trade the best."""
    from tui.commands import search as work

    if show:
        return work.show(home, show, csv)
    if best:
        return work.best(home, run or "last", best, trial if trial >= 0 else None, force=force)
    options = {"trials": trials, "minutes": minutes, "sampler": sampler, "objective": objective}
    if resume:
        work.refuse_settings({**options, "space": space, "outer": outer, "config": config, "set": overrides})
        return work.resume(home, resume, detach=detach)
    mode = work.mode_of(outer)
    return work.search(
        home, space, config, [*work.given(options), *(overrides or [])], mode, name=name, detach=detach
    )


def start(mode: Mode) -> None:
    """Add the command that starts a mode with the settings of the command line."""

    def started(
        name: Name = "", detach: Detach = False,
        config: Config = None, overrides: Overrides = None, home: HomeDir = None,
    ) -> Answer:  # fmt: skip
        from tui.commands.pipeline import start_from_file

        return start_from_file(mode.name, home, config, overrides, name=name, detach=detach)

    started.__doc__ = mode.about
    command(group, mode.name, FROM_FILE)(started)


for each in startable():
    named = {known.name for part in (pipeline.group, group) for known in part.registered_commands}
    if each not in named and not MODES[each].command:
        start(MODES[each])
