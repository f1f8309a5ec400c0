"""From the sources of several symbols to their features: collected at once, merged, computed."""

from __future__ import annotations

import asyncio
import gc
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from engine import features, preparation
from engine.data.collect import Collected, collect_several
from engine.data.importing.features_file import load_features
from engine.data.store import Store
from engine.errors import ChangeSettingsError
from engine.market.merge import fingerprint
from engine.market.times import milliseconds
from engine.preparation import Job, stage
from engine.results.notes import Note
from engine.settings import for_symbol, resolved
from engine.universe import cross_section
from engine.universe.alike import move_as_one
from engine.universe.membership import members
from engine.universe.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from engine.errors import QuantdeckError
    from engine.features import Feature
    from engine.market.merge import Market
    from engine.settings import Settings

SYMBOL = "symbol_"  # begins the names of the inputs that tell the symbol


@dataclass(frozen=True, eq=False)
class Prepared:
    """The markets of S symbols, T rows in all, and what the model sees of them.

    table: (T, F), float32 of several, one symbol's rows after the other's. members: (T_s,) which bars
    count, see `membership`.
    smallest_order: the largest of the symbols' minimum orders, as far as known, in quote currency.
    """

    markets: Mapping[str, Market]
    table: pd.DataFrame
    members: tuple[NDArray[np.bool_], ...]
    own: tuple[Feature, ...]
    notes: tuple[Note, ...]
    smallest_order: float = 0.0

    def pool(self, settings: Settings) -> Pool:
        """The samples of all symbols."""
        return Pool.of(tuple(self.markets), list(self.markets.values()), self.table, self.members, settings)

    @property
    def simulated(self) -> bool:
        """Whether the markets are simulated."""
        return any(market.simulated for market in self.markets.values())

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hex over the symbols and all that their markets hold."""
        return fingerprint_of(self.markets)


def fingerprint_of(markets: Mapping[str, Market]) -> str:
    """SHA-256 in hex over the symbols' names and all that their markets hold."""
    digest = hashlib.sha256()
    for name, market in markets.items():
        digest.update(f"{name} {fingerprint(market)}\n".encode())
    return digest.hexdigest()


def prepare(job: Job, names: Sequence[str] | None = None, training: float = 1.0) -> Prepared:
    """Collect, merge, compute the features of every symbol.

    names: the features in their order; None: those that the settings ask for, without what the first share
    `training` of the bars can teach nothing of. Raises as preparation.prepare; ChangeSettingsError for
    symbols that do not go together.
    """
    settings = job.settings
    collected, notes = collect_universe(job)
    orders = [each.primary.limits.get("minimum_notional", 0.0) for each in collected.values()]
    with stage(job.emit, "merge"):
        markets = {  # what is merged need not be kept as it came, too
            name: preparation.merge_all(collected.pop(name), settings.data.fill_gaps)
            for name in tuple(collected)
        }
        refuse_different(markets)
        notes = [Note("universe of candidates", {"symbols": len(markets)}), *notes, *filled(markets)]
        notes += move_as_one(markets)
        counts = members(list(markets.values()), settings.data.universe_top, settings.data.universe_days)
    with stage(job.emit, "features"):
        table, own, left_out = features_table(markets, settings, names, training)
    return Prepared(markets, table, tuple(counts), own, (*notes, *left_out), max(orders))


def features_table(
    markets: Mapping[str, Market],
    settings: Settings,
    names: Sequence[str] | None = None,
    training: float = 1.0,
) -> tuple[pd.DataFrame, tuple[Feature, ...], list[Note]]:
    """The features of all symbols, (T, F), those of the user's own among them, and which were left out.

    names, training: as of `prepare`.
    """
    own = tuple(load_features(Path(settings.features.file))) if settings.features.file else ()
    wanted = chosen(settings, markets, own) if names is None else names
    table = table_of(markets, wanted, own, settings.data.fill_gaps)
    if names is not None:
        return table, own, []
    table, left_out = without_useless(markets, table, settings, training)
    return table, own, left_out


def collect_universe(job: Job) -> tuple[dict[str, Collected], list[Note]]:
    """Every symbol's series, all at once, and what a person should know of them.

    What came is stored. Where a symbol cannot be had the run fails and says which, or goes on without it, as
    data.when_source_fails says.
    """
    settings, store = job.settings, Store(job.home.data)
    data = resolved(settings.data, store.names())
    wanted = {name: for_symbol(settings, name).data for name in data.symbols}
    with stage(job.emit, "collect"):
        got, lost = asyncio.run(collect_several(wanted, store, job.now_ms, job.emit, settings.demo))
        gc.collect()  # clients and the simulated exchange refer to themselves, and have kept much
        if lost and (settings.data.when_source_fails == "fail" or not got):
            raise of_lost(lost, len(wanted))
        simulated = {each.simulated for each in got.values()}
        if len(simulated) > 1:
            reason = "simulated and real series do not go together"
            raise ChangeSettingsError("data.symbols", reason, "Take all of them from one side")
        if simulated == {True}:
            job.emit({"kind": "simulated", "source": "demo"})
    notes = [Note("symbol lost", {"symbol": name, "error": str(error)}) for name, error in lost.items()]
    for note in (note for each in got.values() for note in each.notes):
        if note not in notes:
            notes.append(note)
    return got, notes


def of_lost(lost: Mapping[str, QuantdeckError], symbols: int) -> QuantdeckError:
    """The error of a collection that lacks symbols: the first one's kind, and all their names."""
    error = next(iter(lost.values()))
    kept = symbols - len(lost)
    reason = (
        f"{len(lost)} of {symbols} symbols cannot be had, {', '.join(lost)}: {error.thing}: {error.reason}"
    )
    stored = f"; those of the other {kept} are stored" if kept else ""
    remedy = f"{error.remedy}; or go on without them: data.when_source_fails=go-on"
    return type(error)("data.symbols", f"{reason}{stored}", remedy)


