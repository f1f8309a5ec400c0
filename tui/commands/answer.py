"""What a command answers: a document for machines, text for people, an error for both.

Everything that reaches stdout goes through `Answer.write`; everything on stderr through `say`. Both
show control characters instead of sending them.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass, field
from typing import Any

from engine.errors import printable


@dataclass(frozen=True)
class Answer:
    """The answer of one command."""

    document: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    error: dict[str, Any] | None = None  # class, thing, reason, remedy, exit_code, perhaps problems

    @property
    def exit_code(self) -> int:
        """0, or the error's."""
        return int(self.error.get("exit_code", 1)) if self.error else 0

    def write(self, *, wants_json: bool) -> None:
        """Print to stdout the document as JSON, or the text; an error goes to stderr unless it is JSON."""
        if wants_json:
            from engine.results.codec import plain

            document = self.document | ({"error": self.error} if self.error else {})
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


def error_text(error: dict[str, Any]) -> str:
    """An error for a person: thing and reason, remedy, and one line for each wrong setting."""
    lines = [f"error: {error.get('thing', 'run')}: {error.get('reason', 'failed')}"]
    if error.get("remedy"):
        lines.append(f"  remedy: {error['remedy']}")
    for problem in error.get("problems", []):
        value = f" = {problem['value']}" if problem.get("value") else ""
        lines.append(f"  {problem.get('key', '')}{value}: {problem.get('reason', '')}")
    return "\n".join(lines)
