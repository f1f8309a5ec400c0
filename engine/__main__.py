"""`python -m engine RUN_FOLDER` carries out a run; `python -m engine ask` answers questions about data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.imports import collector_paused
from engine.results.series import to_json
from engine.runs.folder import Home, RunFolder
from engine.runs.modes import MODES

if TYPE_CHECKING:
    from engine.runs.events import Emit
    from engine.runs.results import Result

USAGE = "usage: python -m engine RUN_FOLDER | ask"


def main(arguments: list[str]) -> int:
    """Dispatch; return the exit code."""
    if arguments == ["ask"]:
        from engine.queries import handlers
        from engine.runs.requests import answer

        return answer(
            {
                "data.import": import_file,
                "data.status": status,
                "data.export": export,
                "data.verify": verify,
                "data.repair": repair,
                "run.audit": audit,
                "runs.compare": compare,
                "runs.examine": examine,
                **handlers(),
            }
        )
    if len(arguments) != 1:
        print(USAGE, file=sys.stderr)
        return 2
    from engine.runs.process import carry_out

    run = RunFolder(Path(arguments[0]))
    return carry_out(run, lambda emit: work(run, emit))


def work(run: RunFolder, emit: Emit) -> Result:
    """Do what the run's mode says. The slow imports happen here, after the first event is out."""
    with collector_paused():
        from engine.preparation import Job
        from engine.settings import load, moment

    home = Home(run.path.parent.parent)
    now_ms = int(moment(run.now).timestamp() * 1000)
    job = Job(load(run.settings_path), run, home, now_ms, emit)
    result: Result = MODES[run.mode].work(job)
    return result


def import_file(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Read a file of candles or values into the store; answer with its repair report."""
    import time

    from engine.data.importing import files
    from engine.data.store import Store

    store = Store(Home(Path(request["home"])).data)
    now_ms = time.time_ns() // 1_000_000
    report = files.import_file(
        Path(request["path"]), store, request.get("name") or None, now_ms=now_ms, emit=emit
    )
    return report.as_dict()


def status(request: dict[str, Any], emit: Emit) -> dict[str, Any]:  # noqa: ARG001
    """What the store holds; of an empty one that is said before pandas is there to read it."""
    folder = Home(Path(request["home"])).data
    if not request.get("kinds") and not any(folder.glob("*.parquet")):
        return {"folder": str(folder), "series": [], "broken": [], "kinds": []}
    from engine.data import inventory

    return to_json(inventory.status(folder))


def audit(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """The leak audit of a run."""
    from engine.studies.leak_audit.audited_run import audit_run

    return audit_run(RunFolder(Path(request["run"])), Home(Path(request["home"])), emit)


def verify(request: dict[str, Any], emit: Emit) -> dict[str, Any]:  # noqa: ARG001
    """Whether every stored series is what was stored."""
    from engine.data import inventory

    return to_json(inventory.verify(Home(Path(request["home"])).data))


def repair(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Mend a stored series by the settings' policy, or take the last repair back."""
    import asyncio
    import time

    from engine.data import repair
    from engine.data.store import Store
    from engine.settings import make

    store, now_ms = Store(Home(Path(request["home"])).data), time.time_ns() // 1_000_000
    if request.get("undo"):
        return to_json(repair.undo(request["series"], store, now_ms))
    settings = make(request.get("settings", {}))
    work = repair.repair(request["series"], store, settings.data, settings.repair, now_ms, emit)
    return to_json(asyncio.run(work))


def export(request: dict[str, Any], emit: Emit) -> dict[str, Any]:  # noqa: ARG001
    """Write a stored series to a CSV or Parquet file."""
    from engine.data import inventory

    folder = Home(Path(request["home"])).data
    return to_json(inventory.export(folder, request["series"], Path(request["path"])))


def compare(request: dict[str, Any], emit: Emit) -> dict[str, Any]:  # noqa: ARG001
    """Whether a repeated run came to the same as the original."""
    from engine.lineage import comparison

    return comparison.compare(RunFolder(Path(request["original"])), RunFolder(Path(request["again"])))


def examine(request: dict[str, Any], emit: Emit) -> dict[str, Any]:  # noqa: ARG001
    """Load a foreign run's model the guarded way and say what it is."""
    from engine.lineage import comparison
    from engine.models.training import backend
    from engine.settings import Training

    backend.prepare(Training(devices=1))
    return {"found": comparison.examine(RunFolder(Path(request["path"])))}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
