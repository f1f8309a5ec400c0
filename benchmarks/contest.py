"""Contests: every contender acts once a round, in turn, so that a noisy machine is noisy for all alike.

What counts is the ratio of two contenders within one round; a contest's figure is the median of these
ratios, its spread their quartiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from benchmarks.contender import ROOT, Contender

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Entry = tuple[str, str, str, tuple[object, ...]]  # name, module, function, arguments


class DifferenceError(Exception):
    """Two contenders did not do the same work, so their times say nothing."""


@dataclass(frozen=True)
class Line:
    """One row of the table; `low` and `high` are quartiles, `wanted` the bound as a user reads it."""

    what: str
    value: float
    low: float
    high: float
    unit: str
    wanted: str = ""
    holds: bool | None = None
    note: str = ""
    samples: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Contest:
    """Answers of an action: by contender, one a round."""

    answers: dict[str, list[dict[str, Any]]]

    def seconds(self, name: str) -> np.ndarray:
        """Wall seconds by round, (R,)."""
        return np.array([answer["seconds"] for answer in self.answers[name]])

    def ratios(self, ours: str, *peers: str) -> np.ndarray:
        """How many times faster ours was than the fastest of the peers, by round, (R,)."""
        best = min((self.seconds(peer) for peer in peers), key=np.median)
        ratios: np.ndarray = best / self.seconds(ours)
        return ratios

    def answer(self, name: str) -> Any:
        """What it answered in the last round."""
        return self.answers[name][-1]["answer"]

    def peak_mb(self, name: str) -> float:
        """Its most memory."""
        return max(answer["peak_mb"] for answer in self.answers[name])


class Arena:
    """Contenders side by side, each in a process of its own; prepared one after the other."""

    def __init__(self, entries: Sequence[Entry], trees: Mapping[str, Path] | None = None) -> None:
        """`trees`: the checkout of a contender, by name, where it is another one than this."""
        self.contenders = [self._prepared(entry, (trees or {}).get(entry[0], ROOT)) for entry in entries]

    @staticmethod
    def _prepared(entry: Entry, tree: Path) -> Contender:
        name, module, function, arguments = entry
        contender = Contender.start(name, module, function, *arguments, tree=tree)
        contender.hear()
        return contender

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for contender in self.contenders:
            contender.stop()

    def contest(self, action: str, rounds: int, warm_up: int = 1) -> Contest:
        """Let all act `rounds` times in turn, each round beginning with another; warm-ups do not count."""
        answers: dict[str, list[dict[str, Any]]] = {each.name: [] for each in self.contenders}
        for number in range(-warm_up, rounds):
            for contender in self._turn(number):
                answer = contender.act(action)
                if number >= 0:
                    answers[contender.name].append(answer)
        return Contest(answers)

    def _turn(self, number: int) -> Iterator[Contender]:
        for place in range(len(self.contenders)):
            yield self.contenders[(place + number) % len(self.contenders)]


def line(
    what: str,
    samples: np.ndarray,
    unit: str,
    least: float | None = None,
    most: float | None = None,
    note: str = "",
) -> Line:
    """The row of samples (R,): their median and quartiles, beside what is wanted of the median."""
    low, middle, high = (float(each) for each in np.percentile(samples, [25, 50, 75]))
    wanted, holds = "", None
    if least is not None:
        wanted, holds = f"≥ {least:g}", middle >= least
    if most is not None:
        wanted, holds = f"≤ {most:g}", middle <= most
    return Line(what, middle, low, high, unit, wanted, holds, note, [float(each) for each in samples])


def table(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table, which docs/performance.md can hold."""
    rows = [("what", "median", "quartiles", "unit", "wanted", "holds", "note")]
    rows += [
        (
            each.what, figure(each.value), f"{figure(each.low)} – {figure(each.high)}", each.unit,
            each.wanted,
            {True: "yes", False: "NO", None: ""}[each.holds], each.note,
        )
        for each in lines
    ]  # fmt: skip
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    printed = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    printed.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(printed)


def figure(value: float) -> str:
    """Three significant digits, as people write them."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def same(ours: Sequence[float], theirs: Sequence[float], tolerance: float, what: str) -> float:
    """The largest difference, relative to the larger of 1 and the value; DifferenceError beyond tolerance."""
    mine, other = np.asarray(ours, float), np.asarray(theirs, float)
    if mine.shape != other.shape:
        raise DifferenceError(f"{what}: {mine.shape} figures against {other.shape}")
    apart = float(np.max(np.abs(mine - other) / np.maximum(1.0, np.abs(other))))
    if not apart <= tolerance:
        raise DifferenceError(f"{what}: the contenders did not do the same work, they differ by {apart:.3g}")
    return apart
