"""The leak audit of a run: its own settings, series, features and model; the report lies in its folder."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from engine import experiment
from engine.data.importing.features_file import load_features
from engine.data.inputs import joins_early, own_series
from engine.data.plan import span_of
from engine.data.store import Store
from engine.disk import write_whole
from engine.errors import ChangeSettingsError
from engine.lineage import origin
from engine.market import merge
from engine.market.times import iso
from engine.models.training import backend
from engine.outcome import PREDICTIONS
from engine.preparation import Job
from engine.results.audit import AuditReport
from engine.results.notes import Note
from engine.runs.audit_status import AUDIT, fingerprint
from engine.runs.manifest import read_checked
from engine.runs.modes import MODES
from engine.runs.state import state_of
from engine.settings import load, moment
from engine.studies.leak_audit.audit import audit
from engine.studies.leak_audit.building import built
from engine.studies.leak_audit.history import recorded
from engine.studies.leak_audit.isolation import Isolated
from engine.studies.leak_audit.stages import ORDER, ordinary
from engine.studies.leak_audit.universe_audit import audit_universe
from engine.studies.leak_audit.universe_replay import Audited, UniverseReplay, history_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.features import Feature
    from engine.models.definition import Outputs
    from engine.runs.events import Emit
    from engine.runs.folder import RunFolder
    from engine.runs.home import Home
    from engine.samples.scaling import Scalers
    from engine.settings import Settings
    from engine.studies.leak_audit.audit import Audit


def audit_run(run: RunFolder, home: Home, emit: Emit) -> AuditReport:
    """Audit a run that has a model, write audit.json into its folder and return what it says.

    The series are the stored ones, as the run saw them; no exchange is asked. Raises ChangeSettingsError
    for a run without a model, RepairDataError for damaged artifacts or series.
    """
    trained = run_with_model(run, home)
    chosen = load(run.settings_path)
    devices = backend.prepare(origin.pinned(run, chosen.training))
    from engine.models import artifact

    loaded = artifact.load(partial(read_checked, trained.path), trained.id)
    now_ms = int(moment(run.now).timestamp() * 1000)
    settings = pinned_down(chosen, loaded.metadata.feature_names, now_ms)
    file = Path(settings.features.file) if settings.features.file else None
    kept = kept_features(trained)
    own = load_features(file, kept) if file else ()
    isolated = Isolated(file, kept, modules=kept_modules(trained)) if file else None
    ready = experiment.loaded(loaded.kind, loaded.models, loaded.scalers, devices)
    model = Model(ready.members, loaded.scalers, loaded.metadata.fingerprint)
    audited = of_several if settings.data.symbols else of_one
    found, same_data = audited(Job(settings, run, home, now_ms, emit), model, own, isolated)
    outside = (*taken(isolated, found.unjudged), *built(settings, kept_model(trained)))
    report = AuditReport(
        run.id,
        trained.id,
        fingerprint(run),
        "not judgeable" if outside and not found.findings else found.status,
        found.findings,
        found.cuts_ms,
        found.histories,
        ORDER,
        found.probed,
        found.rounding,
        outside,
        edited=bool(kept and file and not (file.is_file() and file.read_bytes() == kept)),
        notes=(
            *([] if same_data else [Note("forecasts not compared", {})]),
            *(note for each in own_series(settings.data, Store(home.data)) for note in joins_early(each)),
        ),
    )
    write_whole(run.path / AUDIT, json.dumps(report.to_json(), indent=2).encode())
    return report


@dataclass(frozen=True, eq=False)
class Model:
    """The model of a run, ready to predict, its scalers, and the digest of what it was trained on."""

    members: Sequence[Outputs]
    scalers: Scalers
    fingerprint: str


def of_one(job: Job, model: Model, own: Sequence[Feature], isolated: Isolated | None) -> tuple[Audit, bool]:
    """The audit of a run of one symbol, and whether its data are still there, to compare forecasts on.

    own: the features of the user's own.
    """
    settings, store = job.settings, Store(job.home.data)
    stages = ordinary(settings, own, model.members, isolated)
    market = stages.merge(stages.collect(store, job.now_ms))
    same_data = merge.fingerprint(market) == model.fingerprint
    found = audit(
        stages,
        recorded(settings, store, job.now_ms),
        settings.label.horizon,
        model.scalers if same_data else None,
        lambda: job.emit({"kind": "alive"}),
        [each.name for each in own if each.name in settings.features.chosen],
        traded_forecasts(job.run) if same_data else None,
        lambda: isolated.unsteady if isolated else (),
    )
    return found, same_data


def of_several(
    job: Job, model: Model, own: Sequence[Feature], isolated: Isolated | None
) -> tuple[Audit, bool]:
    """The same of a run of several symbols."""
    names = job.settings.features.names
    chosen = tuple(each.name for each in own if each.name in names)
    history, series = history_of(job.settings, Store(job.home.data), job.now_ms)
    audited = Audited(
        job.run, job.settings, names, model.members, series, chosen, isolated if chosen else None
    )
    same_data = UniverseReplay(audited, history).prepared.fingerprint == model.fingerprint
    found = audit_universe(
        audited,
        history,
        model.scalers if same_data else None,
        lambda: job.emit({"kind": "alive"}),
        traded_by_symbol(job.run) if same_data else None,
    )
    return found, same_data


def run_with_model(run: RunFolder, home: Home) -> RunFolder:
    """The run whose model this one trades, perhaps itself; ChangeSettingsError if there is none to audit."""
    if run.mode == "simulate":
        reason = "is not judgeable: its signals came from a file, and no replay shows what they knew"
        raise ChangeSettingsError(f"run {run.id}", reason, "Audit a run that trained")
    if not (MODES[run.mode].trains or run.of):
        raise ChangeSettingsError(
            f"run {run.id}", f"is a {run.mode}, without a model", "Audit one that trained"
        )
    trained = home.find(run.of) if run.of else run
    if not trained.manifest_path.exists():
        raise unfinished(trained)
    return trained


def taken(isolated: Isolated | None, unjudged: Sequence[str]) -> tuple[str, ...]:
    """What own features took from elsewhere, and which of them failed where the history only ends earlier."""
    if isolated is None:
        return ()
    failing = [
        f"{name} fails in many histories that only end earlier: {isolated.failed[name]}"
        for name in unjudged
        if name in isolated.failed
    ]
    return (*isolated.outside, *failing)


def unfinished(run: RunFolder) -> ChangeSettingsError:
    """Why a run that left no model has none: the state that it is in, and in which stage it ended."""
    state = state_of(run)
    stage = next((name for name, seconds in state.stages.items() if seconds is None), "")
    where = f" in the stage {stage}" if stage else ""
    why = f": {state.error}" if state.error else ""
    return ChangeSettingsError(
        f"run {run.id}", f"left no model: it is {state.status}{where}{why}", "Audit a run that is done"
    )


def traded_forecasts(run: RunFolder) -> pd.Series[float] | None:
    """The forecasts that the run traded, by their targets' open times, (M,); None if it traded none."""
    if not (run.path / PREDICTIONS).exists():
        return None
    table = pd.read_parquet(io.BytesIO(read_checked(run.path, PREDICTIONS)))
    return table["prediction"]


