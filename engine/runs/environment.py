"""The environment that an engine process is given: what could break or change a run is left out of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.variables import DROPPED, OWN, own

if TYPE_CHECKING:
    from collections.abc import Mapping

# What Python and libraries read of the environment, and what of it is the user's to say: where to work,
# and with how many threads.
LIBRARIES = ("JAX_", "XLA_", "KERAS_", "NUMBA_")
OF_THE_USER = frozenset(
    {
        "PYTHONHOME", "PYTHONPATH", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONUNBUFFERED", "PYTHONNOUSERSITE",
        "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE", "JAX_PLATFORMS", "JAX_COMPILATION_CACHE_DIR",
        "NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS",
    }
)  # fmt: skip


def for_engine(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of an engine process, from the present one.

    Warnings as errors, other numbers in XLA or another Keras backend would end a run or change its bytes.
    PYTHONPATH stays: modules that own features import lie there, and the versions found are recorded.
    """
    given = os.environ if given is None else given
    ours = own(given)  # by an engine or app that this process descends from
    of_the_user = {name: value for name, value in given.items() if name not in ours | {OWN, DROPPED}}
    kept = {name: value for name, value in of_the_user.items() if not may_change_a_run(name)}
    dropped = sorted(name for name, value in of_the_user.items() if name not in kept and value)
    return kept | {DROPPED: ", ".join(dropped)}


def may_change_a_run(name: str) -> bool:
    """Whether Python or a library reads a variable of that name, and it is none of the user's own choices."""
    of_python = name.startswith("PYTHON") and not name.startswith("PYTHON_")  # those are of container images
    return (of_python or name.startswith(LIBRARIES)) and name not in OF_THE_USER
