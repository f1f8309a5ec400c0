"""Collect: the primary's candles and every other series that the settings ask for, all at once.

Only what is missing is asked for; with nothing missing no exchange is opened. `demo` is the ordinary
binance client pointed at the embedded simulated exchange.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, TypeAlias

from engine.data.candle_notes import holes, losses
from engine.data.exchange.client import Client, open_exchange
from engine.data.inputs import (
    at_mark,
    cut,
    extent,
    imported,
    joins_early,
    of_series,
    own_funding,
    own_series,
    with_calendar,
)
from engine.data.kinds import KINDS
from engine.data.plan import PRIMARY, Source, sources_of, span_of
from engine.data.update import Emit, complete, event, facts, failed, missing, stored, update
from engine.errors import ChangeSettingsError, QuantdeckError, StopRequestedError
from engine.market.calendar import Calendar
from engine.market.candles import gaps, iso, milliseconds, time_index
from engine.market.merge import Other, column_values
from engine.results.notes import Note
from engine.settings import Data, Demo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.data.store import Series, Store
    from engine.market.ranges import Range


@dataclass(frozen=True, eq=False)
class Collected:
    """What a run works on."""

    primary: Series  # candles of the wanted range
    others: list[Other]  # funding, open_interest, second_close, second_volume, data.extra: those asked for
    notes: tuple[Note, ...]  # what a person should know of them
    simulated: bool


async def collect(
    data: Data, store: Store, now_ms: int, emit: Emit, demo: Demo | None = None, demo_endpoint: str = ""
) -> Collected:
    """Bring all series of the settings up to date and return them, cut to the wanted range.

    `demo` tells the market of the simulated exchange, `demo_endpoint` where one runs already. Raises what the
    primary or, unless `when_source_fails` is go-on, any source raises: ChangeSettingsError, TryAgainError,
    RepairDataError,
    MakeRoomError; and StopRequestedError from `emit`. Pages that came until then are stored.
    """
    plan = Plan.of(data, store, now_ms, demo or Demo())
    job = CollectJob(plan.data, demo or Demo(), store, now_ms, emit, demo_endpoint)
    await job.run(list(plan.sources))
    return plan.collected(store, job.found)


async def collect_several(
    symbols: Mapping[str, Data], store: Store, now_ms: int, emit: Emit, demo: Demo | None = None,
    demo_endpoint: str = "",
) -> tuple[dict[str, Collected], dict[str, QuantdeckError]]:  # fmt: skip
    """The same of several symbols at once, which share exchanges, with their limits, and series.

    symbols: the settings of each alone. A symbol that cannot be had takes none of the others with it: it
    stands in the second dict, with why. Raises StopRequestedError.
    """
    plans: dict[str, Plan] = {}
    got: dict[str, Collected] = {}
    lost: dict[str, QuantdeckError] = {}
    for name, data in symbols.items():
        try:
            plans[name] = Plan.of(data, store, now_ms, demo or Demo())
        except QuantdeckError as error:  # such as a stored series that has no bar in the range
            lost[name] = error
    if not plans:
        return got, lost
    wanted: dict[str, Source] = {}
    for source in (source for plan in plans.values() for source in plan.sources):
        known = wanted.get(source.name, source).wanted
        both = min(known[0], source.wanted[0]), max(known[1], source.wanted[1])
        wanted[source.name] = replace(source, wanted=both)
    first = next(iter(plans.values())).data
    job = CollectJob(first, demo or Demo(), store, now_ms, emit, demo_endpoint, several=True)
    await job.run(list(wanted.values()))
    for name, plan in plans.items():
        faults = [job.lost[each.name] for each in plan.sources if each.name in job.lost]
        if faults:
            lost[name] = faults[0]
        else:
            got[name] = plan.collected(store, job.found)
    return got, lost


Found: TypeAlias = "dict[str, tuple[Series, QuantdeckError | None]]"  # by series


@dataclass(frozen=True, eq=False)
class Plan:
    """What one symbol takes: its sources, and what of it is stored already."""

    data: Data
    primary: Series | None  # of the store
    extras: list[Other]
    sources: tuple[Source, ...]
    span: Range
    notes: tuple[Note, ...]

    @classmethod
    def of(cls, data: Data, store: Store, now_ms: int, demo: Demo) -> Self:
        """Of the settings of one symbol. Raises ChangeSettingsError, RepairDataError."""
        notes: list[Note] = []
        data = of_series(data, store)
        primary = imported(data, store, notes) if data.series else None
        extras = own_series(data, store)
        notes += [note for each in extras for note in joins_early(each)]
        span = span_of(data, now_ms) if primary is None else extent(primary)
        sources = tuple(sources_of(data, demo, span))
        if primary and any(source.simulated != primary.simulated for source in sources):
            reason = "simulated and real series do not go together"
            raise ChangeSettingsError("data.exchange", reason, "Take all of them from one side")
        return cls(data, primary, extras, sources, span, tuple(notes))

    def collected(self, store: Store, found: Found) -> Collected:
        """What came of it."""
        notes = list(self.notes)
        series: dict[str, Series] = {}  # by role
        for source in self.sources:
            whole, error = found[source.name]
            part = cut(whole, source.wanted)
            notes += remarks(source, self.span, part, error)
            if len(part.frame):
                series[source.role] = part
        primary = self.primary or with_calendar(series[PRIMARY], self.data.calendar)
        simulated = primary.simulated or any(source.simulated for source in self.sources)
        others = at_mark(self.data, store, [*others_of(self.sources, series), *own_funding(self.data, store)])
        return Collected(primary, [*others, *self.extras], tuple(notes), simulated)


@dataclass(frozen=True)
class CollectJob:
    """The sources of one collection, fetched side by side.

    several: whether they are of several symbols; what cannot be had of one then ends nothing else.
    """

    data: Data
    demo: Demo
    store: Store
    now_ms: int
    emit: Emit
    demo_endpoint: str
    several: bool = False
    found: Found = field(default_factory=dict)
    lost: dict[str, QuantdeckError] = field(default_factory=dict)  # by series

    async def run(self, sources: list[Source]) -> None:
        """Fill `found`; raises the worst of what came up, after all clients are closed."""
        needed = [source for source in sources if missing(source, facts(source, self.store))]
        fault: BaseException | None = None
        async with AsyncExitStack() as stack:
            clients = await self._opened(stack, needed)
            try:
                async with asyncio.TaskGroup() as group:
                    for source in sources:
                        client = clients[source.exchange, source.path] if source in needed else None
                        group.create_task(self._fetch(source, client))
            except BaseExceptionGroup as several:
                fault = worst(several)
        if fault is not None:
            raise fault

    async def _opened(self, stack: AsyncExitStack, needed: list[Source]) -> dict[tuple[str, str], Client]:
        """A client per exchange to be asked, by exchange and path; starts the simulated one if need be."""
        base = self.data.endpoint
        if any(source.simulated for source in needed):
            base = self.demo_endpoint
            if not base:
                from engine.data.demo.server import demo_exchange

                market = (self.demo.seed, self.demo.edge, self.data.timeframe)
                further = (self.demo.correlation, self.demo.edge_in)
                running = demo_exchange(*market, self.now_ms, *further)
                base = (await stack.enter_async_context(running)).url
        clients = {}
        for exchange, path in dict.fromkeys((source.exchange, source.path) for source in needed):
            client = open_exchange(
                exchange,
                base.rstrip("/") + path if base else "",
                retries=self.data.retries,
                timeout_s=self.data.timeout,
                alive=lambda: self.emit({"kind": "alive"}),
            )
            clients[exchange, path] = await stack.enter_async_context(client)
        return clients

    async def _fetch(self, source: Source, client: Client | None) -> None:
        """Put the source's rows of the wanted range into `found`, with the error if the run may go on."""
        try:
            if client is None:
                series = complete(source, self.store, self.now_ms)
                self.emit(event(source, "end", rows=len(series.frame)))
            else:
                series = await update(source, self.store, client, self.now_ms, self.emit)
            series = cut(series, source.wanted)
            if series.frame.empty:
                start, end = map(iso, source.wanted)
                reason = f"{source.stored_as} has nothing of it between {start} and {end}"
                if rejected := series.report.get("rejected_by"):
                    came = f"{sum(rejected.values()):,} rows came between {start} and {end}"
                    reason = f"{came}, all rejected: {', '.join(rejected)}"
                raise ChangeSettingsError(
                    source.name, reason, "Choose another range, or leave this series out"
                )
            self.found[source.name] = series, None
        except StopRequestedError:
            raise
        except QuantdeckError as error:
            self.emit(failed(source, error))
            if source.role == PRIMARY or self.data.when_source_fails == "fail":
                if not self.several:
                    raise
                self.lost[source.name] = error
                return
            self.found[source.name] = cut(stored(source, self.store), source.wanted), error


