"""One history of several symbols walked through all stages; each symbol's part replays as one alone does."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from engine import experiment
from engine.data.store import Series
from engine.preparation import Job
from engine.runs.home import Home
from engine.settings import for_symbol
from engine.statistics.conformal import centre
from engine.studies.leak_audit.history import History, recorded
from engine.studies.leak_audit.replay import Replay
from engine.studies.leak_audit.stages import given, ordinary, own_alone, silent
from engine.universe import run, trading
from engine.universe.pool import Pool
from engine.universe.preparation import prepare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.backtest.portfolio import Portfolio
    from engine.data.store import Store
    from engine.market.merge import Market
    from engine.models.definition import Outputs
    from engine.runs.folder import RunFolder
    from engine.samples.scaling import Scalers
    from engine.samples.split import Split
    from engine.samples.windows import Windows
    from engine.settings import Settings
    from engine.studies.leak_audit.isolation import Isolated
    from engine.studies.leak_audit.stages import Floats, Rows
    from engine.universe.preparation import Prepared


@dataclass(frozen=True, eq=False)
class Audited:
    """What is audited: the settings of a run, its model, and the series of each symbol.

    names: the features in their order. series: the names of each symbol's series, the traded one's first.
    own: names of the user's own features among them; isolated: what computes these.
    """

    run: RunFolder
    settings: Settings
    names: tuple[str, ...]
    members: Sequence[Outputs]
    series: Mapping[str, tuple[str, ...]]
    own: tuple[str, ...] = ()
    isolated: Isolated | None = None

    def begun(self, history: History) -> History:
        """The history without the series of symbols that have no candles in it."""
        there = {each.name for each in history.series if len(each.frame)}
        kept = {name for own in self.series.values() if own[0] in there for name in own}
        return replace(history, series=tuple(each for each in history.series if each.name in kept))

    def among(self, history: History) -> Settings:
        """The settings with the symbols of the history."""
        there = {each.name for each in history.series}
        symbols = tuple(name for name, own in self.series.items() if own[0] in there)
        data = self.settings.data
        top = min(data.universe_top, len(symbols))
        return self.settings.model_copy(
            update={"data": data.model_copy(update={"symbols": symbols, "universe_top": top})}
        )


def history_of(settings: Settings, store: Store, now_ms: int) -> tuple[History, dict[str, tuple[str, ...]]]:
    """The stored series that a run of several symbols reads, and the names of each symbol's.

    A symbol that is not stored is left out, as the run went on without it. Raises what Store.read does.
    """
    series, names = dict[str, Series](), dict[str, tuple[str, ...]]()
    for name in settings.data.symbols:
        own = recorded(for_symbol(settings, name), store, now_ms).series
        if own and own[0].kind == "candles":
            names[name] = tuple(each.name for each in own)
            series |= {each.name: each for each in own}
    return History(tuple(series.values()), now_ms), names


class UniverseReplay:
    """What the pipeline makes of a history of S symbols. T rows and N windows of all."""

    def __init__(self, audited: Audited, history: History, scalers: Scalers | None = None) -> None:
        """Nothing is computed yet. `scalers`: those that inputs are scaled by, if not the fitted ones."""
        self.audited, self.history, self.given = audited, audited.begun(history), scalers
        self.settings = audited.among(self.history)

    @cached_property
    def prepared(self) -> Prepared:
        """Collected, merged, features computed, as a run does from a store that holds just this history."""
        with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
            home = Home(Path(folder))
            self.history.store(home.data)
            built_in = self.settings.features.model_copy(update={"file": ""})
            settings = self.settings.model_copy(update={"features": built_in})
            job = Job(settings, self.audited.run, home, self.history.now_ms, silent)
            data = prepare(job, [name for name in self.audited.names if name not in self.audited.own])
        return replace(data, table=self.with_own(data)) if self.audited.isolated else data

    def with_own(self, data: Prepared) -> pd.DataFrame:
        """The features, (T, F), with the user's own: those of all symbols in one process, as a run has them.

        One that fails in any symbol's history is left out.
        """
        markets = list(data.markets.values())
        (own,) = own_alone(cast("Isolated", self.audited.isolated), [markets])
        first = np.cumsum([0, *(len(market.frame) for market in markets)]).tolist()
        tables = [
            given(data.table.iloc[begin:end], columns, self.audited.names)
            for begin, end, columns in zip(first, first[1:], own, strict=False)
        ]
        return pd.concat(tables, join="inner")

    @cached_property
    def symbols(self) -> dict[str, SymbolReplay]:
        """The replay of each symbol's part."""
        return {name: SymbolReplay(self, s, name) for s, name in enumerate(self.prepared.markets)}

    @cached_property
    def pool(self) -> Pool:
        """The samples of all symbols, of the features as the symbols' replays have them."""
        table = pd.concat([each.table for each in self.symbols.values()])
        markets = list(self.prepared.markets.values())
        return Pool.of(tuple(self.symbols), markets, table, self.prepared.members, self.settings)

    @cached_property
    def split(self) -> Split:
        """Training, validation and test, positions into the windows."""
        return run.split(self.pool, self.settings)

    @cached_property
    def scalers(self) -> Scalers:
        """Fitted on the training windows."""
        return self.pool.fit_scalers(self.settings, self.pool.windows.start[self.split.train])

    def positions(self, targets: Mapping[str, Rows]) -> Rows:
        """Positions into the windows, (n,), of targets by symbol, (n_s,) open times that are there."""
        found = [
            self.symbols[name].before + np.searchsorted(self.symbols[name].target_ms, times)
            for name, times in targets.items()
            if name in self.symbols
        ]
        return np.concatenate(found)

    def forecasts_around(self, test_ms: int) -> tuple[Rows, Floats]:
        """Positions of validation's samples around the first test target, (n,), and their forecasts."""
        position, forecast = [], []
        for each in self.symbols.values():
            chosen, made = each.forecasts(test_ms)
            here = np.isin(each.before + chosen, self.split.validation) & (each.target_ms[chosen] < test_ms)
            position.append(each.before + chosen[here])
            forecast.append(made[here])
        return np.concatenate(position), np.concatenate(forecast)

    def threshold(self, test_ms: int) -> float:
        """The entry threshold that comes of the samples around the first test target."""
        position, forecast = self.forecasts_around(test_ms)
        return trading.entry_threshold(self.pool, position, centre(forecast), self.settings).threshold

    def width(self, test_ms: int) -> float:
        """Half of the width of bands that comes of them."""
        position, forecast = self.forecasts_around(test_ms)
        return experiment.band_width(forecast, self.pool, position, self.settings)

    def traded(self, targets: Mapping[str, Rows], signals: Mapping[str, NDArray[np.int8]]) -> Portfolio:
        """The account that trades given signals, which are the forecasts too, at targets by symbol, (n_s,).

        Weights of the user's know nothing of the market, so equal ones stand for them.
        """
        settings = self.settings
        if settings.portfolio.allocation == "user":
            equal = settings.portfolio.model_copy(update={"allocation": "equal"})
            settings = settings.model_copy(update={"portfolio": equal})
        there = {name: np.isin(times, self.symbols[name].target_ms) for name, times in targets.items()}
        position = self.positions({name: times[there[name]] for name, times in targets.items()})
        signal = np.concatenate([signals[name][here] for name, here in there.items()])
        decided = trading.decide(self.pool, position, signal.astype(np.float64), settings, signal)
        return trading.trade(decided, settings)[0]


