"""A backtest in memory: what its run folder holds, and the same decisions traded by other rules.

Everything is read through the manifest, so a changed or torn file is refused before it is parsed. The last
few results and tries stay in memory, because whoever asks once asks again.
"""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from engine.backtest import signals, trading
from engine.backtest.bars import ARRAYS, DUE_LATER, Bars, bars_of
from engine.backtest.records import TRADE
from engine.backtest.trades import trade_table
from engine.backtest.trading import Decisions
from engine.disk import stamp
from engine.errors import ChangeSettingsError, RepairDataError
from engine.hints import run_hint
from engine.market.times import milliseconds
from engine.outcome import BARS, EQUITY, PREDICTIONS, TRADES
from engine.results.backtest import BacktestResult
from engine.results.trade_terms import COLUMNS, MOMENTS
from engine.robustness import deflation
from engine.robustness.market_prices import MarketPrices
from engine.runs.folder import RunFolder
from engine.runs.manifest import read_checked
from engine.runs.results import content
from engine.runs.trial_ledger import WHAT_IF
from engine.settings import Settings, load, make, with_limits, with_threshold
from engine.statistics.account import AccountHistory
from engine.statistics.conformal import Band
from engine.universe.results import index_bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from engine.backtest.simulate import Simulation
    from engine.disk import Stamp
    from engine.market.calendar import Calendar
    from engine.runs.events import Event
    from engine.runs.trial_ledger import Evaluation

    Floats = NDArray[np.float64]

TEXTS = ("symbol", "side", "exit_reason")
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
    simulations: tuple[Simulation, Simulation] | None = None
    look: Evaluation | None = None

    @cached_property
    def trades(self) -> pd.DataFrame:
        """(N,) table with the columns of trades.csv; made when it is first asked for."""
        return self.table()


@dataclass(frozen=True, eq=False)
class Result:
    """A run's backtest: result.json, what was recorded, and the decisions to try other rules on."""

    run: RunFolder
    figures: BacktestResult
    recorded: Traded
    decisions: Decisions

    @property
    def of_several(self) -> bool:
        """Whether it trades several symbols."""
        return bool(self.recorded.settings.data.symbols)

    def refuse_several(self) -> None:
        """Raise ChangeSettingsError if it trades several symbols, which no other rules are tried on yet."""
        if self.of_several:
            reason = "trades several symbols, which no other rules are tried on yet"
            remedy = f"Set them in a new backtest: {run_hint(self.run.path, 'backtest RUN')}"
            raise ChangeSettingsError(f"run {self.run.id}", reason, remedy)

    def named(self, symbol: str) -> str:
        """That symbol, for an empty name the first of several; its only one where it trades one alone.

        Raises ChangeSettingsError for one that it does not trade, RepairDataError.
        """
        found = self._by_symbol if self.of_several else {self.figures.symbol: self.decisions}
        if symbol and symbol not in found:
            raise ChangeSettingsError(
                f"symbol {symbol}", "is none of the run's", f"Choose of {', '.join(found)}"
            )
        return symbol or next(iter(found))

    def on(self, symbol: str) -> Decisions:
        """What was decided on the bars of a symbol that it trades, (B_s,)."""
        return self._by_symbol[symbol] if self.of_several else self.decisions

    @cached_property
    def _by_symbol(self) -> dict[str, Decisions]:
        path = self.run.path
        predictions = parquet(path, PREDICTIONS, ("symbol", "prediction", "signal", "realised"))
        of = {str(name): rows for name, rows in predictions.groupby("symbol", sort=False)}
        bars = bars_by_symbol(path, self.figures.calendar)
        if {name: len(rows) for name, rows in of.items()} != {name: len(each) for name, each in bars.items()}:
            raise RepairDataError(str(path / BARS), "is of other bars than the predictions", again(path))
        return {
            name: Decisions(
                bars[name], rows["prediction"].to_numpy(), rows["signal"].to_numpy(np.int8),
                rows["realised"].to_numpy(),
            )
            for name, rows in of.items()
        }  # fmt: skip

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
    result.refuse_several()
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
    raise ChangeSettingsError(f"run {named}", "has no result", again(path))


@lru_cache(maxsize=2)
def _read(path: Path, _version: Stamp) -> Result:
    run = RunFolder(path)
    found = content(run)
    if "metrics" not in found:
        raise ChangeSettingsError(f"run {run.id}", "has no backtest", again(path))
    figures = BacktestResult.from_json(found, str(run.result_path))
    settings = load(run.settings_path)
    if settings.signal.threshold_from != "settings":  # what was chosen there is the one that was traded
        settings = with_threshold(settings, figures.entry_threshold)
    settings = with_limits(settings, asdict(figures.costs))
    equity = parquet(path, EQUITY, ("equity", "buy_and_hold"))
    several = "symbol" in columns_of(path, BARS)
    decisions = (as_one if several else decisions_of)(path, figures.calendar)
    time_ms = milliseconds(equity.index)
    if not np.array_equal(time_ms, decisions.bars.time.astype(np.int64)):
        raise RepairDataError(str(path / EQUITY), "is of other bars than the run's bars", again(path))
    own, benchmark = (equity[name].to_numpy(np.float64) for name in ("equity", "buy_and_hold"))
    trades = trades_of(path)
    recorded = Traded(time_ms, own, benchmark, len(trades), lambda: trades, settings, decisions.bars.calendar)
    return Result(run, figures, recorded, decisions)


