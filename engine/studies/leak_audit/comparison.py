"""Two replays laid side by side: where did the past move when the future was cut off or changed?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from engine.market.candles import OHLCV
from engine.market.merge import funding_table
from engine.market.times import milliseconds
from engine.results.audit import Finding
from engine.studies.leak_audit.rounding import differing_rows, same, usual_deviation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from engine.market.merge import Market
    from engine.studies.leak_audit.replay import Replay
    from engine.studies.leak_audit.stages import Floats, Rows

PROBED = 64  # windows before a cut whose inputs are compared value by value
TRUNCATED, PERTURBED = "cut off", "changed"


@dataclass(frozen=True, eq=False)
class Comparison:
    """The full history's replay, that of the moved one, the cut between them, and how it was moved.

    threshold, width: the entry threshold and the bands' width that signals are made with. horizon: how many
    bars beyond its target's open a label may look.
    """

    base: Replay
    moved: Replay
    cut_ms: int
    how: str
    threshold: float
    width: float
    horizon: int

    def first(self, stages: Sequence[str]) -> list[Finding]:
        """What moved in the first stage that did; later ones are not looked at, as they only pass it on."""
        for name in stages:
            found: Iterator[Finding] = getattr(self, name)()
            if findings := list(found):
                return findings
        return []

    @property
    def last_target_ms(self) -> int:
        """The latest target that both histories must decide alike; a cut one has no row at the cut."""
        return self.cut_ms if self.how == PERTURBED else int(self.moved.time_ms[-1])

    def collect(self) -> Iterator[Finding]:
        """Rows of the series that were known at the cut."""
        candles = [each.collected.primary.frame[list(OHLCV)] for each in (self.base, self.moved)]
        yield from self.frames("collect", candles, self.base.market.calendar.ends)
        named = {each.name: each for each in self.moved.collected.others}
        for other in self.base.collected.others:
            before = other.frame.set_index("available_at").rename(columns={"value": other.name})
            if other.name not in named:
                yield self.finding("collect", other.name, self.cut_ms, 1, 0)
                continue
            after = named[other.name].frame.set_index("available_at").rename(columns={"value": other.name})
            yield from self.frames("collect", [before, after], lambda time: time)

    def merge(self) -> Iterator[Finding]:
        """Rows, provenance and funding paid."""
        for table in (rows, provenance, paid):
            pair = [table(each.market) for each in (self.base, self.moved)]
            yield from self.frames("merge", pair, self.base.market.calendar.ends)

    def features(self) -> Iterator[Finding]:
        """The user's own included; all columns that differ, by more than rounding."""
        yield from self.moved_features[0]

    @cached_property
    def moved_features(self) -> tuple[list[Finding], list[Finding]]:
        """Leaks, and differences that are rounding; those are taken out of the moved replay's features.

        So that what is made of the features later is compared bit for bit.
        """
        before, after = self.base.table, self.moved.table.copy()
        ends = self.base.market.calendar.ends
        known = [ends(milliseconds(table.index)) <= self.cut_ms for table in (before, after)]
        times = milliseconds(before.index)[known[0]]  # (n,)
        if not np.array_equal(times, milliseconds(after.index)[known[1]]):
            return [self.finding("features", "rows", self.cut_ms, known[0].sum(), known[1].sum())], []
        found: tuple[list[Finding], list[Finding]] = [], []
        for name in before.columns:
            was = before[name].to_numpy()[known[0]]
            if name not in after.columns:  # it fails in what the market became: other histories judge it
                became = np.full(len(after), np.nan)
                became[known[1]] = was
                after[name] = became
                continue
            became = after[name].to_numpy(copy=True)
            differs = differing_rows(was, became[known[1]], usual_deviation(before[name].to_numpy()))
            for findings, rows in zip(found, differs, strict=True):
                if len(rows):
                    figures = was[rows[0]], became[known[1]][rows[0]]
                    findings.append(self.finding("features", str(name), int(times[rows[0]]), *figures))
            rounded = np.flatnonzero(known[1])[differs[1]]
            became[rounded] = was[differs[1]]
            after[name] = became
        self.moved.table = after[list(before.columns)]
        return found

    def windows(self) -> Iterator[Finding]:
        """Which rows are decided, and from where on each looks back."""
        tables = [
            pd.DataFrame({"start": each.windows.start}, index=pd.DatetimeIndex(stamps(each.target_ms)))
            for each in (self.base, self.moved)
        ]
        last = self.last_target_ms
        yield from self.frames("windows", tables, lambda time: np.where(time <= last, time, self.cut_ms + 1))

    def label(self) -> Iterator[Finding]:
        """Labels that had come to pass before the cut; their reach is what the split purges by."""
        tables = [
            pd.DataFrame({"label": each.label}, index=each.market.frame.index)
            for each in (self.base, self.moved)
        ]
        yield from self.frames(
            "label", tables, lambda time: self.base.market.later_ms(time, self.horizon) + 1
        )

    def inputs(self) -> Iterator[Finding]:
        """The scaled windows that the model is given, near the cut, with the scalers of the full history."""
        chosen = self.probed()
        before = self.base.inputs(chosen[0])  # (n, L, F)
        after = self.moved.inputs(chosen[1])
        differs = ~same(before, after)
        if differs.any():
            row, place, column = (int(axis[0]) for axis in np.nonzero(differs))
            name = f"{self.base.table.columns[column]}, {before.shape[1] - place} bars before the target"
            time = int(self.base.target_ms[chosen[0][row]])
            yield self.finding("inputs", name, time, before[row, place, column], after[row, place, column])

    def predict(self) -> Iterator[Finding]:
        """Forecasts of those windows."""
        (chosen, before), (_, after) = self.base.forecasts(self.cut_ms), self.moved.forecasts(self.cut_ms)
        pairs = zip(columns(before), columns(after), strict=True)
        for name, pair in zip(("forecast", "lower quantile", "upper quantile"), pairs, strict=False):
            yield from self.decided("predict", name, chosen, *pair)

    def signals(self) -> Iterator[Finding]:
        """Signals of those forecasts."""
        values = []
        for each in (self.base, self.moved):
            chosen, forecast = each.forecasts(self.cut_ms)
            volatility = each.volatility[each.windows.target[chosen]]  # (n,)
            made = each.stages.signals(forecast, volatility, self.threshold, self.width)
            values.append((chosen, made))
        (chosen, before), (_, after) = values
        yield from self.decided("signals", "signal", chosen, before, after)

    def simulate(self) -> Iterator[Finding]:
        """The equity of the same signals, drawn at random, up to the cut."""
        chosen, forecast = self.base.forecasts(self.cut_ms)
        signal = np.random.default_rng(len(chosen)).integers(-1, 2, len(chosen)).astype(np.int8)  # (n,)
        curves = []
        for each in (self.base, self.moved):
            here = np.isin(self.base.target_ms[chosen], each.target_ms)
            target = np.searchsorted(each.time_ms, self.base.target_ms[chosen][here])
            done = each.stages.simulate(each.market, target, forecast[here], signal[here])
            curves.append(pd.DataFrame({"equity": done.equity}, index=done.time))
        # A history that ends closes there what is open: its last bar is no decision.
        last, ends = self.last_target_ms, self.base.market.calendar.ends
        before = (
            (lambda time: time < last) if self.how == TRUNCATED else lambda time: ends(time) <= self.cut_ms
        )
        yield from self.frames("simulate", curves, lambda time: np.where(before(time), time, self.cut_ms + 1))
        yield from self.fills()

    def fills(self) -> Iterator[Finding]:
        """A position decided for the cut's bar must be paid at a price that came after the decision.

        All prices from the cut on differ between the two, so an entry price that stays was known before.
        """
        if self.how != PERTURBED:
            return
        prices = []
        for each in (self.base, self.moved):
            target = np.flatnonzero(each.market.observed & (each.time_ms >= self.cut_ms))[:2]
            if len(target) < 2:
                return
            done = each.stages.simulate(
                each.market, target, np.full(2, self.threshold + 1), np.array([1, 0], np.int8)
            )
            entered = done.trades[done.trades["entry_bar"] == 0]
            prices += [float(price) for price in entered["entry_price"]]
        if len(prices) == 2 and prices[0] == prices[1]:
            yield self.finding("simulate", "entry_price", self.cut_ms, *prices)

    def probed(self) -> tuple[Rows, Rows]:
        """Positions, in both replays, of the last windows whose targets are not after the cut."""
        end = int(np.searchsorted(self.base.target_ms, self.last_target_ms, side="right"))
        chosen = np.arange(max(end - PROBED, 0), end)
        return chosen, np.searchsorted(self.moved.target_ms, self.base.target_ms[chosen])

    def decided(
        self, stage: str, column: str, chosen: Rows, before: NDArray[Any], after: NDArray[Any]
    ) -> Iterator[Finding]:
        """Values of the targets up to the cut; `chosen` are the full history's windows."""
        count = int(np.count_nonzero(self.base.target_ms[chosen] <= self.last_target_ms))
        differs = np.flatnonzero(~same(before[:count], after[:count]))
        if len(differs):
            row = int(differs[0])
            time = int(self.base.target_ms[chosen[row]])
            yield self.finding(stage, column, time, before[row], after[row])

    def frames(
        self, stage: str, pair: Sequence[pd.DataFrame], known: Callable[[Rows], Rows]
    ) -> Iterator[Finding]:
        """Rows known at the cut: the same times, and the same values but for columns that lack in one."""
        before, after = pair
        times = [milliseconds(pd.DatetimeIndex(table.index)) for table in pair]
        masks = [known(time) <= self.cut_ms for time in times]
        old, new = (time[mask] for time, mask in zip(times, masks, strict=True))
        if not np.array_equal(old, new):
            row = min(set(old.tolist()) ^ set(new.tolist()), default=self.cut_ms)
            yield self.finding(stage, "rows", row, len(old), len(new))
            return
        found = []
        for name in before.columns:
            if name not in after.columns:
                yield self.finding(stage, str(name), self.cut_ms, 1, 0)
                return
            was, became = before[name].to_numpy()[masks[0]], after[name].to_numpy()[masks[1]]
            differs = np.flatnonzero(~same(was, became))
            if len(differs):
                row = int(differs[0])
                found.append(self.finding(stage, str(name), int(old[row]), was[row], became[row]))
        yield from found

    def finding(self, stage: str, column: str, row_ms: int, before: Any, after: Any) -> Finding:
        """A finding of this comparison."""
        return Finding(stage, column, row_ms, self.cut_ms, self.how, float(before), float(after))


def columns(forecast: Floats) -> NDArray[np.float64]:
    """The forecasts, and their quantiles where there are any, (1, n) or (3, n)."""
    return np.atleast_2d(forecast.T)


def rows(market: Market) -> pd.DataFrame:
    """The market's columns."""
    return market.frame


def provenance(market: Market) -> pd.DataFrame:
    """Where each value comes from."""
    return market.provenance


def paid(market: Market) -> pd.DataFrame:
    """Funding paid as a table."""
    return funding_table(market)


def stamps(time_ms: Rows) -> NDArray[np.datetime64]:
    """Times as numpy's own."""
    return time_ms.astype("datetime64[ms]")
