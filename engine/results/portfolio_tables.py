"""The parts of an account over several symbols as tables, which text, screens and the report lay out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.number_format import amount, correlation, percent, signed, signed_percent, whole
from engine.results.tables import Table

if TYPE_CHECKING:
    from engine.results.backtest import BacktestResult
    from engine.results.portfolio import PortfolioParts


def portfolio_tables(result: BacktestResult) -> list[Table]:
    """By symbol, of the whole, what simple rules made of the same symbols, how their PnL went together."""
    parts = result.portfolio
    if parts is None:
        return []
    found = [symbols_table(parts), whole_table(parts), baselines_table(parts), correlation_table(parts)]
    return [each for each in found if each.rows]


def symbols_table(parts: PortfolioParts) -> Table:
    """What each symbol did in the account."""
    rows = tuple(
        (
            each.symbol, signed(each.pnl), amount(each.costs), percent(each.exposure), percent(each.win_rate),
            whole(each.trades), correlation(each.ic), percent(each.risk_contribution),
            signed_percent(each.return_contribution, ""),
        )
        for each in parts.symbols
    )  # fmt: skip
    header = ("symbol", "PnL", "costs", "exposure %", "win rate %", "trades", "IC", "risk %", "return %")
    return Table(header, rows)


def whole_table(parts: PortfolioParts) -> Table:
    """Exposure, turnover, the cross-sectional IC, and what permutations do as well."""
    across = parts.cross_section
    rows = (
        ("gross exposure, mean", percent(parts.gross), "% of equity"),
        ("gross exposure, highest", percent(parts.gross_peak), "% of equity"),
        ("net exposure, mean", signed_percent(parts.net, ""), "% of equity"),
        ("turnover", amount(parts.turnover), "times equity a year"),
        ("cross-sectional IC", correlation(across.mean), f"of {whole(across.bars)} bars"),
        ("its t", amount(across.t), f"Newey-West, {whole(across.lags)} lags"),
        *((f"p, {each.name}", amount(each.p_value), f"{whole(each.permutations)} permutations")
          for each in parts.permutation),
    )  # fmt: skip
    return Table((f"allocation {parts.allocation}", "", ""), rows)


def baselines_table(parts: PortfolioParts) -> Table:
    """Rules that know next to nothing, over the same symbols and costs."""
    rows = tuple(
        (
            each.name, signed_percent(each.total_return, ""), amount(each.sharpe), percent(each.max_drawdown),
            whole(each.trades),
        )
        for each in parts.baselines
    )  # fmt: skip
    return Table(("over all symbols", "return %", "Sharpe", "max drawdown %", "trades"), rows)


def correlation_table(parts: PortfolioParts) -> Table:
    """Correlation of the symbols' daily PnL."""
    names = [each.symbol for each in parts.symbols]
    rows = tuple((name, *map(amount, values)) for name, values in zip(names, parts.correlation, strict=True))
    return Table(("correlation of daily PnL", *names), rows)
