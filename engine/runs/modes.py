"""The kinds of run, once: what each does in which order, what it leaves, and where its work begins.

A new study is one more entry. Light: the app and the command line read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BACKTEST = "engine.results.backtest:BacktestResult"
FITTING = frozenset({"fit", "trials"})  # stages that fit models


@dataclass(frozen=True)
class Mode:
    """One kind of run.

    stages        the stages in the order in which they first begin
    result        module:class of what result.json holds, a frozen dataclass with `simulated` and `notes`; the
                  app imports that module, so it is light
    entry         module:function that does the work; it takes an engine.preparation.Job, returns the result
    about         what it does, in one sentence, where settings alone start it: the form of a new run offers
                  it, and a sub-command of its name starts it, or `command` where there is one
    trains        whether a model is left in the run's folder
    reproducible  whether `quantdeck reproduce` repeats it
    universe      whether it works on several symbols, those of data.symbols
    """

    name: str
    stages: tuple[str, ...]
    result: str
    entry: str
    about: str = ""
    command: str = ""
    trains: bool = False
    reproducible: bool = False
    universe: bool = False

    @property
    def work(self) -> Callable[[Any], Any]:
        """The function that does the work. Imports its module."""
        found: Callable[[Any], Any] = imported(self.entry)
        return found

    @property
    def result_type(self) -> type[Any]:
        """What result.json holds. Imports its module."""
        found: type[Any] = imported(self.result)
        return found

    @property
    def fits(self) -> bool:
        """Whether it fits models, which takes the cores."""
        return not FITTING.isdisjoint(self.stages)

    @property
    def has_backtest(self) -> bool:
        """Whether it ends with a backtest that can be opened, traded anew and reported."""
        return self.result == BACKTEST


def imported(place: str) -> Any:
    """What stands at module:name."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


MODES: dict[str, Mode] = {}


def add(mode: Mode) -> None:
    """Register a mode; one of the same name is replaced."""
    MODES[mode.name] = mode


TRAIN = ("collect", "merge", "features", "windows", "split", "scale", "fit", "save")
TRADE = ("predict", "signals", "simulate", "metrics")
for each in (
    Mode(
        "run", (*TRAIN, "load", *TRADE), BACKTEST, "engine.pipeline:train_and_backtest",
        "Collect, train and backtest.", trains=True, reproducible=True, universe=True,
    ),
    Mode(
        "train", TRAIN, "engine.results.studies:TrainResult", "engine.pipeline:train",
        "Collect and train.", trains=True, reproducible=True, universe=True,
    ),
    Mode(
        "backtest", ("load", "collect", "merge", "features", "windows", *TRADE),
        BACKTEST, "engine.pipeline:backtest", reproducible=True, universe=True,
    ),
    Mode(
        "update", ("collect",), "engine.results.studies:UpdateResult", "engine.pipeline:update",
        universe=True,
    ),
    Mode("simulate", ("simulate",), BACKTEST, "engine.studies.simulate_signals:execute"),
    Mode(
        "seeds", ("collect", "fit"), "engine.results.studies:SeedsResult", "engine.studies.seeds:train_seeds",
        universe=True,
    ),
    Mode(
        "walkforward", ("collect", "merge", "features", "windows", "split", "fit", *TRADE[1:]),
        BACKTEST, "engine.studies.walk_forward:walk_forward",
        "Train fold by fold through time; one curve of all tests.", universe=True,
    ),
    Mode(
        "cpcv", ("collect", "merge", "features", "windows", "split", "fit", "paths"),
        "engine.results.cpcv:CpcvResult", "engine.studies.cpcv:cross_validate",
        "Train on every choice of groups of bars; many paths through one history.", universe=True,
    ),
    Mode(
        "calibrate", ("fit",), "engine.results.studies:CalibrationResult",
        "engine.studies.calibration:calibrate", "Train on SIMULATED markets whose truth is known.",
    ),
    Mode(
        "search", ("collect", "merge", "features", "windows", "trials", "luck", "winner"),
        "engine.results.search:SearchResult", "engine.studies.search.search:search",
        "Try settings before the test begins; train and trade the best.", universe=True,
    ),
    Mode(
        "nested", ("collect", "merge", "features", "windows", "trials", "metrics"),
        "engine.results.nested:NestedResult", "engine.studies.search.nested:search_through_time",
        "Search, retrain, trade what follows, span by span; one curve out of sample.",
        command="search --outer walkforward", universe=True,
    ),
    Mode(
        "importance", ("load", "collect", "merge", "features", "windows", "permute"),
        "engine.results.learned:ImportanceResult", "engine.studies.importance:measure",
    ),
):  # fmt: skip
    add(each)


def startable() -> tuple[str, ...]:
    """The modes that settings alone start."""
    return tuple(mode.name for mode in MODES.values() if mode.about)


def training() -> tuple[str, ...]:
    """The modes that leave a model."""
    return tuple(mode.name for mode in MODES.values() if mode.trains)


def with_backtest() -> tuple[str, ...]:
    """The modes that end with a backtest."""
    return tuple(mode.name for mode in MODES.values() if mode.has_backtest)
