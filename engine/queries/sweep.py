"""Many rules at once on the predictions of a result: thresholds, fees, stops, whatever a what-if can move.

Whoever takes the best of many finds some that look good by chance, so every variant is a look in the trial
ledger, and the Sharpe ratio of the best one is deflated by them all.
"""

from __future__ import annotations

import itertools
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest import trading
from engine.backtest.sweep import sweep
from engine.backtest.thresholds import FEWEST_TRADES
from engine.backtest.universe_sweep import sweep_universe
from engine.errors import ChangeSettingsError
from engine.queries.result import by_symbol, decided, result_of, settings_with, simulations
from engine.results.answers import SweepResult, Variant
from engine.results.metrics import FEWEST_DAYS
from engine.robustness import deflation
from engine.robustness.trial_family import family_of
from engine.statistics.account import day_ends, trading_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.backtest.rules import Rules
    from engine.backtest.sweep import Swept
    from engine.queries.result import Result
    from engine.runs.events import Event
    from engine.settings import Settings

    Floats = NDArray[np.float64]

MOST = 1000
FIGURES = ("final_value", "total_return", "sharpe", "max_drawdown", "trades")


def sweep_rules(request: Event) -> SweepResult:
    """Trade the predictions under every combination of the request's `choices`, {key: [value, …]}.

    Variants come in the order of the choices, the last key's moving fastest. Raises ChangeSettingsError,
    MakeRoomError.
    """
    result, moves = result_of(request), combinations(request.get("choices"))
    texts = [tuple((key, json.dumps(value)) for key, value in each.items()) for each in moves]
    settings = [settings_with(result, each) for each in texts]
    found = traded(result, settings)
    made = [looked_at(result, each, found, place) for place, each in enumerate(settings)]
    deflation.record_variants(result.home, result.prices, *made)
    figures = {name: getattr(found, name) for name in FIGURES}  # (V,) each
    bars = result.decisions.bars
    if len(day_ends(bars.time, bars.calendar)) < FEWEST_DAYS:
        figures["sharpe"] = np.full(len(moves), np.nan)  # it is chosen by, and not shown
    rows = tuple(
        Variant(settings=each, **{name: values[place].item() for name, values in figures.items()})
        for place, each in enumerate(moves)
    )
    best, trials, family = best_of(found), None, None
    if best is not None:
        strategy, _ = simulations(result, settings[best])
        trials = deflation.trial_counts(result.home, made[best].look, strategy)
        family = family_of(
            found.digests, found.daily_returns, found.digests[best],
            result.recorded.settings.evidence, bars.calendar.days_per_year,
        )  # fmt: skip
    return SweepResult(result.run.id, result.figures.simulated, rows, best, trials, family)


def combinations(choices: Any) -> list[dict[str, Any]]:
    """Every combination of the values, one for each key. Raises ChangeSettingsError for none, or too many."""
    if not (
        isinstance(choices, dict) and choices and all(isinstance(each, list) for each in choices.values())
    ):
        raise ChangeSettingsError("choices", "are no table of values to try", "Give {key: [value, …]}")
    count = math.prod(len(each) for each in choices.values())
    if not 0 < count <= MOST:
        raise ChangeSettingsError(
            "sweep", f"has {count:,} variants", f"Give 1 to {MOST:,}: fewer values, or keys"
        )
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


def traded(result: Result, settings: Sequence[Settings]) -> Swept:
    """What each variant came to."""
    if result.universe is None:
        return sweep(result.decisions.bars, of_one(result, settings), digests=True)
    several = result.universe
    variants = [(by_symbol(several, result, each).decisions, each) for each in settings]
    return sweep_universe(variants, several.members)


def of_one(result: Result, settings: Sequence[Settings]) -> list[tuple[Floats, Rules]]:
    """Target weights (B,) and rules of each variant; those that decide alike share their weights."""
    shared: dict[tuple[Any, ...], Floats] = {}

    def weights(each: Settings) -> Floats:
        decided_by = each.signal
        key = (
            decided_by.entry_threshold, decided_by.neutral, decided_by.without_forecast, each.backtest.short
        )  # fmt: skip
        if key not in shared:
            shared[key] = np.ascontiguousarray(trading.weight_of(decided(result, each), each), np.float64)
        return shared[key]

    calendar = result.decisions.bars.calendar
    return [(weights(each), trading.rules_of(each, calendar)) for each in settings]


def looked_at(result: Result, settings: Settings, found: Swept, place: int) -> deflation.Variant:
    """The look at one variant."""
    bars = result.decisions.bars
    performance = deflation.Performance(
        trial=found.digests[place],
        total_return=found.total_return[place].item(),
        end_ms=int(bars.calendar.ends(bars.time.astype(np.int64))[-1]),
        days=trading_days(bars.time, bars.calendar),
        returns=found.daily_returns[place],
    )
    return deflation.Variant(result.look(performance, settings), performance)


def best_of(found: Swept) -> int | None:
    """Which variant has the highest Sharpe ratio, of those that trade often enough; of equals the first."""
    value = np.where(
        (found.trades >= FEWEST_TRADES) & np.isfinite(found.sharpe), found.sharpe, -np.inf
    )  # (V,)
    return int(np.argmax(value)) if (value > -np.inf).any() else None
