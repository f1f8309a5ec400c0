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
    "text": "{text}",
}