class OwnReplay(Replay):
    """The user's own features of one symbol alone, which see nothing of the others."""

    def __init__(self, symbol: SymbolReplay) -> None:
        """Nothing is computed yet."""
        isolated = symbol.universe.audited.isolated
        own = partial(own_alone, cast("Isolated", isolated))
        super().__init__(replace(symbol.stages, many=own, own=own), symbol.history)
        self.symbol = symbol

    @cached_property
    def market(self) -> Market:
        """The symbol's."""
        return self.symbol.market

    @cached_property
    def table(self) -> pd.DataFrame:
        """Its own features, (T_s, F)."""
        return self.symbol.table[list(self.symbol.universe.audited.own)]


class SymbolReplay(Replay):
    """One symbol's part of a universe's replay: its market, its rows of the features, its windows."""

    def __init__(self, universe: UniverseReplay, s: int, name: str) -> None:
        """Nothing is computed yet."""
        alone = for_symbol(universe.settings, name)
        super().__init__(ordinary(alone, (), universe.audited.members), universe.history)
        self.universe, self.s, self.name = universe, s, name

    @cached_property
    def market(self) -> Market:
        """The merged market."""
        return self.universe.prepared.markets[self.name]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Its features, (T_s, F)."""
        ends = np.cumsum([len(each.frame) for each in self.universe.prepared.markets.values()])  # (S,)
        rows = slice(int(ends[self.s]) - len(self.market.frame), int(ends[self.s]))
        return self.universe.prepared.table.iloc[rows]

    @cached_property
    def member(self) -> NDArray[np.bool_]:
        """Which of its bars count, (T_s,)."""
        return self.universe.prepared.members[self.s]

    @cached_property
    def before(self) -> int:
        """How many windows the symbols before it have."""
        return int(np.searchsorted(self.universe.pool.symbol, self.s))

    @cached_property
    def windows(self) -> Windows:
        """Its windows, by its own rows."""
        pool = self.universe.pool
        own = pool.windows.start[pool.symbol == self.s] - pool.rows(self.s).start
        return replace(pool.windows, start=own)

    @cached_property
    def scalers(self) -> Scalers:
        """Those that its inputs are scaled by."""
        found = self.universe.given or self.universe.scalers
        return replace(found, features=found.by_symbol.get(self.name, found.features))
