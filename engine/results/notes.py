"""What a reader of the figures must know: facts in the result, sentences only where they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Note:
    """One remark: its code, a key of TEXTS, and the values that its sentence names.

    The code `text` is for a remark of a result that was written as a sentence.
    """

    code: str
    values: dict[str, int | float | str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence."""
        return TEXTS.get(self.code, self.code).format_map(self.values)


TEXTS = {
    "range of a series": "{series}: {kept:,} of its {rows:,} candles lie in the range set",
    "made of shorter candles": (
        "{series}: {rows:,} candles of {timeframe} made of {shorter} ones; {left:,} of those belong to none "
        "that is complete"
    ),
    "source failed, stored before": "{error}. The run goes on with what was stored before",
    "source failed": "{error}. The run goes on without it",
    "series starts late": "{series} starts at {first}, the exchange has nothing earlier",
    "series ends early": "{series} ends at {last}, the exchange has sent nothing later",
    "series has gaps": "{series} lacks {bars:,} candles in {gaps:,} gaps",
    "text": "{text}",
}
