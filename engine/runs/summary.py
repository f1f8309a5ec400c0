"""What a list tells of each run; of one that has ended it is kept, and read anew once a file has changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.disk import stamp
from engine.errors import QuantdeckError, RepairDataError
from engine.imports import gc_paused
from engine.results.backtest import BacktestResult
from engine.results.tables import figures_of
from engine.runs import reader_cache, state_fields
from engine.runs.folder import RunFolder
from engine.runs.log_entries import Epoch
from engine.runs.order import in_order
from engine.runs.results import result_of
from engine.runs.signature import key_path
from engine.runs.state import State, state_of, unread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.runs.home import Home

FILES = ("run.json", "settings.toml", "events.jsonl", "result.json", "manifest.json")  # what it is read from
ENOUGH = 20  # runs read anew, until the index is written again
LISTED = (
    "status", "run", "mode", "seq", "ended_at", "simulated", "sources", "epoch", "epochs", "best_epoch",
    "early_stopped", "error",
)  # fmt: skip
LASTING = frozenset({"done", "stopped", "failed"})  # what only a change of the log can change


@dataclass(frozen=True)
class Summary:
    """What the files of a run say of it, in short.

    differ: settings that are not the defaults, by dotted key; metrics: of its backtest, else the numbers of
    its result by their names; symbol: what it trades; whole: whether settings and result could be read.
    """

    state: State
    differ: Mapping[str, Any]
    metrics: Mapping[str, float]
    symbol: str
    whole: bool = True


def summary_of(run: RunFolder) -> Summary:
    """Read a run's files; a log that cannot be read makes a failed run."""
    try:
        state = state_of(run)
    except RepairDataError as error:
        return replace(of_state(run, unread(error)), whole=False)
    return of_state(run, state)


def of_state(run: RunFolder, state: State) -> Summary:
    """Read what is not known already of a run whose state is."""
    result, differ = found_in(run), settings_differ(run)
    whole = run.settings_path.name not in differ and (result is not None or not run.result_path.exists())
    return Summary(state, differ, metrics_of(result), symbol_of(run, differ, result), whole)


def summaries(home: Home, *, anew: bool = True) -> list[tuple[RunFolder, Summary]]:
    """Every run of a home, newest last; the states lack what `outline` leaves out.

    anew: whether runs of which nothing is kept are read, else they are left out.
    """
    path, key = reader_cache.place(home.path, "index"), key_of(home)
    with gc_paused(stays=False):  # to look for garbage would take as long as the reading
        content = reader_cache.cached(path) if key else None
        known = content["runs"] if content and content["key"] == key else {}
        found, index, more = [], {}, 0
        for run, stamps in stamped(home):
            entry = known.get(run.path.name)
            if entry and stamps and entry[0] == stamps:
                run.__dict__["about"] = entry[1]  # where `cached_property` looks first
                summary = from_json(entry[2])
            elif not anew or not run.is_genuine:
                continue
            else:
                entry, summary = None, summary_of(run)
                if stamps and lasts(summary):
                    entry, more = [stamps, run.about, to_json(summary)], more + 1
                summary = replace(summary, state=outline(summary.state))
            found.append((run, summary))
            if entry:
                index[run.path.name] = entry
        if more >= ENOUGH and key:
            reader_cache.keep(path, {"key": key, "runs": index})
        by_id = {run.id: (run, summary) for run, summary in found}
        return [by_id[run.id] for run in in_order(home.path, (run for run, _ in found))]


def stamped(home: Home) -> list[tuple[RunFolder, str]]:
    """Every folder that may be a run, with what stands for its files; nothing where that says too little.

    It is taken before the files are read, so that what changes in between has another the next time.
    """
    found = []
    for path in home.candidates():
        try:
            stamps = [stamp(f"{path}/{name}") for name in FILES]
            lasting = all(map(reader_cache.settled, stamps))
        except OSError:
            lasting = False
        found.append((RunFolder(path), "|".join(map(str, stamps)) if lasting else ""))
    return found


def key_of(home: Home) -> list[Any] | None:
    """What stands for the key that manifests are checked with; None where it cannot be told."""
    path = key_path(home.path)
    try:
        return [str(path), str(stamp(str(path), follow=True))]
    except OSError:
        return None


def lasts(summary: Summary) -> bool:
    """Whether a summary holds until a file changes, and comes back from JSON as it was."""
    if summary.state.status not in LASTING or not summary.whole:
        return False
    try:
        back = from_json(json.loads(json.dumps(to_json(summary))))
    except (TypeError, ValueError):
        return False
    return repr(back) == repr(replace(summary, state=outline(summary.state)))


def outline(state: State) -> State:
    """What lists tell of a state; of its epochs, numbers and losses of the best and the last."""
    epochs = [each for each in state.history[:-1] if each.epoch == state.best_epoch]
    losses = tuple(
        Epoch(epoch=each.epoch, epochs=each.epochs, loss=each.loss, val_loss=each.val_loss)
        for each in (*epochs, *state.history[-1:])
    )
    return State(history=losses, **{name: getattr(state, name) for name in LISTED})


def to_json(summary: Summary) -> dict[str, Any]:
    """A summary as plain values."""
    return {
        "state": state_fields.to_json(outline(summary.state)),
        "differ": dict(summary.differ),
        "metrics": dict(summary.metrics),
        "symbol": summary.symbol,
    }


def from_json(document: dict[str, Any]) -> Summary:
    """The summary that `to_json` wrote down."""
    differ = {
        key: tuple(value) if isinstance(value, list) else value for key, value in document["differ"].items()
    }
    return Summary(state_fields.from_json(document["state"]), differ, document["metrics"], document["symbol"])


def settings_differ(run: RunFolder) -> dict[str, Any]:
    """The settings of a run that differ from the defaults; the reason where the file cannot be read."""
    from engine import settings

    try:
        return settings.changed(settings.load(run.settings_path))
    except QuantdeckError as error:
        return {run.settings_path.name: error.reason}


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


def symbol_of(run: RunFolder, differ: Mapping[str, Any], result: Any) -> str:
    """What a run trades; the settings of `simulate` do not say which market a file is of."""
    if run.mode == "simulate" or (isinstance(result, BacktestResult) and result.portfolio):
        return result.symbol if isinstance(result, BacktestResult) else ""
    if several := differ.get("data.symbols"):
        return f"{len(several)} symbols"
    from engine import settings

    if symbols := differ.get("data.symbols"):
        return settings.title(symbols)
    series: str = differ.get("data.series", "")
    return series or str(differ.get("data.symbol", settings.defaults()["data.symbol"]))
