"""The three files of a trained model: model.keras, scaler.joblib and metadata.joblib.

Loading takes bytes whose hash somebody has checked already, and lets a pickle name only the few
classes that these files hold: a crafted file is refused, not run.
"""

from __future__ import annotations

import io
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import keras
from joblib.numpy_pickle import NumpyUnpickler

from engine.dataset.scaling import Scalers
from engine.disk import writing
from engine.errors import QuantdeckError, RepairData

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

MODEL, SCALER, METADATA = "model.keras", "scaler.joblib", "metadata.joblib"
FILES = (MODEL, SCALER, METADATA)
SCHEMA = 1
ALLOWED = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy._core.multiarray", "scalar"),
    ("sklearn.preprocessing._data", "StandardScaler"),
    ("sklearn.preprocessing._data", "RobustScaler"),
    ("sklearn.preprocessing._data", "MinMaxScaler"),
}
LAYERS = {"Sequential", "InputLayer", "LSTM", "Dropout", "Dense"}


@dataclass(frozen=True)
class Metadata:
    """What a model was trained on; everything a backtest needs besides the weights.

    test_dates: (N,) datetime64[ms], UTC, the open times of the test's target rows.
    feature_names: the columns in their order. settings: the run's settings as TOML.
    bounds: first and last target of each part, ISO 8601. trained_until_ms: no row at or after it
    has touched weights, scaler or early stopping. fingerprint: hash of the market that was used,
    from its first row to data_until_ms.
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
    schema: int = SCHEMA


@dataclass(frozen=True)
class Artifact:
    """A trained model, ready to predict."""

    network: keras.Model
    scalers: Scalers
    metadata: Metadata


def save(folder: Path, artifact: Artifact) -> None:
    """Write the three files, each whole. Raises MakeRoom."""
    with writing(folder / MODEL) as part:
        artifact.network.save(part)
    with writing(folder / SCALER) as part:
        joblib.dump({"features": artifact.scalers.features, "label": artifact.scalers.label}, part)
    with writing(folder / METADATA) as part:
        joblib.dump(asdict(artifact.metadata), part)


def load(content: Mapping[str, bytes]) -> Artifact:
    """The artifact from the bytes of its three files, by name. Raises RepairData."""
    metadata = metadata_of(unpickled(METADATA, content[METADATA]))
    scalers = unpickled(SCALER, content[SCALER])
    network = network_of(content[MODEL])
    expected = (len(metadata.feature_names),)
    if network.input_shape[2:] != expected:
        raise RepairData(
            MODEL,
            f"takes {network.input_shape[2]} features, {METADATA} names {expected[0]}",
            "The files are not of one run; train again",
        )
    return Artifact(network, Scalers(scalers["features"], scalers["label"]), metadata)


def metadata_of(stored: Any) -> Metadata:
    """Metadata from its plain form; another schema is refused by name."""
    schema = stored.get("schema") if isinstance(stored, dict) else None
    if schema != SCHEMA:
        raise RepairData(METADATA, f"has schema {schema}, this quantdeck reads {SCHEMA}", "Train again")
    try:
        return Metadata(**stored)
    except TypeError as error:
        raise RepairData(METADATA, f"has other fields than expected ({error})", "Train again") from None


def unpickled(name: str, content: bytes) -> Any:
    """Load a joblib file from memory through the allowlist."""
    try:
        return Allowed(name, io.BytesIO(content), ensure_native_byte_order=True).load()
    except QuantdeckError:
        raise
    except Exception as error:  # noqa: BLE001  a broken pickle can raise anything
        raise RepairData(name, f"cannot be read ({type(error).__name__}: {error})", "Train again") from None


class Allowed(NumpyUnpickler):
    """joblib's unpickler, bound to the classes that a scaler or the metadata need."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse every other name before it is looked up."""
        if (module, name) not in ALLOWED:
            raise RepairData(
                self.filename, f"wants to load {module}.{name}", "Do not use it: it may run code"
            )
        return super().find_class(module, name)


def network_of(content: bytes) -> keras.Model:
    """The Keras model from memory, in safe mode, with stock layers of known kinds only."""
    with tempfile.TemporaryDirectory(prefix="quantdeck-") as folder:
        path = Path(folder) / MODEL
        path.write_bytes(content)
        try:
            network = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # noqa: BLE001  Keras raises many kinds for a broken file
            raise RepairData(MODEL, f"cannot be loaded ({first_line(error)})", "Train again") from None
    strange = {type(layer).__name__ for layer in [network, *network.layers]} - LAYERS
    if strange:
        raise RepairData(MODEL, f"holds layers of other kinds: {', '.join(sorted(strange))}", "Train again")
    return network


def first_line(error: Exception) -> str:
    """The first line of an error's text."""
    return (str(error).splitlines() or [type(error).__name__])[0]
