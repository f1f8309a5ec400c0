"""The versions that decide what a run comes to."""

from __future__ import annotations

import contextlib
import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "quantdeck", "keras", "jax", "jaxlib", "numpy", "pandas", "scikit-learn", "joblib", "numba", "TA-Lib",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Of Python and of each library that is installed."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[library] = version(library)
    return found
