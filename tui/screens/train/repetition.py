"""What a run that repeats another came to: the engine compares the two once it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results.answers import Comparison
from tui.background.questions import Question, Questions

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.errors import QuantdeckError
    from tui.runs.watch import Snapshot, Watched
    from tui.widgets.lines import Line


class Repetitions:
    """The comparisons of runs that are looked at, each asked for once."""

    def __init__(self, questions: Questions, changed: Callable[[], object]) -> None:
        """`changed` is called when there is an answer."""
        self._questions, self._changed = questions, changed
        self._lines: dict[str, list[Line]] = {}  # by the id of the run that repeats another

    def lines(self, watched: Watched, snapshot: Snapshot) -> list[Line]:
        """What is known of a run as a repetition; nothing for any other run."""
        original = watched.run.repeats
        if not original:
            return []
        if watched.state.status != "done":
            return [[(f" repeats run {original}; the two are compared when it has ended", "quiet")]]
        if watched.id not in self._lines:
            self._compare(watched, snapshot.by_id.get(original))
        return self._lines[watched.id]

    def _compare(self, watched: Watched, original: Watched | None) -> None:
        run, repeats = watched.id, watched.run.repeats
        if original is None:
            self._lines[run] = [[(f" repeats run {repeats}, which is not in this home", "warn")]]
            return

        def answered(found: Comparison) -> None:
            self._lines[run] = compared(repeats, found)
            self._changed()

        def failed(error: QuantdeckError) -> None:
            self._lines[run] = [[(f" not compared with run {repeats}: {error}", "bad")]]
            self._changed()

        self._lines[run] = [[(f" comparing with run {repeats} …", "quiet")]]
        request = {"do": "runs.compare", "original": str(original.run.path), "again": str(watched.run.path)}
        self._questions.ask(f"compare {run}", Question(request, Comparison, answered, failed))


def compared(original: str, found: Comparison) -> list[Line]:
    """Equal bit for bit, or what differs and why it may."""
    if found.equal:
        many = len(found.compared)
        return [[(f" equals run {original}, bit for bit: {many} files and figures compared", "good")]]
    lines: list[Line] = [[(f" differs from run {original}: {', '.join(found.differ)}", "bad")]]
    lines += [[(f"  {name}: {how}", "")] for name, how in found.differ.items()]
    return [*lines, *([(f"  {sentence}", "quiet")] for sentence in found.because)]