def refuse_different(markets: Mapping[str, Market]) -> None:
    """Raise ChangeSettingsError for markets whose bars are not of one length and one calendar."""
    calendars = {str(market.calendar): name for name, market in reversed(list(markets.items()))}
    steps = {market.step_ms: name for name, market in reversed(list(markets.items()))}
    if len(steps) > 1:
        steps_named = " and ".join(f"{name} of {step // 60_000} min" for step, name in sorted(steps.items()))
        raise ChangeSettingsError(
            "data.symbols",
            f"have bars of different lengths: {steps_named}",
            "Set data.timeframe, or name others",
        )
    if len(calendars) > 1:
        named = " and ".join(f"{name} {calendar}" for calendar, name in calendars.items())
        raise ChangeSettingsError(
            "data.symbols", f"trade at different times: {named}", "Set data.calendar, or name others"
        )


def filled(markets: Mapping[str, Market]) -> list[Note]:
    """How many rows are filled ones, in all."""
    bars = sum(int(np.count_nonzero(~market.observed)) for market in markets.values())
    return [Note("bars filled", {"bars": bars})] if bars else []


def chosen(settings: Settings, markets: Mapping[str, Market], own: Sequence[Feature]) -> list[str]:
    """The features that the settings ask for: each symbol's own, those among the others, the symbol."""
    first = next(iter(markets.values()))
    columns = tuple(first.frame.columns)
    names = list(features.resolve(settings.features.chosen, columns, own, step_ms=first.step_ms))
    asked = settings.universe
    if asked.cross_section:
        names += cross_section.NAMES
    names += cross_section.lead_names(asked.lead)
    return names + [f"{SYMBOL}{name}" for name in markets if asked.symbol]


def table_of(
    markets: Mapping[str, Market], names: Sequence[str], own: Sequence[Feature], fill_gaps: int
) -> pd.DataFrame:
    """The named features of all symbols, (T, F), one symbol's rows after the other's.

    Those of several are float32, as the model sees them: twice as wide they took more memory than training.
    """
    several = list(markets.values())
    first = np.cumsum([0, *(len(market.frame) for market in several)])
    precision = np.float32 if len(several) > 1 else np.float64
    values = np.empty((len(names), first[-1]), precision)  # (F, T): a feature's values lie together
    among = [name for name in names if name in cross_section.NAMES]
    lead = [name for name in names if name.startswith("lead_return_")]
    marked = [name for name in names if name.startswith(SYMBOL)]
    alone = [name for name in names if name not in {*among, *lead, *marked}]
    place = {name: number for number, name in enumerate(names)}
    crossed = cross_section.cross_section(several, fill_gaps) if among else []
    led = cross_section.lead(several, len(lead), fill_gaps) if lead else []
    for s, (symbol, market) in enumerate(markets.items()):
        rows = slice(first[s], first[s + 1])
        computed = features.compute(market, alone, own)
        for name in alone:
            values[place[name], rows] = computed[name].to_numpy()
        for name in among:
            values[place[name], rows] = crossed[s][:, cross_section.NAMES.index(name)]
        for number, name in enumerate(lead):
            values[place[name], rows] = led[s][:, number]
        for name in marked:
            values[place[name], rows] = float(name == f"{SYMBOL}{symbol}")
    index = pd.DatetimeIndex(
        np.concatenate([market.frame.index for market in several]), tz="UTC", name="time"
    )
    return pd.DataFrame(values.T, index=index, columns=list(names), copy=False)


def without_useless(
    markets: Mapping[str, Market], table: pd.DataFrame, settings: Settings, training: float
) -> tuple[pd.DataFrame, list[Note]]:
    """The features without those, not named, that the first share of all bars teaches nothing of any symbol.

    Nor is a symbol told that has no bar there.
    """
    times = [milliseconds(market.frame.index) for market in markets.values()]  # (T_s,)
    common = np.unique(np.concatenate(times))  # (B,)
    until = common[min(int(training * len(common)), len(common) - 1)]
    lookback, first = settings.window.lookback, 0
    useless: list[tuple[set[str], set[str]]] = []
    for time in times:
        rows = int(np.searchsorted(time, until))
        if rows > lookback:
            found = features.without_use(table.iloc[first : first + len(time)], rows, lookback)
            useless.append((set(found[0]), set(found[1])))
        first += len(time)
    late = {
        f"{SYMBOL}{name}"
        for name, time in zip(markets, times, strict=True)
        if np.searchsorted(time, until) <= lookback + settings.label.horizon
    }
    named = {*settings.features.chosen, *(name for name in table.columns if name.startswith(SYMBOL))}
    unknown = set.intersection(*(pair[0] for pair in useless)) - named if useless else set()
    never = set.intersection(*(pair[0] | pair[1] for pair in useless)) - named if useless else set()
    if set(features.SEVERAL).isdisjoint(settings.features.chosen):
        unknown, never = set(), set()
    groups = {"unknown": unknown, "constant": never - unknown}
    if len(never) == table.shape[1]:
        return table, []  # what is wrong is the rows; the training says what
    notes = [
        Note(f"features {what}", {"names": ", ".join(name for name in table.columns if name in left_out)})
        for what, left_out in groups.items()
        if left_out
    ]
    gone = [name for name in table.columns if name in never | late]
    return (table.drop(columns=gone) if gone else table), notes
