"""How Keras and JAX are to run, settled before either is imported."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.code_cache import cache_folder, cache_of, use
from engine.errors import InternalError
from engine.imports import gc_paused
from engine.variables import set_default, set_variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.settings import Training

HOST_DEVICES = "--xla_force_host_platform_device_count"


def prepare(training: Training) -> int:
    """Start with the devices that a training is to share; return their number. Raises InternalError."""
    devices = devices_of(training)
    start(devices)
    return devices


def devices_of(training: Training) -> int:
    """How many devices share a batch: none is left without a sequence. Raises InternalError if it is open."""
    if not training.devices:
        raise InternalError("training.devices", "is 0: no number is chosen yet", "Call settings.pinned first")
    return min(training.devices, training.batch_size)


def start(devices: int) -> None:
    """Choose the JAX backend, the virtual CPU devices and where compiled code is kept; import Keras.

    XLA does not spread an LSTM's small products over threads; two devices side by side do. A process
    settles this once: Raises InternalError when jax was imported before, or another number is wanted later.
    The number concerns processors alone: JAX takes a GPU where jax[cuda] finds one (see `sharing`).
    """
    others = [flag for flag in os.environ.get("XLA_FLAGS", "").split() if not flag.startswith(HOST_DEVICES)]
    wanted = " ".join([*others, f"{HOST_DEVICES}={devices}"])
    if "jax" in sys.modules and os.environ.get("XLA_FLAGS") != wanted:
        raise InternalError(
            "jax", "runs with other devices already", "Call backend.prepare before anything else"
        )
    set_variable("KERAS_BACKEND", "jax")
    set_variable(
        "KERAS_HOME", str(cache_folder() / "keras")
    )  # the user's keras.json may ask for other floats
    set_variable("XLA_FLAGS", wanted)
    if "jax" not in sys.modules:
        use(cache_of("JAX_COMPILATION_CACHE_DIR", Path("quantdeck") / "jax"), "*-cache")
    set_default("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    set_default("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    set_default("TF_CPP_MIN_LOG_LEVEL", "2")
    if "keras" not in sys.modules:
        with gc_paused():
            import keras  # noqa: F401


def sharing(present: Sequence[Any], wanted: int) -> list[Any]:
    """Which of the devices present (jax.devices()) share a batch: the first `wanted`, or one GPU by itself.

    A GPU is kept busy by a whole batch, and stock LSTM layers take cuDNN on it.
    """
    return list(present[:wanted]) if present[0].platform == "cpu" else list(present[:1])
