"""How returns and trades are spread, as tables and a sentence, which text, screens and the report lay out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.number_format import amount, percent, signed, signed_percent, whole
from engine.results.return_analysis import BY_CHANCE, FAR
from engine.results.tables import Table

if TYPE_CHECKING:
    from engine.results.return_analysis import PnlDistribution, ReturnAnalysis, Rolling

BASIS_POINTS = 1e4
KINDS = ("weekday", "month", "hour")
OF_HOURS = "hour, UTC"


def return_tables(found: ReturnAnalysis) -> list[Table]:
    """All of them that have rows, in the order in which they are read."""
    every = [rolling_table(found.rolling), sides_table(found), *pnl_tables(found.pnl), *group_tables(found)]
    return [each for each in every if each.rows]


def rolling_table(found: Rolling) -> Table:
    """Extremes over the span; none where it is shorter than a window."""
    header = (f"rolling, {found.days} days", "Sharpe low", "high", "latest", "drawdown %")
    both = (("strategy", found.strategy), ("buy & hold", found.benchmark))
    rows = tuple(
        (
            name,
            *map(amount, (each.lowest_sharpe, each.highest_sharpe, each.latest_sharpe)),
            percent(each.deepest_drawdown),
        )
        for name, each in both
    )
    return Table(header, rows if found.time_ms else ())


def sides_table(found: ReturnAnalysis) -> Table:
    """Long against short."""
    rows = tuple(
        (each.side, whole(each.trades), percent(each.win_rate), signed_percent(each.mean_return, ""),
         signed(each.pnl))
        for each in found.sides
    )  # fmt: skip
    return Table(("side", "trades", "hit rate %", "mean return %", "PnL"), rows)


def pnl_tables(found: PnlDistribution) -> list[Table]:
    """Histogram; quantiles beside those of a normal, with skew and kurtosis."""
    bins = tuple((signed(each.low), signed(each.high), whole(each.trades)) for each in found.bins)
    quantiles = tuple(
        (f"{each.share * 100:g} %", signed(each.pnl), signed(each.normal)) for each in found.quantiles
    )
    shape = (("skew", amount(found.skew), amount(0.0)), ("kurtosis", amount(found.kurtosis), amount(3.0)))
    return [
        Table(("PnL from", "to", "trades"), bins),
        Table(("PnL quantile", "trades", "normal"), (*quantiles, *shape) if quantiles else ()),
    ]


def group_tables(found: ReturnAnalysis) -> list[Table]:
    """Mean returns by weekday, month and hour; `*` where one is far from the mean of all."""
    tables = []
    for kind in KINDS:
        rows = tuple(
            (
                each.name.capitalize(),
                whole(each.returns),
                signed(each.mean * BASIS_POINTS),
                amount(each.standard_error * BASIS_POINTS),
                "*" if each.far else "",
            )
            for each in found.groups
            if each.kind == kind
        )
        label = OF_HOURS if kind == "hour" else kind
        tables.append(Table((label, "returns", "mean bps", "standard error", ""), rows))
    return tables


def on_groups(found: ReturnAnalysis) -> str:
    """How many means stand out, and how many would by chance."""
    judged = [each for each in found.groups if each.returns > 1]
    far = sum(each.far for each in judged)
    return (
        f"{far} of {len(judged)} means by weekday, month and hour lie more than {FAR:g} standard errors from"
        f" the mean of their kind (*); chance alone makes about {BY_CHANCE * len(judged):.1f}."
    )


def on_rolling(found: Rolling) -> str:
    """Why there are no rolling figures; empty where there are some."""
    return "" if found.time_ms else f"No rolling figures: the span is shorter than {found.days} days."
