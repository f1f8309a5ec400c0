"""This checkout beside another one: the same work in both, in turn, each with its own environment.

    python -m benchmarks --beside ../before [--only training,start]

The other checkout has to have an environment in `.venv`. Each side runs its own benchmarks, which prepare the
same work and give the same answer; what the other has no benchmark for is left out, and said so.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.contender import ROOT
from benchmarks.contest import Arena, Line, line, same
from benchmarks.data import REAL

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.plan import Plan

HERE, THERE = "here", "there"


class Work(NamedTuple):
    """What both do."""

    bench: str  # the benchmark that it belongs to
    what: str
    module: str
    function: str
    arguments: tuple[object, ...]
    action: str
    apart: float | None = None  # by how much answers may differ, relatively; None: they are not compared
    timed: str = ""  # what of the answer is the time, if that is answered


def works(plan: Plan) -> list[Work]:
    """Everything of ours that the other benchmarks time."""
    size, devices = plan.size, plan.devices
    sequences, windows = size(20_000, 320), size(100_000, 1_000)
    many, few, rows = size(1_000_000, 100_000), size(36_000, 4_000), size(1_000_000, 100_000)
    variants = (size(200_000, 10_000), size(100, 20), devices)
    shuffles = (size(10_000, 2_000), size(1_000, 100))
    return [
        Work("training", "training", "train_quantdeck", "training", (sequences, devices), "epoch", 1e-6),
        Work(
            "training", "training, one device", "train_quantdeck", "training", (sequences, 1), "epoch", 1e-6
        ),
        Work(
            "prediction", "prediction", "train_quantdeck", "prediction", (windows, devices), "predict", 1e-6
        ),
        Work("simulation", "simulation", "simulation", "quantdeck", (many,), "simulate", 0.0),
        Work("simulation", "metrics and tear sheet", "simulation", "sheet", (few,), "tear_sheet"),
        Work("sweeps", "sweep", "simulation", "variants", variants, "sweep", 0.0),
        Work("queries", "what-if", "queries", "what_if", (few,), "try", 0.0),
        Work("queries", "permutation test", "queries", "permutations", shuffles, "shuffle", 0.0),
        Work("features", "features", "data", "every_feature", (rows,), "features"),
        Work("store", "store read", "data", "stored", (rows,), "read", 0.0),
        Work("import", "import of the real BTC file", "data", "imported", (), "import", 0.0),
        Work("start", "quantdeck --help", "start", "help_page", (), "help"),
        Work(
            "start", "first training step", "start", "first_step", (devices,), "first_step", timed="seconds"
        ),
        Work("start", "app, settled", "start", "screens", ("quantdeck",), "screen", timed="settled"),
    ]


def lines(plan: Plan, tree: Path, bench: str) -> list[Line]:
    """How long each work of a benchmark takes in the other checkout, as a multiple of what it takes here."""
    made, tree = [], tree.absolute()
    for work in works(plan):
        if work.bench != bench:
            continue
        needed = [tree / "benchmarks" / f"{work.module}.py"]
        if work.action == "import":
            needed += [REAL, tree.parent / REAL.relative_to(ROOT.parent)]
        if absent := [str(path) for path in needed if not path.is_file()]:
            print(f"{work.what}: left out, there is no {', '.join(absent)}", file=sys.stderr)
        else:
            made.append(compared(work, tree, plan.rounds))
    return made


def compared(work: Work, tree: Path, rounds: int) -> Line:
    """One work on both sides, in turn."""
    entry = (work.module, work.function, work.arguments)
    with Arena([(HERE, *entry), (THERE, *entry)], {THERE: tree}) as arena:
        found = arena.contest(work.action, rounds)
    if work.apart is not None:
        same(*(np.atleast_1d(found.answer(side)) for side in (HERE, THERE)), work.apart, work.what)
    here, there = (
        np.array([time_of(work, answer) for answer in found.answers[side]]) for side in (HERE, THERE)
    )
    peaks = f"peak {found.peak_mb(HERE):,.0f} MB against {found.peak_mb(THERE):,.0f}"
    note = f"{np.median(here):.3g} s against {np.median(there):.3g}, {peaks}"
    return line(f"{work.what}: there / here", there / here, "×", note=note)


def time_of(work: Work, answer: dict[str, Any]) -> float:
    """Seconds of one action: its own, or those that it answers."""
    match work.timed:
        case "":
            return float(answer["seconds"])
        case "seconds":
            return float(answer["answer"])
    return float(answer["answer"][work.timed])
