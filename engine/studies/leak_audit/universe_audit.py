"""The leak audit of several symbols: all of them are cut off or changed at one moment.

Each symbol's part is held against itself as a symbol's alone is; who counts when, what is learned from all,
and the account over all are held against each other as a whole. Cuts lie where parts begin, all over the
history, behind the first and last bars of symbols, and in the midst of gaps.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.results.audit import SAVED, Finding
from engine.studies.leak_audit.audit import (
    Audit,
    all_over,
    differing,
    first_of_each,
    steady,
    unlike_recorded,
)
from engine.studies.leak_audit.comparison import PERTURBED, TRUNCATED, Comparison
from engine.studies.leak_audit.history import known_at, perturbed, truncated
from engine.studies.leak_audit.probe import probe
from engine.studies.leak_audit.replay import NEAR
from engine.studies.leak_audit.rounding import same
from engine.studies.leak_audit.universe_replay import OwnReplay, UniverseReplay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from engine.samples.scaling import Scalers
    from engine.studies.leak_audit.cuts import Probed
    from engine.studies.leak_audit.history import History
    from engine.studies.leak_audit.stages import Rows
    from engine.studies.leak_audit.universe_replay import Audited, SymbolReplay

FEWEST = 2  # symbols that a universe has
SAMPLES, DECIDED = ("windows", "label"), ("inputs", "predict", "signals")
SHARES = (0.2, 0.45, 0.7, 0.93)  # of the targets: cuts besides the first targets of validation and test
EDGES = 8  # cuts, at most, behind first and last bars of symbols; as many in gaps
YOUNG = 60  # bars that a symbol has at a cut, or none: features of fewer are computed of nothing


def audit_universe(
    audited: Audited,
    history: History,
    scalers: Scalers | None = None,
    alive: Callable[[], None] = lambda: None,
    recorded: Mapping[str, pd.Series[float]] | None = None,
) -> Audit:
    """Replay the stages on the history and on moved ones; arguments as of `audit`, forecasts by symbol.

    The user's own features see nothing of other symbols, so each symbol's are probed as of one alone.
    """
    base = UniverseReplay(audited, history, scalers)
    parts = (base.split.validation, base.split.test)
    boundaries = [int(base.pool.target_ms[part].min()) for part in parts]
    cuts, histories = sound_cuts(base, boundaries), 1
    level, width = base.threshold(boundaries[1]), base.width(boundaries[1])
    findings, rounding = list(fitted(base, scalers)), list[Finding]()
    for cut in cuts:
        for how, move in ((TRUNCATED, truncated), (PERTURBED, perturbed)):
            alive()
            moved = UniverseReplay(audited, move(history, cut), scalers or base.scalers)
            if len(moved.settings.data.symbols) < FEWEST:
                continue
            histories += 1
            pair = Pair(base, moved, cut, how, level, width)
            findings += pair.first()
            rounding += pair.rounding
    for place, boundary in enumerate(boundaries):
        alive()
        histories += 1
        cut = int(base.symbols[base.pool.symbols[0]].market.calendar.ends(np.array([boundary]))[0])
        moved = UniverseReplay(audited, perturbed(history, cut))
        pair = Pair(base, moved, cut, PERTURBED, level, width)
        rounding += pair.rounding  # and it is out of the features before samples are made of them
        findings += [*learned(pair, validation=place > 0), *(tuned(pair, boundary) if place else ())]
    for name, forecasts in (recorded or {}).items():
        symbol = base.symbols[name]
        moments = all_over(symbol, forecasts) if audited.own else cuts
        findings += [named(name, each) for each in unlike_recorded(symbol, moments, forecasts)]
    probed = probed_by_symbol(base, alive) if audited.own else {}
    for name, each in probed.items():
        findings += [named(name, leak) for leak in each.leaks]
        rounding += [named(name, leak) for leak in each.rounding]
    again = audited.isolated.unsteady if audited.isolated else ()
    unsteady = [named(name, each) for each in again for name in base.symbols]
    found, rounded = first_of_each(steady(findings, unsteady)), first_of_each(rounding)
    unjudged = dict.fromkeys(name for each in probed.values() for name in each.unjudged)
    count = sum(each.cuts for each in probed.values())
    return Audit(tuple(found), tuple(rounded), tuple(cuts), histories, count, tuple(unjudged))


def probed_by_symbol(base: UniverseReplay, alive: Callable[[], None]) -> dict[str, Probed]:
    """What the probe says of the user's own features of each symbol."""
    found = {}
    for name, symbol in base.symbols.items():
        alive()
        found[name] = probe(OwnReplay(symbol), base.audited.own)
    return found


