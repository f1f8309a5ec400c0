"""A model of the user's own: a Python file with one function, `build(lookback, features, seed)`.

    import keras

    def build(lookback, features, seed):
        return keras.Sequential([
            keras.Input((lookback, features)),
            keras.layers.GRU(32, seed=seed),
            keras.layers.Dense(1),
        ])

It returns a Keras model of stock layers (stock.LAYERS) that makes of windows (B, lookback, features) the
scaled return of the target row, (B, 1). What it leaves to chance is drawn from the seed, too.
"""

from __future__ import annotations

import hashlib
import weakref
from typing import TYPE_CHECKING, Any

import keras

from engine import python_file
from engine.errors import ChangeSettingsError, InternalError, QuantdeckError, RepairDataError
from engine.models import keras_file
from engine.models.definition import NetworkKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.settings import Model

NAME = "own"
# What this process began to fit. A fit may know nothing of an earlier one, which trained on its test rows.
BEGUN: weakref.WeakSet[keras.Model] = weakref.WeakSet()
FIRST_VALUES: dict[tuple[object, ...], str] = {}  # the file's hash and the arguments → hash of all weights


def load_model(path: Path, kept: bytes | None = None) -> NetworkKind:
    """The model of a file, which is executed, or of what was kept of it.

    Raises ChangeSettingsError for a file that is not there or has no such function; RepairDataError, with the
    line, for a file that is no Python or raises.
    """
    file = python_file.run(path, "model.file", kept)
    function = file.names.get("build")
    if not callable(function):
        remedy = (
            "Write build(lookback, features, seed), which returns a Keras model; docs/models.md shows one"
        )
        raise ChangeSettingsError(str(path), "holds no function build", remedy)
    return NetworkKind(NAME, built_by(path, function), sha256=file.sha256)


def built_by(path: Path, function: Callable[..., Any]) -> Callable[[int, int, Model, int], keras.Model]:
    """The function with checks around it."""

    def build(lookback: int, features: int, model: Model, seed: int) -> keras.Model:
        keras.utils.clear_session(free_memory=False)  # layers are numbered from 1, whatever was built before
        keras.utils.set_random_seed(seed)
        try:
            network = function(lookback, features, seed)
        except (QuantdeckError, MemoryError):
            raise
        except Exception as error:
            reason, remedy = python_file.in_words(error)
            raise RepairDataError(python_file.place(path, error), f"build {reason}", remedy) from error
        if fault := unfit(network, lookback, features, model.outputs):
            raise RepairDataError(str(path), f"build {fault}", "Correct it there; docs/models.md says how")
        return network

    return build


def unfit(network: Any, lookback: int, features: int, outputs: int = 1) -> str:
    """Why what was built cannot be trained and saved; empty if it can."""
    if not isinstance(network, keras.Model):
        found = "nothing" if network is None else f"a {type(network).__name__}"
        return f"returns {found} where a Keras model is due"
    shapes = [getattr(network, name, None) for name in ("input_shape", "output_shape")]
    if shapes != [(None, lookback, features), (None, outputs)]:
        due = f"(None, {outputs}) of (None, {lookback}, {features})"
        return f"makes {shapes[1]} of {shapes[0]}; it must make {due}"
    return keras_file.foreign(keras.saving.serialize_keras_object(network), OWN)


def refuse_trained(network: keras.Model, kind: NetworkKind, *arguments: object) -> None:
    """RepairDataError for a network that an earlier fit had, or that begins with other values than its did.

    arguments: all that `build` was given.
    """
    values = hashlib.sha256(b"".join(each.tobytes() for each in network.get_weights())).hexdigest()
    remedy = "Make a new network at each call, and draw from the seed alone"
    if network in BEGUN:
        raise RepairDataError("model.file", "build returns a network that an earlier fit has trained", remedy)
    BEGUN.add(network)
    if FIRST_VALUES.setdefault((kind.sha256, *arguments), values) != values:
        reason = "build gives other first weights than for an earlier fit with the same arguments"
        raise RepairDataError("model.file", reason, remedy)


def loaded_only(*_: object) -> keras.Model:
    """Stands where a file's function would: what is saved is loaded without that file."""
    raise InternalError("model.file", "was not read, so nothing can be built of it")


OWN = NetworkKind(NAME, loaded_only)