def traded_by_symbol(run: RunFolder) -> dict[str, pd.Series[float]] | None:
    """The forecasts that a run of several symbols traded, of each by their targets' open times."""
    if not (run.path / PREDICTIONS).exists():
        return None
    table = pd.read_parquet(io.BytesIO(read_checked(run.path, PREDICTIONS)))
    return {str(name): rows["prediction"] for name, rows in table.groupby("symbol", sort=False)}


def kept_features(trained: RunFolder) -> bytes | None:
    """What the features file held when the run was trained; None if the run kept none."""
    path = trained.features_path
    return read_checked(trained.path, path.name) if path.exists() else None


def kept_modules(trained: RunFolder) -> dict[str, str] | None:
    """SHA-256 of the own modules that the features file imported, by path; None where none was noted."""
    path = trained.modules_path
    if not path.exists():
        return {} if trained.features_path.exists() else None
    return {name: digest for name, (digest, _) in json.loads(read_checked(trained.path, path.name)).items()}


def kept_model(trained: RunFolder) -> bytes | None:
    """The file of the user's own model that was trained; None if the run kept none."""
    path = trained.own_model_path
    return read_checked(trained.path, path.name) if path.exists() else None


def pinned_down(settings: Settings, names: Sequence[str], now_ms: int) -> Settings:
    """The settings with the model's features by name, and a start that does not move with the present."""
    data = settings.data
    if not data.series and not data.start and (data.markets or not data.symbols):
        data = data.model_copy(update={"start": str(iso(span_of(data, now_ms)[0]))})
    chosen = settings.features.model_copy(update={"names": tuple(names)})
    return settings.model_copy(update={"data": data, "features": chosen})