@dataclass(frozen=True, eq=False)
class Pair:
    """The full history's replay, that of the moved one, the cut between them, and how it was moved.

    threshold, width: what signals are made with.
    """

    base: UniverseReplay
    moved: UniverseReplay
    cut_ms: int
    how: str
    threshold: float
    width: float

    @cached_property
    def of_symbols(self) -> dict[str, Comparison]:
        """Each symbol that both histories have, its part held against itself.

        Not one in the midst of a gap that is filled: where its history ends, these rows do not exist.
        """
        given = self.cut_ms, self.how, self.threshold, self.width, self.base.settings.label.horizon
        return {
            name: Comparison(self.base.symbols[name], moved, *given)
            for name, moved in self.moved.symbols.items()
            if self.how == PERTURBED or traded_before(self.base.symbols[name], self.cut_ms)
        }

    @property
    def rounding(self) -> list[Finding]:
        """Features that differ by no more than a rounding does."""
        return [
            named(name, each) for name, pair in self.of_symbols.items() for each in pair.moved_features[1]
        ]

    def first(self) -> list[Finding]:
        """What moved in the first stage that did, of all symbols; later ones only pass it on."""
        for judge in (
            self.by_symbol(("merge",)), self.membership(), self.by_symbol(("features",)),
            self.by_symbol(SAMPLES), self.by_symbol(DECIDED), self.simulate(),
        ):  # fmt: skip
            if findings := list(judge):
                return findings
        return []

    def by_symbol(self, stages: Sequence[str]) -> Iterator[Finding]:
        """Of each symbol, what moved in the first of the stages that did."""
        for name, pair in self.of_symbols.items():
            yield from (named(name, each) for each in pair.first(stages))

    def membership(self) -> Iterator[Finding]:
        """Which of a symbol's bars count, up to the cut."""
        for name, pair in self.of_symbols.items():
            before, after = self.base.symbols[name], self.moved.symbols[name]
            known = before.market.calendar.ends(after.time_ms) <= self.cut_ms  # (T_s,) rows are alike by now
            was, became = before.member[: len(known)][known], after.member[known]
            for row in np.flatnonzero(was != became)[:1]:
                time_ms = int(after.time_ms[row])
                yield named(name, pair.finding("merge", "member", time_ms, was[row], became[row]))

    def simulate(self) -> Iterator[Finding]:
        """The account of the same signals, drawn at random, up to the cut; what an order at it is paid."""
        targets = {
            name: each.target_ms[each.near(self.cut_ms, NEAR)]
            for name, each in self.base.symbols.items()
            if name in self.of_symbols
        }
        random = np.random.default_rng(len(targets))
        signals = {name: random.integers(-1, 2, len(each)).astype(np.int8) for name, each in targets.items()}
        before, after = (each.traded(targets, signals) for each in (self.base, self.moved))
        until = self.last_alike(targets)
        curves = []
        for account in (before, after):
            time = account.time.astype(np.int64)
            curves.append((time[time < until], account.equity[time < until]))
        (times, was), (others, became) = curves
        any_pair = next(iter(self.of_symbols.values()))
        if not np.array_equal(times, others):
            yield any_pair.finding("simulate", "rows", self.cut_ms, len(times), len(others))
            return
        for row in np.flatnonzero(~same(was, became))[:1]:
            yield any_pair.finding("simulate", "equity", int(times[row]), was[row], became[row])
        yield from self.fills()

    def last_alike(self, targets: Mapping[str, Rows]) -> int:
        """Until when the account is the same: a history that is cut off closes what it holds at its end."""
        ends = [self.cut_ms]
        for name, times in targets.items():
            there = times[np.isin(times, self.moved.symbols[name].target_ms)]
            if len(there) < len(times) and len(there):
                ends.append(int(there[-1]))
        if self.how == PERTURBED:  # the bar that ends at the cut is the last that is known then
            opens = self.cut_ms - next(iter(self.base.symbols.values())).market.step_ms
            return min(opens + 1, *ends)
        return min(ends)

    def fills(self) -> Iterator[Finding]:
        """What is decided for the bar at the cut is paid at a price that came after it, so it differs."""
        if self.how != PERTURBED:
            return
        for name, each in self.base.symbols.items():
            target = each.target_ms[each.target_ms >= self.cut_ms][:2]
            if len(target) < 2 or not np.isin(target, self.moved.symbols[name].target_ms).all():
                continue
            order = {name: np.array([1, 0], np.int8)}
            accounts = [replay.traded({name: target}, order) for replay in (self.base, self.moved)]
            prices = [float(found) for made in accounts for found in made.trades["entry_price"][:1]]
            if len(prices) == 2 and prices[0] == prices[1]:
                pair = self.of_symbols[name]
                yield named(name, pair.finding("simulate", "entry_price", self.cut_ms, *prices))


def named(symbol: str, finding: Finding) -> Finding:
    """The finding with the symbol before its column."""
    return replace(finding, column=f"{symbol} {finding.column}")


