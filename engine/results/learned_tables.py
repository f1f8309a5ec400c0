"""What a model learned, as tables, which text and the report lay out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.results.number_format import amount, correlation, percent, signed, whole
from engine.results.tables import Table

if TYPE_CHECKING:
    from engine.results.backtest import BacktestResult
    from engine.results.learned import ImportanceResult

BASIS_POINTS = 1e4
PSI = "PSI from training"
DECILES = ("deciles", "forecasts", "forecast bps", "return bps")


def forecast_tables(result: BacktestResult) -> list[Table]:
    """The band's coverage, and of the forecasts' calibration: deciles, the Mincer-Zarnowitz regression, IC by
    volatility and by month; those that the result has.
    """
    return [each for each in (band_table(result), *calibration_tables(result)) if each.rows]


def band_table(result: BacktestResult) -> Table:
    """How many returns lay in the bands around their forecasts."""
    header = ("bands", "forecasts", "hold %", "95 % from", "to", "mean width bps")
    found = result.band
    if found is None:
        return Table(header, ())
    held = map(percent, (found.held.value, found.held.low, found.held.high))
    wide = amount(found.width * BASIS_POINTS)
    return Table(header, ((f"of {found.asked * 100:g} %", whole(found.forecasts), *held, wide),))


def calibration_tables(result: BacktestResult) -> list[Table]:
    """Whether returns come as high as they were forecast; none without a calibration."""
    found = result.calibration
    if found is None:
        return []
    deciles = tuple(
        (str(place), whole(each.forecasts), basis_points(each.forecast), basis_points(each.forward_return))
        for place, each in enumerate(found.deciles, 1)
    )
    fit = (
        (
            "intercept, bps",
            *map(basis_points, (found.intercept.value, found.intercept.low, found.intercept.high)),
        ),
        ("slope", *map(amount, (found.slope.value, found.slope.low, found.slope.high))),
    )
    parts = tuple(
        (f"{each.kind} {each.name}", whole(each.forecasts), correlation(each.ic), correlation(each.p_value))
        for each in found.parts
    )
    return [
        Table(DECILES, deciles),
        Table(("returns on forecasts", "", "95 % from", "to"), fit),
        Table(("IC by", "forecasts", "IC", "p"), parts),
    ]


def features_table(result: BacktestResult, importance: ImportanceResult | None) -> Table:
    """Every feature's importance and its drift, groups first; its drift alone where nothing was measured."""
    drift = {each.name: each.psi for each in result.drift}
    measured = [(f"all {each.name}", each) for each in importance.groups] if importance else []
    measured += [(each.name, each) for each in importance.features] if importance else []
    if not measured:
        return Table(("feature", PSI), tuple((name, correlation(psi)) for name, psi in drift.items()))
    rows = tuple(
        (name, *map(correlation, (of.ic_drop, of.low, of.high, drift.get(name, math.nan))))
        for name, of in measured
    )
    return Table(("feature", "IC lost without it", "95 % from", "to", PSI), rows)


def basis_points(share: float) -> str:
    """A share in basis points, with its sign."""
    return signed(share * BASIS_POINTS)
