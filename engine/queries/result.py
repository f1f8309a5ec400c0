"""A backtest in memory: what its run folder holds, and the same decisions traded by other rules.

Everything is read through the manifest, so a changed or torn file is refused before it is parsed. The last
few results and tries stay in memory, because whoever asks once asks again.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest import signals, trading
from engine.backtest.portfolio import Portfolio
from engine.backtest.records import TRADE
from engine.backtest.trades import trade_table
from engine.backtest.universe_trading import hold_equally, rules_of_universe
from engine.disk import stamp
from engine.errors import ChangeSettingsError, RepairDataError
from engine.market.times import milliseconds
from engine.outcome import BARS, EQUITY
from engine.queries.run_files import (
    as_one,
    columns_of,
    decisions_of,
    parquet,
    trades_of,
    universe_of,
)
from engine.results.backtest import BacktestResult
from engine.robustness import deflation
from engine.robustness.market_prices import MarketPrices
from engine.runs.folder import RunFolder
from engine.runs.remedies import anew
from engine.runs.results import content
from engine.runs.trial_ledger import WHAT_IF
from engine.settings import Settings, load, make, with_limits, with_threshold
from engine.statistics.account import AccountHistory
from engine.universe.trading import traded as traded_together

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from engine.backtest.rules import Rules
    from engine.backtest.simulate import Simulation
    from engine.backtest.trading import Decisions
    from engine.disk import Stamp
    from engine.market.calendar import Calendar
    from engine.runs.events import Event
    from engine.runs.trial_ledger import Evaluation
    from engine.universe.trading import Decided

    Floats = NDArray[np.float64]
    Account = Simulation | Portfolio

# They need bars that the run folder does not hold, or validation's.
UNTRIABLE = ("backtest.span", "backtest.volatility_span", "signal.threshold_from", "signal.band")
OF_FORECASTS = (  # in target weights already
    "signal.entry_threshold", "signal.neutral", "signal.without_forecast", "backtest.short",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Traded:
    """One way in which the decisions were traded; B bars, N trades.

    time_ms: (B,) int64 open times. equity, benchmark: (B,) money at each close, of the strategy and of buy
    and hold. count: N. table: makes `trades`. settings: the rules. simulations: strategy and buy and hold,
    look: that in the ledger; None where the curves come from the run's files.
    """

    time_ms: NDArray[np.int64]
    equity: Floats
    benchmark: Floats
    count: int
    table: Callable[[], pd.DataFrame]
    settings: Settings
    calendar: Calendar
    simulations: tuple[Account, Account] | None = None
    look: Evaluation | None = None

    @cached_property
    def trades(self) -> pd.DataFrame:
        """(N,) table with the columns of trades.csv; made when it is first asked for."""
        return self.table()


@dataclass(frozen=True, eq=False)
class Result:
    """A run's backtest: result.json, what was recorded, and the decisions to try other rules on.

    universe: those of each symbol where it trades several; `decisions` are of all symbols as one market then.
    """

    run: RunFolder
    figures: BacktestResult
    recorded: Traded
    decisions: Decisions
    universe: Decided | None = None

    @property
    def of_several(self) -> bool:
        """Whether it trades several symbols."""
        return self.universe is not None

    @property
    def groups_to_try(self) -> tuple[str, ...]:
        """The groups of settings that a what-if can move."""
        return ("signal", "backtest", *(["portfolio"] if self.of_several else []))

    def named(self, symbol: str) -> str:
        """That symbol, for an empty name the first of several; its only one where it trades one alone.

        Raises ChangeSettingsError for one that it does not trade.
        """
        one = {self.figures.symbol: self.decisions}
        found = one if self.universe is None else self.universe.decisions
        if symbol and symbol not in found:
            raise ChangeSettingsError(
                f"symbol {symbol}", "is none of the run's", f"Choose of {', '.join(found)}"
            )
        return symbol or next(iter(found))

    def on(self, symbol: str) -> Decisions:
        """What was decided on the bars of a symbol that it trades, (B_s,)."""
        return self.decisions if self.universe is None else self.universe.decisions[symbol]

    @cached_property
    def prices(self) -> MarketPrices:
        """What the bars hold."""
        return MarketPrices.of(self.decisions.bars)

    def look(self, performance: deflation.Performance, settings: Settings) -> Evaluation:
        """The look at the bars under these rules."""
        return deflation.evaluation_of(self.prices, self.decisions.bars, performance, settings, self._origin)

    @property
    def home(self) -> Path:
        """Where its ledger lies."""
        return self.run.path.parent.parent

    @property
    def _origin(self) -> deflation.TrialOrigin:
        figures, of = self.figures, self.run.of or self.run.id
        market = figures.trials.market if figures.trials else ""
        return deflation.TrialOrigin(WHAT_IF, self.run.id, of, simulated=figures.simulated, market=market)


def result_of(request: Event) -> Result:
    """The result that a request's `run` names. Raises ChangeSettingsError if it has none, RepairDataError."""
    path = Path(str(request["run"]))
    return _read(path, _version(path))


def traded(request: Event) -> tuple[Result, Traded]:
    """The result, and its trading under the request's `overrides`: as it was recorded if there are none."""
    result, given = result_of(request), request.get("overrides") or {}
    if not isinstance(given, dict):
        raise ChangeSettingsError("overrides", "are no table of settings", "Give {key: value}")
    if not given:
        return result, result.recorded
    overrides = tuple(sorted((str(key), json.dumps(value)) for key, value in given.items()))
    return result, _try(result.run.path, _version(result.run.path), overrides)


