"""What somebody waits for while looking at a result: a what-if, and the permutation test."""

from __future__ import annotations

import json
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.simulation import COSTS, bars_of, targets_of
from engine import outcome
from engine.backtest import signals, trading
from engine.backtest.trading import Decisions
from engine.queries.opening import opened
from engine.queries.opening import what_if as answered
from engine.robustness.permutation import shuffle
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.settings import Settings
from engine.statistics.tear_sheet import tear_sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.runs.folder import RunFolder

COLUMNS = 200  # of the widest terminal
HOUR_MS = 3_600_000
SEED = 11


def result_of(home: Home, rows: int) -> RunFolder:
    """A run's folder with a backtest of random forecasts over the reference candles."""
    settings, bars = Settings(), bars_of(rows)
    forecast = np.random.default_rng(SEED).normal(0.0, 0.001, rows)  # (T,)
    signal = signals.threshold(forecast, settings.signal.entry_threshold)
    decisions = Decisions(bars, forecast, signal, np.append(bars.open[1:] / bars.open[:-1] - 1, np.nan))
    strategy, benchmark = trading.trade(decisions, settings)
    run = home.create("run", settings)
    outcome.write(run.path, settings.data.symbol, decisions, strategy, benchmark)
    source = outcome.Source(run.id, run.id, simulated=True)
    result = outcome.build_result(source, tear_sheet(strategy, benchmark), decisions, strategy, settings)
    run.result_path.write_text(json.dumps(result.to_json()))
    write_manifest(run.path, outcome.FILES)
    return run


def what_if(rows: str) -> dict[str, Callable[[], Any]]:
    """`try`: another entry threshold each time; figures, curves and the ledger's line."""
    folder = tempfile.TemporaryDirectory(prefix="quantdeck-")
    request = {"run": str(result_of(Home(Path(folder.name)), int(rows)).path), "columns": COLUMNS}
    opened(request)
    steps = count()

    def act() -> float:
        threshold = 0.0006 + next(steps) * 1e-6
        answer = answered({**request, "overrides": {"signal.entry_threshold": threshold}})
        return float(answer.result.metrics["sharpe"])

    act.__dict__["folder"] = folder  # it lasts as long as the action does
    return {"try": act}


def permutations(rows: str, shuffles: str) -> dict[str, Callable[[], Any]]:
    """`shuffle`: the same trades at other times, simulated with costs."""
    bars, target = bars_of(int(rows)), targets_of(int(rows))
    return {"shuffle": lambda: float(np.median(shuffle(bars, target, COSTS, int(shuffles), SEED).sharpe))}
