"""Runs side by side: which figures are laid beside each other, and in which settings the runs differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.number_format import amount, defined, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# key, label, how it is written, what it is multiplied by
METRICS: tuple[tuple[str, str, Callable[[Any], str], float], ...] = (
    ("total_return", "total return %", amount, 100.0), ("cagr", "CAGR %", amount, 100.0),
    ("volatility", "volatility %", amount, 100.0), ("sharpe", "Sharpe", amount, 1.0),
    ("probabilistic_sharpe", "P(Sharpe > 0) %", amount, 100.0),
    ("sortino", "Sortino", amount, 1.0), ("max_drawdown", "max drawdown %", amount, 100.0),
    ("calmar", "Calmar", amount, 1.0), ("trades", "trades", whole, 1.0),
    ("win_rate", "win rate %", amount, 100.0), ("profit_factor", "profit factor", amount, 1.0),
    ("exposure", "exposure %", amount, 100.0),
)  # fmt: skip
DEFAULT = "(default)"


def scaled(value: Any, by: float) -> float | None:
    """A metric in the unit of its label."""
    return value * by if defined(value) else None


def gap(first: float | None, second: float | None, write: Callable[[Any], str]) -> str:
    """The second less the first, with its sign; empty if one is not defined."""
    if not (defined(first) and defined(second)):
        return ""
    apart = second - first
    return f"{'+' if apart > 0 else ''}{write(apart)}"


def different(differ: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The settings in which runs differ from each other, by key: a value for each run, or `(default)`."""
    keys = dict.fromkeys(key for each in differ for key in each)
    values = {key: [each.get(key, DEFAULT) for each in differ] for key in keys}
    return {key: each for key, each in values.items() if any(value != each[0] for value in each[1:])}
