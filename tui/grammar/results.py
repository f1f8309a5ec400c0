"""`quantdeck whatif|sweep|returns|compare|report|charts|trades`: what is done with results that are there."""

from typing import Annotated

from tui.commands.answer import Answer
from tui.grammar.options import (
    RULES,
    Csv,
    Force,
    HomeDir,
    LastBacktest,
    LastFiles,
    NoConfig,
    Rules,
    Runs,
    Values,
    argument,
    command,
    new_group,
    option,
)

group = new_group()


@command(group, "whatif", RULES)
def whatif(
    run: LastBacktest = "last",
    config: NoConfig = None, overrides: Rules = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """What a backtest comes to under other rules; a look that the ledger counts."""
    from tui.commands.results import whatif

    return whatif(home, run, config, overrides)


@command(group, "sweep", "Settings are the run's; -s KEY=A,B,C tries each value, all keys combined.")
def sweep(
    run: LastBacktest = "last",
    csv: Csv = "",
    limit: Annotated[
        int, option("--limit", metavar="N", help="Print the N best variants; 0 for all (default: 20).")
    ] = 20,
    config: NoConfig = None, overrides: Values = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Every combination of some rules; the best, and what so many looks leave of it."""
    from tui.commands.sweep import sweep

    return sweep(home, run, config, overrides, csv=csv, limit=limit)


@command(group, "returns", RULES)
def returns(
    run: LastBacktest = "last",
    window: Annotated[
        int, option("--window", metavar="DAYS", help="Of rolling figures (default: 90; of a short span 30).")
    ] = 0,
    config: NoConfig = None, overrides: Rules = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Rolling Sharpe and drawdown, PnL by size and side, returns by weekday, month and hour."""
    from tui.commands.results import returns

    return returns(home, run, config, overrides, window=window)


@command(group, "compare")
def compare(runs: Runs, home: HomeDir = None) -> Answer:
    """The same as `runs compare`."""
    from tui.commands.results import compare

    return compare(home, runs)


@command(group, "report", RULES)
def report(
    run: LastBacktest = "last",
    file: Annotated[str, argument("FILE", "An .html file (default: quantdeck-RUN.html).")] = "",
    force: Force = False,
    config: NoConfig = None, overrides: Rules = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Write a backtest's report as one HTML file that needs no network."""
    from tui.commands.results import report

    return report(home, run, file, config, overrides, force=force)


@command(group, "charts", RULES)
def charts(
    run: LastFiles = "last",
    out: Annotated[str, option("--out", metavar="FOLDER", help="Where to (default: this folder).")] = ".",
    png: Annotated[bool, option("--png", help="PNG instead of SVG; takes quantdeck[png].")] = False,
    symbol: Annotated[
        str, option("--symbol", metavar="SYMBOL", help="Of several, whose prices (default: the first's).")
    ] = "",
    force: Force = False,
    config: NoConfig = None, overrides: Rules = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """Write every chart of a run as an SVG file: loss, equity, rolling figures, prices."""
    from tui.commands.charts import charts

    return charts(home, run, out, config, overrides, png=png, force=force, symbol=symbol)


@command(group, "trades", RULES)
def trades(
    run: LastBacktest = "last",
    words: Annotated[
        str, option("--filter", metavar="TEXT", help="Such as 'pnl<0 side=short bars>24 return>1%'.")
    ] = "",
    sort: Annotated[
        str, option("--sort", metavar="COLUMN", help="Order by a column (default: as traded).")
    ] = "",
    reverse: Annotated[bool, option("--reverse", help="From the largest, or the last, on.")] = False,
    limit: Annotated[
        int, option("--limit", metavar="N", help="Print at most N trades; 0 for all (default: 50).")
    ] = 50,
    trade: Annotated[
        int, option("--trade", metavar="N", help="All facts of the trade with this number.")
    ] = 0,
    csv: Csv = "",
    force: Force = False,
    config: NoConfig = None, overrides: Rules = None, home: HomeDir = None,
) -> Answer:  # fmt: skip
    """List a backtest's trades, or write them to a CSV file."""
    from tui.commands.results import trades

    view = {"filter": words, "sort": sort, "reverse": reverse}
    return trades(home, run, config, overrides, view=view, limit=limit, number=trade, csv=csv, force=force)