def decisions_of(path: Path, calendar: str) -> Decisions:
    """The bars of a run and what was decided for each. Raises RepairDataError."""
    predictions = parquet(path, PREDICTIONS, ("prediction", "signal", "realised"))
    found = columns_of(path, BARS)
    frame = parquet(path, BARS, tuple(name for name in ARRAYS if name not in DUE_LATER or name in found))
    more = columns_of(path, PREDICTIONS)
    given = "weight" in more  # by somebody, without forecasts
    weight = parquet(path, PREDICTIONS, ("weight",))["weight"].to_numpy() if given else None
    edges = parquet(path, PREDICTIONS, ("low", "high")) if {"low", "high"} <= set(more) else None
    band = None if edges is None else Band(edges["low"].to_numpy(), edges["high"].to_numpy())
    if not frame.index.equals(predictions.index):
        raise RepairDataError(str(path / BARS), "is of other bars than the predictions", again(path))
    bars = bars_of(frame, calendar)
    forecast, signal, forward_return = (predictions[name].to_numpy() for name in predictions)
    return Decisions(bars, forecast, signal.astype(np.int8), forward_return, weight, band)


def as_one(path: Path, calendar: str) -> Decisions:
    """A universe's symbols as one market, in equal parts from their first bars on; nothing is decided there.

    Raises RepairDataError.
    """
    bars = index_bars(bars_by_symbol(path, calendar))
    unknown = np.full(len(bars), np.nan)
    return Decisions(bars, unknown, np.zeros(len(bars), np.int8), unknown, weight=unknown)


def bars_by_symbol(path: Path, calendar: str) -> dict[str, Bars]:
    """The bars of each symbol of a universe's run, (B_s,), in its order. Raises RepairDataError."""
    found = columns_of(path, BARS)
    named = tuple(name for name in ARRAYS if name not in DUE_LATER or name in found)
    frame = parquet(path, BARS, ("symbol", *named))
    groups = frame.groupby("symbol", sort=False)
    return {str(name): bars_of(rows.drop(columns="symbol"), calendar) for name, rows in groups}


def columns_of(path: Path, name: str) -> tuple[str, ...]:
    """The columns of a table of the run."""
    found = read_checked(path, name)
    with damaged(path / name):
        return tuple(pq.read_schema(io.BytesIO(found)).names)


def trades_of(path: Path) -> pd.DataFrame:
    """trades.csv as a table: numbers float64 or int64, times datetime64[ms, UTC]."""
    numbers = [name for name in COLUMNS if name not in (*TEXTS, *MOMENTS)]
    with damaged(path / TRADES):
        table = pd.read_csv(
            io.BytesIO(read_checked(path, TRADES)),
            keep_default_na=False,
            na_values={name: [""] for name in numbers},
            dtype=dict.fromkeys(TEXTS, object),
        )
        if "absorbed" not in table:  # written before margin was held
            table["absorbed"] = 0.0
        for name in MOMENTS:
            table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601").dt.as_unit("ms")
        return table[list(COLUMNS)]


def parquet(path: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """A Parquet artifact of a run with these columns. Raises RepairDataError."""
    found = read_checked(path, name)
    with damaged(path / name):
        return pd.read_parquet(io.BytesIO(found), columns=list(columns))


@contextlib.contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Turn what goes wrong in reading a file into RepairDataError that names it."""
    try:
        yield
    except (ValueError, TypeError, KeyError, OSError) as error:  # Arrow's errors are ValueErrors and OSErrors
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise RepairDataError(str(path), f"cannot be read: {reason}", again(path.parent)) from error


def settings_with(result: Result, overrides: tuple[tuple[str, str], ...]) -> Settings:
    """The settings under other rules. Raises ChangeSettingsError for a key that a what-if cannot move."""
    own = result.decisions.weight is not None
    for key, _ in overrides:
        if key.partition(".")[0] not in {"signal", "backtest"} or key in UNTRIABLE:
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
    symbol = result.figures.symbol or settings.data.symbol
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


def simulations(result: Result, settings: Settings) -> tuple[Simulation, Simulation]:
    """The strategy by the rules of `settings` on the result's predictions, and buy and hold beside it."""
    return trading.trade(decided(result, settings), settings)


def decided(result: Result, settings: Settings) -> Decisions:
    """The decisions under these settings: as they were, fold by fold perhaps, but for another threshold."""
    made, level = result.decisions, settings.signal.entry_threshold
    if result.run.mode == "simulate" and made.weight is None:
        reason = "was written by a version that did not keep its target weights"
        raise ChangeSettingsError(f"run {result.run.id}", reason, "Simulate its signals again")
    recorded = result.recorded.settings.signal
    if level != recorded.entry_threshold or recorded.by_band != settings.signal.by_band:
        made = replace(made, signal=signals.threshold(made.forecast, level))
    return made


def again(run: Path) -> str:
    """The remedy where a result is lacking or broken."""
    return f"Backtest the run again: {run_hint(run, 'backtest RUN')}"
