"""Which characters take one cell each: nearly all, and asking about every one of them takes long."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len


@lru_cache(maxsize=4096)
def one_cell_each(text: str) -> bool:
    """Whether every character takes one cell: none is wide, none joins the one before it."""
    return (text.isascii() and text.isprintable()) or all(cell_len(character) == 1 for character in text)
