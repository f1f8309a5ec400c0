"""The lines that say how far a backtest's figures can be trusted: intervals, fills, baselines, sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.number_format import UNDEFINED, amount, defined, percent, table, whole

if TYPE_CHECKING:
    from collections.abc import Callable

SENTENCES = ("fills", "intervals", "permutation", "baselines", "ledger")


def evidence_lines(result: dict[str, Any]) -> list[str]:
    """All panels of a result's evidence; nothing of those that it lacks."""
    said = result.get("sentences") or {}
    return [
        *interval_lines(result.get("intervals") or {}),
        *way_lines((result.get("fills") or {}).get("ways") or []),
        *baseline_lines(result.get("baselines") or []),
        *([""] if said else []),
        *(str(said[name]) for name in SENTENCES if said.get(name)),
    ]


def interval_lines(panel: dict[str, Any]) -> list[str]:
    """95 % intervals of the figures above, a line a group."""
    if not panel:
        return []
    own, held, forecast = (panel.get(name) or {} for name in ("strategy", "benchmark", "forecast"))
    rows = [
        ["Sharpe", between(own.get("sharpe"), amount), between(held.get("sharpe"), amount), ""],
        *(
            [label, between(own.get(key), percent), between(held.get(key), percent), "%"]
            for key, label in (("total_return", "total return"), ("max_drawdown", "max drawdown"))
        ),
        ["direction", between(forecast.get("directional_accuracy"), percent), "", "%"],
        ["IC", between(forecast.get("ic"), small), "", ""],
        ["R²", between(forecast.get("r2"), small), "", ""],
    ]
    return ["", table(("95 % intervals", "strategy", "buy & hold", ""), rows, right=(1, 2))]


def between(bounds: Any, write: Callable[[Any], str]) -> str:
    """`-0.31 … 2.49`."""
    low, high = bounds if isinstance(bounds, list) and len(bounds) == 2 else (None, None)
    return f"{write(low)} … {write(high)}" if defined(low) and defined(high) else UNDEFINED


def small(value: Any) -> str:
    """Four digits after the point, for correlations and the like."""
    return f"{value:.4f}" if defined(value) else UNDEFINED


def way_lines(ways: list[dict[str, Any]]) -> list[str]:
    """The same signals under kinder and harsher fills."""
    if not ways:
        return []
    header = ("fills", "return %", "Sharpe", "max drawdown %", "trades")
    return ["", table(header, [[str(way.get("name")), *headline(way)] for way in ways], right=(1, 2, 3, 4))]


def baseline_lines(rows: list[dict[str, Any]]) -> list[str]:
    """What knows next to nothing, and how far above it the strategy's Sharpe ratio is."""
    if not rows:
        return []
    header = ("baselines", "return %", "Sharpe", "max drawdown %", "trades", "Sharpe above it", "beaten")
    cells = [
        [
            str(row.get("name")),
            *headline(row),
            f"{amount(row.get('sharpe_difference'))} ({between(row.get('interval'), amount)})",
            "yes" if row.get("beaten") else "no",
        ]
        for row in rows
    ]
    return ["", table(header, cells, right=(1, 2, 3, 4, 5))]


def headline(figures: dict[str, Any]) -> list[str]:
    """Return, Sharpe, drawdown and trades of a row."""
    return [
        percent(figures.get("total_return")),
        amount(figures.get("sharpe")),
        percent(figures.get("max_drawdown")),
        whole(figures.get("trades")),
    ]
