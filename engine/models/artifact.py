"""The files of a trained model: model.keras, or model.npz, scaler.joblib and metadata.joblib.

The members of an ensemble are model-1.keras, model-2.keras and so on. Loading takes bytes whose hash somebody
has checked already, and still reads nothing that could run: see joblib_file, keras_file and arrays_file. The
metadata name the others and bear their hashes, so that no file of another run slips in between. Equal models
of equal runs give equal bytes.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.compat import joblib_file
from engine.disk import write_whole
from engine.errors import RepairDataError, SettingsError
from engine.models import kinds, registry
from engine.samples.scaling import Scalers
from engine.settings import make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.models.definition import Kind
    from engine.settings import Model

SCALER, METADATA = "scaler.joblib", "metadata.joblib"
MOST = 64  # members
BY_SYMBOL = "by_symbol"
NUMBERS = ("clip", "label_clip", "volatility")  # of the scalers, beside the two of scikit-learn
SCHEMA = 2
NOT_OF_ONE_RUN = "The files are not of one run; restore them from a copy, or train again"


@dataclass(frozen=True)
class Metadata:
    """What a model was trained on; everything a backtest needs besides the weights.

    test_dates: (N,) datetime64[ms], UTC, the open times of the test's target rows.
    feature_names: the columns in their order. settings: the run's settings as TOML.
    bounds: first and last target of each part, ISO 8601. trained_until_ms: no row at or after it
    has touched weights, scaler or early stopping. fingerprint: hash of the market that was used,
    from its first row to data_until_ms. belongs: SHA-256 of the models' and the scaler's files.
    entry_threshold: the one that validation chose, None where it was not asked. gross_return: of a trade
    there, before costs, NaN where not asked. own_features, own_model:
    SHA-256 of the user's own files, empty without one.
    symbols: of a universe, in its order, first and last target of each in the test, ISO 8601; nothing of a
    symbol without any.
    """

    run: str
    test_dates: NDArray[np.datetime64]
    feature_names: list[str]
    settings: str
    bounds: dict[str, list[str]]
    trained_until_ms: int
    data_from_ms: int
    data_until_ms: int
    fingerprint: str
    own_features: str
    versions: dict[str, str]
    belongs: dict[str, str] = field(default_factory=dict)
    entry_threshold: float | None = None
    gross_return: float = math.nan
    own_model: str = ""
    symbols: dict[str, list[str]] = field(default_factory=dict)
    schema: int = SCHEMA


@dataclass(frozen=True)
class Artifact:
    """A trained model, ready to predict."""

    models: tuple[Any, ...]
    scalers: Scalers
    metadata: Metadata

    @property
    def kind(self) -> Kind:
        """The kind of its models."""
        return registry.to_load(model_of(self.metadata))


def save(folder: Path, artifact: Artifact) -> list[str]:
    """Write the files, each whole; return their names. Raises MakeRoomError."""
    kind, models = artifact.kind, artifact.models
    made = artifact.scalers
    numbers = {name: number for name in NUMBERS if (number := getattr(made, name))}
    scalers = {"features": made.features, "label": made.label, **numbers}
    if made.by_symbol:
        scalers[BY_SYMBOL] = dict(made.by_symbol)
    names = kinds.files(kind, len(models))
    content = {name: kinds.dump(kind, model) for name, model in zip(names, models, strict=True)}
    content[SCALER] = joblib_file.dump(scalers)
    metadata = replace(artifact.metadata, belongs={name: sha256(part) for name, part in content.items()})
    plain = asdict(metadata)
    if not metadata.symbols:
        del plain["symbols"]  # a model of one symbol is the same bytes as before there were several
    content[METADATA] = joblib_file.dump(plain)
    for name, part in content.items():
        write_whole(folder / name, part)
    return list(content)


def load(read: Callable[[str], bytes], run: str) -> Artifact:
    """The artifact of a run from what gives the bytes of a file of that name. Raises RepairDataError."""
    metadata = metadata_of(joblib_file.load(METADATA, read(METADATA)))
    if metadata.run != run:
        raise RepairDataError(METADATA, f"is of run {metadata.run!r}, not of {run!r}", NOT_OF_ONE_RUN)
    kind, features = registry.to_load(model_of(metadata)), len(metadata.feature_names)
    names = kinds.files(kind, min(max(len(metadata.belongs) - 1, 1), MOST))
    content = {name: read(name) for name in (*names, SCALER)}
    for name, part in content.items():
        if metadata.belongs.get(name) != sha256(part):
            raise RepairDataError(name, f"is not the file that {METADATA} was written with", NOT_OF_ONE_RUN)
    if foreign := metadata.belongs.keys() - content.keys():
        raise RepairDataError(METADATA, f"names other files: {', '.join(sorted(foreign))}", NOT_OF_ONE_RUN)
    scalers = scalers_of(joblib_file.load(SCALER, content[SCALER]), features)
    models = tuple(kinds.load(kind, name, content[name]) for name in names)
    for name, model in zip(names, models, strict=True):
        if (takes := kinds.width(kind, model)) != features:
            reason = f"takes {takes} features, {METADATA} names {features}"
            raise RepairDataError(name, reason, NOT_OF_ONE_RUN)
    return Artifact(models, scalers, metadata)


def model_of(metadata: Metadata) -> Model:
    """The settings of the model that was trained. Raises RepairDataError."""
    try:
        return make({"model": tomllib.loads(metadata.settings).get("model", {})}).model
    except (tomllib.TOMLDecodeError, SettingsError) as error:
        reason = f"holds settings that cannot be read ({error})"
        raise RepairDataError(METADATA, reason, "Train again") from None


def metadata_of(stored: Any) -> Metadata:
    """Metadata from its plain form; another schema, field or type is refused by name.

    Raises RepairDataError.
    """
    schema = stored.get("schema") if isinstance(stored, dict) else None
    if schema != SCHEMA:
        raise RepairDataError(METADATA, f"has schema {schema}, this quantdeck reads {SCHEMA}", "Train again")
    try:
        metadata = Metadata(**stored)
    except TypeError as error:
        raise RepairDataError(METADATA, f"has other fields than expected ({error})", "Train again") from None
    wrong = [name for name, value in vars(metadata).items() if not proper(name, value)]
    if wrong:
        raise RepairDataError(METADATA, f"holds no proper {', '.join(wrong)}", "Train again")
    return metadata


def proper(name: str, value: Any) -> bool:
    """Whether a field of the metadata has its type."""
    if name == "test_dates":
        return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype == np.dtype("datetime64[ms]")
    if name == "feature_names":
        return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
    if name in {"bounds", "versions", "belongs", "symbols"}:
        return isinstance(value, dict) and all(isinstance(each, str) for each in value)
    if name == "entry_threshold":
        return value is None or (isinstance(value, float) and 0.0 <= value <= 1.0)
    if name == "gross_return":
        return isinstance(value, float)
    return isinstance(value, int if name.endswith("_ms") or name == "schema" else str)


def scalers_of(stored: Any, features: int) -> Scalers:
    """The scalers from their plain form, fitted on as many features and one label. RepairDataError."""
    if not isinstance(stored, dict) or stored.keys() - {*NUMBERS, BY_SYMBOL} != {"features", "label"}:
        raise RepairDataError(SCALER, "does not hold the scalers of features and label", "Train again")
    own = stored.get(BY_SYMBOL, {})
    if not isinstance(own, dict) or not all(isinstance(name, str) for name in own):
        raise RepairDataError(SCALER, "does not hold scalers by symbol", "Train again")
    by_symbol = [(f"{name}'s features", scaler, features) for name, scaler in own.items()]
    for name, scaler, width in (
        ("features", stored["features"], features), ("label", stored["label"], 1), *by_symbol
    ):  # fmt: skip
        if scaler is None and name == "features":
            continue
        if not isinstance(scaler, joblib_file.SCALERS) or getattr(scaler, "n_features_in_", None) != width:
            raise RepairDataError(
                SCALER, f"its scaler of {name} was not fitted on {width} columns", NOT_OF_ONE_RUN
            )
    wrong = [name for name in NUMBERS if not positive(stored.get(name, 0.0))]
    if wrong:
        raise RepairDataError(SCALER, f"holds no proper {', '.join(wrong)}", "Train again")
    return Scalers(**stored)


def positive(number: Any) -> bool:
    """Whether it is a finite number and not below 0."""
    return isinstance(number, float) and math.isfinite(number) and number >= 0.0


def sha256(content: bytes) -> str:
    """The hash as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()
