"""Modules that are needed soon, imported in a thread so that no key press waits for them."""

from __future__ import annotations

import importlib
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.dom import DOMNode


def warm(node: DOMNode, *modules: str) -> None:
    """Import the modules while a screen is looked at."""
    node.run_worker(partial(load, modules), group="warm", thread=True)


def load(modules: tuple[str, ...]) -> None:
    """Import one after the other."""
    for module in modules:
        importlib.import_module(module)