def traded_before(symbol: SymbolReplay, cut_ms: int) -> bool:
    """Whether its last row before the cut was traded."""
    return bool(symbol.market.observed[int(np.searchsorted(symbol.time_ms, cut_ms)) - 1])


def sound_cuts(base: UniverseReplay, boundaries: Sequence[int]) -> list[int]:
    """Targets to cut at: where parts begin, all over, behind first and last bars of symbols, and in gaps.

    Each is moved on to one at which every symbol has some bars or none, and its series have begun.
    """
    times = np.unique(base.pool.target_ms)  # (M,)
    sound = np.ones(len(times), np.bool_)
    held, edges = {each.name: each for each in base.history.series}, list[int]()
    gaps: list[int] = []
    for each in base.symbols.values():
        opens, observed = each.time_ms, each.market.observed  # (T_s,)
        last = np.searchsorted(opens, times) - 1  # (M,) -1: it has not begun
        series = [known_at(held[own])[0] for own in base.audited.series[each.name] if len(held[own].frame)]
        begun = times > max(series) + each.market.step_ms  # (M,)
        sound &= (last < 0) | ((last >= YOUNG) & begun)
        edges += [int(opens[min(YOUNG, len(opens) - 1)]), int(opens[-1]) + each.market.step_ms]
        gaps += (opens[np.flatnonzero(~observed)] + each.market.step_ms).tolist()
    inside = [int(times[int(share * len(times))]) for share in SHARES]
    chosen = [
        *(spread(sorted({at for at in moments if times[0] < at < times[-1]})) for moments in (edges, gaps))
    ]
    there = times[sound]
    places = np.searchsorted(there, [*boundaries, *inside, *itertools.chain(*chosen)])
    return sorted({int(there[place]) for place in places if place < len(there)})


def spread(edges: Sequence[int]) -> list[int]:
    """At most EDGES of them, from the first to the last."""
    chosen = np.unique(np.linspace(0, len(edges) - 1, min(EDGES, len(edges))).astype(np.int64))
    return [edges[place] for place in chosen.tolist()]


def fitted(base: UniverseReplay, scalers: Scalers | None) -> Iterator[Finding]:
    """The scalers that the run saved must be what its training rows give."""
    if scalers is None:
        return
    first = next(iter(base.symbols.values()))
    cut_ms = int(base.pool.target_ms[base.split.validation].min())
    pair = Comparison(first, first, cut_ms, SAVED, 0.0, 0.0, 0)
    yield from unlike(pair, base.scalers, scalers, list(base.pool.table.columns))


def unlike(pair: Comparison, before: Scalers, after: Scalers, columns: Sequence[str]) -> Iterator[Finding]:
    """The first figure of the scalers of all symbols, and of each that has its own, that is another."""
    yield from differing(pair, before, after, columns)
    for name, features in before.by_symbol.items():
        own = replace(before, features=features)
        other = replace(after, features=after.by_symbol.get(name, after.features))
        yield from (named(name, each) for each in differing(pair, own, other, columns))


def learned(pair: Pair, *, validation: bool) -> Iterator[Finding]:
    """Samples, labels and scalers of training, or the samples of validation, when later rows are changed."""
    base, moved = pair.base, pair.moved
    parts = [each.split.validation if validation else each.split.train for each in (base, moved)]
    any_pair, name = next(iter(pair.of_symbols.values())), "validation" if validation else "training"
    symbols, times, labels = zip(
        *(
            (pool.symbol[part], pool.target_ms[part], pool.label[part])
            for pool, part in zip((base.pool, moved.pool), parts, strict=True)
        ),
        strict=True,
    )
    if not (np.array_equal(*symbols) and np.array_equal(*times)):
        yield any_pair.finding("split", f"{name} samples", pair.cut_ms, len(times[0]), len(times[1]))
        return
    for row in np.flatnonzero(~same(*labels))[:1]:
        symbol = base.pool.symbols[int(symbols[0][row])]
        figures = labels[0][row], labels[1][row]
        yield named(symbol, any_pair.finding("split", f"label of {name}", int(times[0][row]), *figures))
        return
    if not validation:
        yield from unlike(any_pair, base.scalers, moved.scalers, list(base.pool.table.columns))


def tuned(pair: Pair, test_ms: int) -> Iterator[Finding]:
    """The entry threshold and the bands' width must not know the test."""
    any_pair = next(iter(pair.of_symbols.values()))
    threshold, width = pair.moved.threshold(test_ms), pair.moved.width(test_ms)
    if threshold != pair.threshold:
        yield any_pair.finding("threshold", "entry threshold", pair.cut_ms, pair.threshold, threshold)
    if not same(np.array(width), np.array(pair.width)):
        yield any_pair.finding("threshold", "width of bands", pair.cut_ms, pair.width, width)
