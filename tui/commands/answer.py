"""What a command answers: a document for machines, text for people, an error for both.

Everything that reaches stdout goes through `Answer.write`; everything on stderr through `say`. Both
show control characters instead of sending them.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import printable

if TYPE_CHECKING:
    from engine.errors import QuantdeckError


@dataclass(frozen=True)
class Answer:
    """The answer of one command."""

    document: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    error: QuantdeckError | None = None

    @property
    def exit_code(self) -> int:
        """0, or the error's."""
        return self.error.exit_code if self.error else 0

    def write(self, *, wants_json: bool) -> None:
        """Print to stdout the document as JSON, or the text; an error goes to stderr unless it is JSON."""
        if wants_json:
            from engine.results.codec import plain
            from engine.runs.error_codec import to_fields

            document = self.document | ({"error": to_fields(self.error)} if self.error else {})
            print(json.dumps(plain(document), indent=2, allow_nan=False))
            return
        if self.text:
            print(printable(self.text))
        if self.error:
            if sys.stdout is not None:
                sys.stdout.flush()
            say(error_text(self.error))


def say(text: str) -> None:
    """Print a line to stderr; a terminal that has gone away is no reason to fail."""
    with contextlib.suppress(OSError, ValueError):
        print(printable(text), file=sys.stderr, flush=True)


def error_text(error: QuantdeckError) -> str:
    """An error for a person: thing and reason, remedy, and one line for each problem in it.

    Neither is called so where nothing is wrong.
    """
    called, to_do = ("error: ", "remedy: ") if error.is_fault else ("", "")
    remedy = [f"  {to_do}{error.remedy}"] if error.remedy else []
    first = f"{called}{error.thing}: {error.reason}"
    return "\n".join([first, *remedy, *(f"  {problem}" for problem in error.problems)])
