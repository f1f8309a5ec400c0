"""All options of JAX that somebody may have set; JAX documents each one by itself alone."""

from __future__ import annotations

from typing import Any

import jax


def options() -> list[tuple[str, Any]]:
    """Names and values of this process, in order of the names."""
    return sorted(jax.config.values.items())
