"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How many rounds, how many devices, and whether the work is small."""

    rounds: int
    devices: int
    quick: bool

    def size(self, whole: int, quick: int) -> int:
        """How much work."""
        return quick if self.quick else whole
