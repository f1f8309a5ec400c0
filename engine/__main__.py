"""`python -m engine RUN_FOLDER` carries out a run; `python -m engine serve` answers questions."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.code_cache import cache_of, use
from engine.disk import write_whole
from engine.errors import QuantdeckError, StopRequestedError
from engine.imports import gc_paused
from engine.results.notes import Note, log_event
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.runs.modes import MODES
from engine.variables import DROPPED

if TYPE_CHECKING:
    from engine.results.audit import AuditReport
    from engine.runs.events import Emit, Event
    from engine.settings import Settings

USAGE = "usage: python -m engine RUN_FOLDER | serve"


def main(arguments: list[str]) -> int:
    """Dispatch; return the exit code."""
    use(cache_of("NUMBA_CACHE_DIR", Path("quantdeck") / "numba"), "*.nb?")
    if arguments == ["serve"]:
        from engine import queries
        from engine.runs.requests import answer

        return answer(queries.handlers() | {"run.audit": audit})  # queries know no studies
    if len(arguments) != 1:
        print(USAGE, file=sys.stderr)
        return 2
    from engine.runs.process import execute

    run = RunFolder(Path(arguments[0]))
    return execute(run, lambda emit: work(run, emit), lambda emit: judge(run, emit))


def audit(request: Event, emit: Emit) -> AuditReport:
    """The leak audit of the run whose folder a request names."""
    from engine.studies.leak_audit.audited_run import audit_run

    return audit_run(RunFolder(Path(request["run"])), Home(Path(request["home"])), emit)


def judge(run: RunFolder, emit: Emit) -> None:
    """Audit a backtest that code of the user's own made; one that cannot be audited stays, and says so."""
    from engine.settings import load

    settings, mode = load(run.settings_path), MODES[run.mode]
    own = settings.features.file or settings.model.file
    if not (own and settings.evidence.audit and mode.has_backtest and (mode.trains or run.of)):
        return
    from engine.preparation import stage
    from engine.studies.leak_audit.audited_run import audit_run

    replayed = itertools.count(1)

    def log(event: Event) -> None:
        emit(event)
        if event["kind"] == "alive":
            emit(log_event(Note("audited so far", {"histories": next(replayed)})))

    with stage(emit, "audit"):
        try:
            report = audit_run(run, Home(run.path.parent.parent), log)
        except StopRequestedError:
            raise
        except QuantdeckError as error:
            emit(log_event(Note("not audited", {"error": str(error)}), "warning"))
        else:
            level = "info" if report.status == "passed" else "alarm"
            emit(log_event(Note("audited", {"status": report.status}), level))


def work(run: RunFolder, emit: Emit) -> Any:
    """Do what the run's mode says. The slow imports happen here, after the first event is out."""
    with gc_paused():
        from engine.preparation import Job
        from engine.settings import load, moment

    if names := os.environ.get(DROPPED):
        emit(log_event(Note("variables dropped", {"names": names})))
    home = Home(run.path.parent.parent)
    now_ms = int(moment(run.now).timestamp() * 1000)
    mode, settings = MODES[run.mode], load(run.settings_path)
    if settings.data.series and "collect" in mode.stages:
        settings = in_terms_of_series(run, home, settings)
    return mode.work(Job(settings, run, home, now_ms, emit))


def in_terms_of_series(run: RunFolder, home: Home, settings: Settings) -> Settings:
    """The settings with the stored series' own symbol and timeframe, and the run's file of them so, too."""
    from engine.data.inputs import of_series
    from engine.data.store import Store
    from engine.settings import to_toml

    data = of_series(settings.data, Store(home.data))
    if data != settings.data:
        settings = settings.model_copy(update={"data": data})
        write_whole(run.settings_path, to_toml(settings).encode())
    return settings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
