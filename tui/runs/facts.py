"""What a list tells of a run: its folder's facts, its state, settings that differ, figures, and the note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import QuantdeckError
from engine.results.backtest import BacktestResult
from engine.results.codec import plain
from engine.results.metrics import METRICS, placed
from engine.results.tables import figures_of
from engine.runs import notes
from engine.runs.modes import with_backtest
from engine.runs.results import result_of
from engine.runs.state import state_of
from tui.runs import status as run_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.runs.folder import RunFolder
    from engine.runs.state import State
    from tui.runs.watch import Watched


@dataclass(frozen=True)
class RunFacts:
    """A run with what its files say.

    differ: settings that are not the defaults, by dotted key; metrics: of its backtest, else the numbers of
    its result by their names; traded: the symbol that its backtest names, empty without one.
    """

    run: RunFolder
    state: State
    differ: Mapping[str, Any]
    metrics: Mapping[str, float]
    note: str
    traded: str = ""

    @property
    def symbol(self) -> str:
        """What it trades."""
        from engine import settings

        if self.run.mode == "simulate":  # the settings do not say which market a file is of
            return self.traded
        series: str = self.differ.get("data.series", "")
        return series or str(self.differ.get("data.symbol", settings.defaults()["data.symbol"]))

    @property
    def settings(self) -> str:
        """`data.symbol=ETH/USDT training.epochs=5`."""
        return " ".join(pairs(self.differ))

    @property
    def best_loss(self) -> float | None:
        """The validation loss of the best epoch."""
        best = self.state.best_epoch
        return next((each.val_loss for each in self.state.history if each.epoch == best), None)

    @property
    def own(self) -> dict[str, float]:
        """The numbers of a study's result, none for a backtest."""
        return {name: plain(value) for name, value in self.metrics.items() if name not in METRICS}

    @property
    def text(self) -> str:
        """What a filter looks at, in small letters."""
        known = self.row() | {"folder": "", "status": run_status.status(self.state)[0]}
        return " ".join(map(str, known.values())).lower()

    def has_words(self, text: str) -> bool:
        """Whether every word stands in what is told of the run."""
        own = self.text
        return all(word in own for word in text.lower().split())

    def document(self) -> dict[str, Any]:
        """For machines."""
        run, headline = self.run, {each.key: plain(each.of(self.metrics)) for each in placed("headline")}
        return {
            "run": run.id, "name": run.name, "mode": run.mode, "of": run.of, "state": self.state.status,
            "created": run.created, "symbol": self.symbol, "simulated": self.state.simulated,
            "result": headline | self.own,
            "settings_differ": dict(self.differ), "folder": str(run.path), "note": self.note,
        }  # fmt: skip

    def row(self) -> dict[str, Any]:
        """A row of a CSV file."""
        row = self.document()
        figures: dict[str, Any] = row.pop("result")
        del row["settings_differ"]
        return {**row, **figures, "settings": self.settings}


def facts_of(run: RunFolder) -> RunFacts:
    """Read a run's files."""
    result = found_in(run)
    return RunFacts(
        run, state_of(run), settings_differ(run), metrics_of(result), notes.note_of(run), traded_by(result)
    )


def facts_of_watched(watched: Watched) -> RunFacts:
    """Read what is not known already of a run that is watched."""
    run, result = watched.run, found_in(watched.run)
    return RunFacts(
        run, watched.state, settings_differ(run), metrics_of(result), watched.note, traded_by(result)
    )


def settings_differ(run: RunFolder) -> dict[str, Any]:
    """The settings of a run that differ from the defaults; the reason where the file cannot be read."""
    from engine import settings

    try:
        return settings.changed(settings.load(run.settings_path))
    except QuantdeckError as error:
        return {"settings.toml": error.reason}


def has_result(run: RunFolder) -> bool:
    """Whether the run has left a backtest."""
    return run.mode in with_backtest() and run.result_path.exists()


def found_in(run: RunFolder) -> Any:
    """The run's result, None if it has none that can be read."""
    if not run.result_path.exists():
        return None
    try:
        return result_of(run)
    except QuantdeckError:
        return None


def metrics_of(result: Any) -> dict[str, float]:
    """The metrics of a backtest, or the numbers of another result; none of None."""
    if isinstance(result, BacktestResult):
        return result.metrics
    return {} if result is None else figures_of(result)


def traded_by(result: Any) -> str:
    """The symbol that a backtest names, empty of another result."""
    return result.symbol if isinstance(result, BacktestResult) else ""


def pairs(differ: Mapping[str, Any]) -> list[str]:
    """`training.epochs=5`, `model.units=[32, 16]`."""
    return [f"{key}={list(value) if isinstance(value, tuple) else value}" for key, value in differ.items()]