def _version(path: Path) -> Stamp:
    """What changes when the run's artifacts do."""
    run = RunFolder(path)
    with contextlib.suppress(OSError):
        found = stamp(str(run.manifest_path), follow=True)
        if found.inode:
            return found
    named = run.about["id"] if run.about_path.is_file() else str(path)
    raise ChangeSettingsError(f"run {named}", "has no result", anew(path))


@lru_cache(maxsize=2)
def _read(path: Path, _version: Stamp) -> Result:
    run = RunFolder(path)
    found = content(run)
    if "metrics" not in found:
        raise ChangeSettingsError(f"run {run.id}", "has no backtest", anew(path))
    figures = BacktestResult.from_json(found, str(run.result_path))
    settings = load(run.settings_path)
    if settings.signal.threshold_from != "settings":  # what was chosen there is the one that was traded
        settings = with_threshold(settings, figures.entry_threshold)
    settings = with_limits(settings, asdict(figures.costs))
    equity = parquet(path, EQUITY, ("equity", "buy_and_hold"))
    several = "symbol" in columns_of(path, BARS)
    universe = universe_of(path, figures.calendar) if several else None
    decisions = decisions_of(path, figures.calendar) if universe is None else as_one(universe)
    time_ms = milliseconds(equity.index)
    if not np.array_equal(time_ms, decisions.bars.time.astype(np.int64)):
        raise RepairDataError(str(path / EQUITY), "is of other bars than the run's bars", anew(path))
    own, benchmark = (equity[name].to_numpy(np.float64) for name in ("equity", "buy_and_hold"))
    trades = trades_of(path)
    recorded = Traded(time_ms, own, benchmark, len(trades), lambda: trades, settings, decisions.bars.calendar)
    return Result(run, figures, recorded, decisions, universe)


def settings_with(result: Result, overrides: tuple[tuple[str, str], ...]) -> Settings:
    """The settings under other rules. Raises ChangeSettingsError for a key that a what-if cannot move."""
    own = not result.of_several and result.decisions.weight is not None
    for key, _ in overrides:
        if key.partition(".")[0] not in result.groups_to_try or key in UNTRIABLE:
            raise ChangeSettingsError(
                key, "cannot be tried on predictions that exist", "Start a backtest with it, or a new run"
            )
        if own and key in OF_FORECASTS:
            raise ChangeSettingsError(
                key, "cannot be tried: these signals are target weights, not forecasts",
                "Try fees, slippage, sizes, stops or fills; or simulate the signals again with it",
            )  # fmt: skip
    tree = result.recorded.settings.model_dump()
    return make(tree, [f"{key}={value}" for key, value in overrides], "what-if")


@lru_cache(maxsize=6)
def _try(path: Path, version: Stamp, overrides: tuple[tuple[str, str], ...]) -> Traded:
    result = _read(path, version)
    return trade(result, settings_with(result, overrides))


def trade(result: Result, settings: Settings) -> Traded:
    """Trade the result's predictions by the rules of `settings`, which is a look at its test span."""
    strategy, benchmark = simulations(result, settings)
    performance = deflation.Performance.of(strategy)
    look = result.look(performance, settings)
    deflation.record_variants(result.home, result.prices, deflation.Variant(look, performance))
    symbol = (
        strategy.symbol_names
        if isinstance(strategy, Portfolio)
        else result.figures.symbol or settings.data.symbol
    )
    return Traded(
        result.recorded.time_ms,
        strategy.equity,
        benchmark.equity,
        len(strategy.trades),
        lambda: trade_table(strategy, symbol),
        settings,
        strategy.calendar,
        (strategy, benchmark),
        look,
    )


def account_of(result: Result) -> AccountHistory:
    """The strategy's account: of one symbol simulated anew, of several as it was recorded, without trades."""
    recorded = result.recorded
    if not result.of_several:
        return simulations(result, recorded.settings)[0]
    return AccountHistory(
        time=recorded.time_ms.astype("datetime64[ms]"),
        equity=recorded.equity,
        trades=np.empty(0, TRADE),
        initial_capital=recorded.settings.backtest.initial_capital,
        calendar=recorded.calendar,
        ruined=bool(recorded.equity[-1] <= 0),
    )


def simulations(result: Result, settings: Settings) -> tuple[Account, Account]:
    """The strategy by the rules of `settings` on the result's predictions, and buy and hold beside it."""
    if result.universe is not None:
        account = traded_together(by_symbol(result.universe, result, settings), settings)
        return account, held_equally(result.universe, rules_of_universe(result.universe.bars, settings))
    return trading.trade(decided(result, settings), settings)


@lru_cache(maxsize=1)
def held_equally(universe: Decided, rules: Rules) -> Portfolio:
    """Buy and hold of a universe's bars, which stays as it is where only what is decided moves."""
    return hold_equally(universe.bars, rules)


def by_symbol(universe: Decided, result: Result, settings: Settings) -> Decided:
    """The decisions on each symbol under these settings."""
    made = {name: under(each, result, settings) for name, each in universe.decisions.items()}
    return replace(universe, decisions=made)


def decided(result: Result, settings: Settings) -> Decisions:
    """The decisions under these settings: as they were, fold by fold perhaps, but for another threshold."""
    made = result.decisions
    if result.run.mode == "simulate" and made.weight is None:
        reason = "was written by a version that did not keep its target weights"
        raise ChangeSettingsError(f"run {result.run.id}", reason, "Simulate its signals again")
    return under(made, result, settings)


def under(made: Decisions, result: Result, settings: Settings) -> Decisions:
    """Decisions on a market, with other signals where these settings have another threshold than the run."""
    recorded, level = result.recorded.settings.signal, settings.signal.entry_threshold
    if level != recorded.entry_threshold or recorded.by_band != settings.signal.by_band:
        return replace(made, signal=signals.threshold(made.forecast, level))
    return made
