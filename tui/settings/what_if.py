"""The rules of a what-if: which settings are moved, and by which steps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

THRESHOLD, FEE = "signal.entry_threshold", "backtest.fee_bps"
STEPS: dict[str, tuple[float, ...]] = {
    THRESHOLD: (
        0.0, 0.00001, 0.00002, 0.00005, 0.0001, 0.00015, 0.0002, 0.0003, 0.0004, 0.0005, 0.0006, 0.0007,
        0.0008, 0.0009, 0.001, 0.0012, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.007, 0.01, 0.015, 0.02,
        0.05, 0.1,
    ),
    FEE: (
        0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 75.0, 100.0,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class RuleOverrides:
    """The settings of the run, and what of them is moved."""

    recorded: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @property
    def listing(self) -> list[tuple[str, Any, Any]]:
        """Key, value of the run, value tried."""
        return [(key, self.recorded.get(key), value) for key, value in self.overrides.items()]

    def step(self, key: str, up: int) -> RuleOverrides:
        """One step of a ladder up (1) or down (-1); back on the run's own value it is no move any more."""
        present = self.overrides.get(key, self.recorded.get(key))
        if not isinstance(present, int | float):
            return self
        ladder = sorted({*STEPS[key], float(self.recorded[key])})
        beyond = [value for value in ladder if (value > present if up > 0 else value < present)]
        return self.put(key, (beyond[0] if up > 0 else beyond[-1]) if beyond else present)

    def put(self, key: str, value: Any) -> RuleOverrides:
        """Move one setting."""
        rest = {name: each for name, each in self.overrides.items() if name != key}
        moved = rest if value == self.recorded.get(key) else {**rest, key: value}
        return replace(self, overrides=moved)

    def typed(self, text: str) -> RuleOverrides:
        """Moves as they are typed: `backtest.stop_loss=0.02 fee_bps=5`. Raises ChangeSettingsError."""
        moves = self
        for word in text.split():
            moves = moves.put(*self.read(word))
        return moves

    def read(self, word: str) -> tuple[str, Any]:
        """Key and value of `key=value`, whose group may be left out. Raises ChangeSettingsError."""
        from engine.settings import value_of

        name, equals, raw = word.partition("=")
        known = [key for key in self.recorded if name in (key, key.partition(".")[2])]
        if not equals or not known:
            fits = ", ".join(key for key in self.recorded if name and name in key)
            raise ChangeSettingsError(
                f"what-if {word!r}",
                "is no key=value of a setting that can be tried",
                f"Near it: {fits}" if fits else "Write it such as stop_loss=0.02 fill=worst-of-bar",
            )
        return known[0], value_of(known[0], raw)
