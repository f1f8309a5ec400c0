"""Environment variables that quantdeck sets itself, for libraries that read them when they are imported.

Children inherit them. A list of them goes along, so that an engine started later is neither given what an
earlier one has set, nor takes it for the user's choice.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = "QUANTDECK_VARIABLES"  # JSON: value by name
DROPPED = "QUANTDECK_DROPPED"  # names of the variables that an engine was not given


def set_variable(name: str, value: str) -> None:
    """Set a variable of this process and of its children, and note that it is our own."""
    os.environ[name] = value
    os.environ[OWN] = json.dumps(noted(os.environ) | {name: value})


def set_default(name: str, value: str) -> None:
    """The same, where the user has not set it."""
    if name not in os.environ:
        set_variable(name, value)


def own(given: Mapping[str, str]) -> set[str]:
    """The names of the variables that we have set ourselves: those whose value is still the one noted."""
    return {name for name, value in noted(given).items() if given.get(name) == value}


def noted(given: Mapping[str, str]) -> dict[str, str]:
    """What was noted; nothing where that cannot be read."""
    try:
        known = json.loads(given.get(OWN, ""))
    except (ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}
