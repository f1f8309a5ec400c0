"""joblib files that hold numbers, texts and scikit-learn's scalers, and can hold nothing that runs.

A pickle is a program that may call whatever it can name. Here it can name seven things, each of them
replaced or watched: arrays and dtypes of numbers and times only, no field or flag of a dtype's own
making, scalers with no attribute but their own. What it names beyond that is refused before it is looked up.
"""

from __future__ import annotations

import io
import math
import re
from typing import Any

import joblib
import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from engine.errors import RepairDataError

NUMERIC = re.compile(r"[<>|=]?([biufM])(1|2|4|8)")
PROTOCOL = b"\x80"
UNTRUSTED = "Do not use it: it may run code"
SCALERS = (StandardScaler, RobustScaler, MinMaxScaler)
ATTRIBUTES = frozenset(
    (
        "_sklearn_version", "center_", "clip", "copy", "data_max_", "data_min_", "data_range_",
        "feature_range", "mean_", "min_", "n_features_in_", "n_samples_seen_", "quantile_range", "scale_",
        "unit_variance", "var_", "with_centering", "with_mean", "with_scaling", "with_std",
    )
)  # fmt: skip
WRAPPER = frozenset(("subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"))


class Refused(Exception):  # noqa: N818
    """What is wrong with a file."""


def dump(value: Any) -> bytes:
    """The value as the bytes of an uncompressed joblib file."""
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def load(name: str, content: bytes) -> Any:
    """The value in the bytes of a joblib file; `name` is the file's, for errors. Raises RepairDataError."""
    if not content.startswith(PROTOCOL):
        raise RepairDataError(name, "is no uncompressed joblib file", UNTRUSTED)
    try:
        return Allowed(name, content).load()
    except Refused as fault:
        raise RepairDataError(name, str(fault), UNTRUSTED) from None
    except Exception as error:  # noqa: BLE001  a broken pickle can raise anything
        raise RepairDataError(
            name, f"cannot be read ({type(error).__name__}: {error})", "Train again"
        ) from None


def numeric(spec: Any, *_: Any) -> np.dtype[Any]:
    """A fresh dtype of one kind of number or time, whatever the pickle says of alignment and copying."""
    if not isinstance(spec, str) or not NUMERIC.fullmatch(spec):
        raise Refused(f"holds an array of {spec!r}, not of numbers")
    return np.dtype(spec, copy=True)


def scalar(kind: Any, content: Any) -> Any:
    """One number, from the bytes of its dtype's size."""
    if not isinstance(kind, np.dtype) or not isinstance(content, bytes) or len(content) != kind.itemsize:
        raise Refused("holds a number of no known kind")
    return np.frombuffer(content, kind)[0]


class Array:
    """Stands for numpy.ndarray in a pickle: a mark that cannot be called."""


ALLOWED: dict[tuple[str, str], Any] = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): NumpyArrayWrapper,
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): numeric,
    ("numpy._core.multiarray", "scalar"): scalar,
    **{("sklearn.preprocessing._data", kind.__name__): kind for kind in SCALERS},
}


class Allowed(NumpyUnpickler):
    """joblib's unpickler, bound to what a scaler or the metadata need."""

    dispatch = NumpyUnpickler.dispatch.copy()

    def __init__(self, name: str, content: bytes) -> None:
        """Only uncompressed files are read, so that no small file can grow large."""
        self.size = len(content)
        super().__init__(name, io.BytesIO(content), ensure_native_byte_order=True)

    def find_class(self, module: str, name: str) -> Any:
        """Refuse every other name before it is looked up."""
        if (module, name) not in ALLOWED:
            raise Refused(f"wants to load {module}.{name}")
        return ALLOWED[module, name]

    def load_build(self) -> None:
        """Look at the state that an object is to be given before it is given."""
        target, state = self.stack[-2], self.stack[-1]
        if isinstance(target, np.dtype):
            fault = "" if plain_dtype(state) else "gives a dtype fields of its own"
        elif isinstance(target, NumpyArrayWrapper):
            fault = self.fault_of_array(state)
        elif isinstance(target, SCALERS):
            known = isinstance(state, dict) and state.keys() <= ATTRIBUTES
            fault = "" if known else "gives a scaler other attributes than its own"
        else:
            fault = f"gives a {type(target).__name__} a state"
        if fault:
            raise Refused(fault)
        super().load_build()

    def fault_of_array(self, state: Any) -> str:
        """What is wrong with the description of an array, or nothing."""
        if not isinstance(state, dict) or state.keys() != WRAPPER or state["subclass"] is not Array:
            return "describes an array in another way than joblib"
        shape, kind = state["shape"], state["dtype"]
        if not isinstance(kind, np.dtype) or kind.hasobject:
            return "holds an array of objects"
        whole = isinstance(shape, tuple) and all(type(side) is int and side >= 0 for side in shape)
        if not whole or math.prod(shape) * kind.itemsize > self.size:
            return "describes an array that is larger than the file"
        state["subclass"] = np.ndarray
        return ""

    # The pickle machine looks its steps up in this table.
    dispatch[b"b"[0]] = load_build


def plain_dtype(state: Any) -> bool:
    """Whether a dtype's pickled state has no subarray, no names and no fields."""
    return isinstance(state, tuple) and len(state) >= 8 and state[2:5] == (None, None, None)
