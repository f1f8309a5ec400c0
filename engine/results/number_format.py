"""How a number is written, wherever one is shown: grouped, with its sign where asked, undefined as n/a."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.results.metrics import Format, Metric

UNDEFINED = "n/a"
LARGEST = 1e12  # nobody counts the digits of more


def grouped(value: float, digits: int = 2, sign: str = "-") -> str:
    """A finite number in groups of three digits, from 1e12 on in powers of ten: 1e300 → 1.00e+300.

    sign: `-` writes that of negative numbers, `+` that of all.
    """
    return f"{value:{sign}.2e}" if abs(value) >= LARGEST else f"{value:{sign},.{digits}f}"


def defined(value: Any) -> TypeGuard[float]:
    """Whether the value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def whole(value: Any) -> str:
    """36062 → 36,062."""
    return grouped(value, 0) if defined(value) else UNDEFINED


def amount(value: Any) -> str:
    """12841.07 → 12,841.07."""
    return grouped(value) if defined(value) else UNDEFINED


def percent(value: Any) -> str:
    """A share or a return as percent without the sign for it: 0.2841 → 28.41."""
    return amount(value * 100) if defined(value) else UNDEFINED


def signed(value: Any) -> str:
    """Money that was gained or lost, always with its sign."""
    return grouped(value, sign="+") if defined(value) else UNDEFINED


def signed_percent(value: Any, unit: str = " %") -> str:
    """A return as percent, always with its sign: 0.2841 → +28.41 %."""
    return f"{signed(value * 100)}{unit}" if defined(value) and defined(value * 100) else UNDEFINED


FORMATS: dict[Format, Callable[[Any], str]] = {"amount": amount, "percent": percent, "count": whole}


def figure(metric: Metric, value: Any) -> str:
    """A metric's value in the metric's own format, without its unit."""
    return FORMATS[metric.format](value)


def difference(metric: Metric, first: Any, second: Any) -> str:
    """The second less the first with its sign; empty if one is not defined."""
    if not (defined(first) and defined(second)):
        return ""
    return f"{'+' if second > first else ''}{figure(metric, second - first)}"


def correlation(value: Any) -> str:
    """Four digits after the point, for correlations and the like."""
    return grouped(value, 4) if defined(value) else UNDEFINED
