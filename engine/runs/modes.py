"""The kinds of run, once: what each does in which order, what it leaves, and where its work begins.

A new study is one more entry. Light: the app and the command line read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Outcome = Literal["backtest", "training", "update", "seeds", "calibration"]


@dataclass(frozen=True)
class Mode:
    """One kind of run.

    stages        the stages in the order in which they first begin
    outcome       what result.json holds: see engine.results
    entry         module:function that does the work; it takes an engine.preparation.Job, returns the result
    trains        whether a model is left in the run's folder
    reproducible  whether `quantdeck reproduce` repeats it
    """

    name: str
    stages: tuple[str, ...]
    outcome: Outcome
    entry: str
    trains: bool = False
    reproducible: bool = False

    @property
    def work(self) -> Callable[[Any], Any]:
        """The function that does the work. Imports its module."""
        module, _, name = self.entry.partition(":")
        found: Callable[[Any], Any] = getattr(import_module(module), name)
        return found

    @property
    def has_backtest(self) -> bool:
        """Whether it ends with a backtest that can be opened, traded anew and reported."""
        return self.outcome == "backtest"


MODES: dict[str, Mode] = {}


def add(mode: Mode) -> None:
    """Register a mode; one of the same name is replaced."""
    MODES[mode.name] = mode


TRAIN = ("collect", "merge", "features", "windows", "split", "scale", "fit", "save")
TRADE = ("predict", "signals", "simulate", "metrics")
for each in (
    Mode(
        "run", (*TRAIN, "load", *TRADE),
        "backtest", "engine.pipeline:train_and_backtest", trains=True, reproducible=True,
    ),
    Mode("train", TRAIN, "training", "engine.pipeline:train", trains=True, reproducible=True),
    Mode(
        "backtest", ("load", "collect", "merge", "features", "windows", *TRADE),
        "backtest", "engine.pipeline:backtest", reproducible=True,
    ),
    Mode("update", ("collect",), "update", "engine.pipeline:update"),
    Mode("simulate", ("simulate",), "backtest", "engine.studies.simulate_signals:carry_out"),
    Mode("seeds", ("collect", "fit"), "seeds", "engine.studies.seeds:train_seeds"),
    Mode(
        "walkforward", ("collect", "merge", "features", "windows", "split", "fit", *TRADE[1:]),
        "backtest", "engine.studies.walk_forward:walk_forward",
    ),
    Mode("calibrate", ("fit",), "calibration", "engine.studies.calibration:calibrate"),
):  # fmt: skip
    add(each)


def training() -> tuple[str, ...]:
    """The modes that leave a model."""
    return tuple(mode.name for mode in MODES.values() if mode.trains)


def with_backtest() -> tuple[str, ...]:
    """The modes that end with a backtest."""
    return tuple(mode.name for mode in MODES.values() if mode.has_backtest)
