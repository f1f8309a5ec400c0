"""What a list tells of a run: its folder's facts, its state, settings that differ, figures, and the note."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.results.codec import plain
from engine.results.metrics import METRICS, placed
from engine.runs import notes
from engine.runs.modes import with_backtest
from engine.runs.summary import of_state, summaries, summary_of
from tui.runs import status as run_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.runs.folder import RunFolder
    from engine.runs.home import Home
    from engine.runs.state import State
    from engine.runs.summary import Summary
    from tui.runs.watch import Watched


TAG = re.compile(r"(?<!\S)#([\w-]+)")


@dataclass(frozen=True)
class RunFacts:
    """A run with what its files say.

    differ: settings that are not the defaults, by dotted key; metrics: of its backtest, else the numbers of
    its result by their names; symbol: what it trades.
    """

    run: RunFolder
    state: State
    differ: Mapping[str, Any]
    metrics: Mapping[str, float]
    note: str
    symbol: str

    @property
    def settings(self) -> str:
        """`data.symbol=ETH/USDT training.epochs=5`."""
        return " ".join(pairs(self.differ))

    @property
    def tags(self) -> tuple[str, ...]:
        """Words of the note that begin with #, without it."""
        return tuple(dict.fromkeys(TAG.findall(self.note)))

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
        words, own = text.lower().split(), self.text if text else ""
        return all(word in own for word in words)

    def document(self) -> dict[str, Any]:
        """For machines."""
        run, headline = self.run, {each.key: plain(each.of(self.metrics)) for each in placed("headline")}
        return {
            "run": run.id, "name": run.name, "mode": run.mode, "of": run.of, "state": self.state.status,
            "created": run.created, "symbol": self.symbol, "simulated": self.state.simulated,
            "result": headline | self.own,
            "settings_differ": dict(self.differ), "folder": str(run.path), "note": self.note,
            "tags": list(self.tags),
        }  # fmt: skip

    def row(self) -> dict[str, Any]:
        """A row of a CSV file."""
        row = self.document()
        figures: dict[str, Any] = row.pop("result")
        del row["settings_differ"]
        return {**row, "tags": " ".join(self.tags), **figures, "settings": self.settings}


def facts_of(run: RunFolder) -> RunFacts:
    """Read a run's files."""
    return facts_from(run, summary_of(run), notes.note_of(run))


def facts_of_all(home: Home) -> list[RunFacts]:
    """Every run of a home, newest last, with as much of its state as a list tells."""
    return [facts_from(run, summary, notes.note_of(run)) for run, summary in summaries(home)]


def facts_of_watched(watched: Watched) -> RunFacts:
    """Read what is not known already of a run that is watched."""
    return facts_from(watched.run, watched.summary or of_state(watched.run, watched.state), watched.note)


def facts_from(run: RunFolder, summary: Summary, note: str) -> RunFacts:
    """A run with its summary and its note."""
    return RunFacts(run, summary.state, summary.differ, summary.metrics, note, summary.symbol)


def has_result(run: RunFolder) -> bool:
    """Whether the run has left a backtest."""
    return run.mode in with_backtest() and run.result_path.exists()


def pairs(differ: Mapping[str, Any]) -> list[str]:
    """`training.epochs=5`, `model.units=[32, 16]`."""
    return [f"{key}={list(value) if isinstance(value, tuple) else value}" for key, value in differ.items()]