def others_of(sources: Sequence[Source], series: dict[str, Series]) -> list[Other]:
    """The other series as the merge wants them: when each value became known, and how long it counts."""
    others = []
    for source in sources:
        if source.role == PRIMARY or source.role not in series:
            continue
        frame = series[source.role].frame
        if KINDS[source.kind].candles:
            for column in ("close", "volume"):
                values = column_values(frame, column, Calendar(source.step_ms))
                others.append(Other(f"{source.role}_{column}", values, source.staleness_ms))
        else:
            known = time_index(milliseconds(frame.index) + source.delay_ms)
            others.append(Other(source.kind, frame.assign(available_at=known), source.staleness_ms))
    return others


def remarks(source: Source, span: Range, series: Series, error: QuantdeckError | None) -> list[Note]:
    """What a person should know of a source: that it failed, starts late, ends early, has gaps."""
    notes = []
    if error is not None:
        code = "source failed, stored before" if len(series.frame) else "source failed"
        notes.append(Note(code, {"error": str(error)}))
    if series.frame.empty:
        return notes
    first, last = milliseconds(series.frame.index[[0, -1]]).tolist()
    slack = 2 * source.step_ms
    if first - span[0] > slack:
        notes.append(Note("series starts late", {"series": source.name, "first": str(iso(first))}))
    if span[1] - (last + source.step_ms) > slack:
        notes.append(Note("series ends early", {"series": source.name, "last": str(iso(last))}))
    notes += losses(source.name, series.report)
    if source.kind == "candles":
        lacking = gaps(series.frame.index, source.step_ms)
        bars = sum(end - start for start, end in lacking) // source.step_ms
        notes += holes(source.name, len(lacking), bars)
    return notes


def worst(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error to show of those that came together: the wish to stop first, then quantdeck's own."""
    leaves: list[BaseException] = []
    for error in several.exceptions:
        leaves += [worst(error)] if isinstance(error, BaseExceptionGroup) else [error]
    ranks = (StopRequestedError, ChangeSettingsError, QuantdeckError, BaseException)
    return min(leaves, key=lambda error: next(n for n, rank in enumerate(ranks) if isinstance(error, rank)))
