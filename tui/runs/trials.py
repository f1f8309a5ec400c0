"""A result with the looks that were counted by now: what it says of them may not be of an earlier day."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import QuantdeckError
from engine.results.robustness import TrialCounts
from engine.runs import trial_ledger, trial_store
from engine.runs.requests import ask

if TYPE_CHECKING:
    from engine.results.backtest import BacktestResult
    from engine.runs.folder import RunFolder


def counted_by_now(run: RunFolder, result: BacktestResult) -> BacktestResult:
    """The run's result with the present counts; the engine is asked only if there were looks since.

    Where it cannot answer, the deflated Sharpe ratio is not defined. Raises RepairDataError.
    """
    looks, _ = trial_store.read(run.path.parent.parent)
    own = next((look for look in looks if look.run == run.id), None)
    if result.trials is None or own is None:
        return result
    found = trial_ledger.trials(looks, own)
    if found.looks <= result.trials.looks:
        return result
    try:
        counts = ask({"do": "result.ledger", "run": str(run.path)}, TrialCounts)
    except QuantdeckError:
        counts = replace(
            result.trials,
            looks=found.looks,
            what_ifs=found.what_ifs,
            trials=found.trials,
            deflated_sharpe=math.nan,
        )
    return replace(result, trials=counts)
