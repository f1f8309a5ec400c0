"""One result while somebody looks at it: as recorded, or under other rules; asked of the warm engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.outcome import result_of
from tui.questions import Question
from tui.what_if import Moves

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.errors import QuantdeckError
    from engine.runs.folder import RunFolder
    from tui.questions import Questions


class OpenResult:
    """Figures come from result.json at once; curves, intervals and what-ifs from the engine.

    told        the result as it is shown, with the keys of result.json
    curves      the engine's curves for it, empty until they are there
    looks       what hangs on the fills, and the intervals; empty until they are there
    moves       the rules that are tried; `settings` of the run within are known with the first curves
    error       why the engine could not answer, or None
    """

    def __init__(self, questions: Questions, changed: Callable[[], object]) -> None:
        """`changed` is called whenever there is something new to draw."""
        self._questions, self._changed = questions, changed
        self.run: RunFolder | None = None
        self.told: dict[str, Any] = {}
        self.curves: dict[str, Any] = {}
        self.looks: dict[str, Any] = {}
        self.moves = Moves()
        self.error: QuantdeckError | None = None
        self.columns = 0
        self._tries: dict[str, int] = {}  # by the run whose test span was looked at

    def open(self, run: RunFolder | None, columns: int) -> None:
        """Another result, its curves for so many columns; None for none. Raises RepairData."""
        self.run, self.told, self.curves, self.looks = run, {}, {}, {}
        self.moves, self.error, self.columns = Moves(), None, columns
        if run is not None:
            self.told = result_of(run)
            self._ask_curves(self.moves)

    @property
    def span(self) -> str:
        """The run whose test dates are looked at."""
        return (self.run.of or self.run.id) if self.run else ""

    @property
    def tries(self) -> int:
        """How often other rules were tried on this span since the app was opened."""
        return self._tries.get(self.span, 0)

    def widen(self, columns: int) -> None:
        """The chart became wider: more points."""
        if self.told and columns > self.columns:
            self.columns = columns
            self._ask_curves(self.moves)

    def request(self, do: str, **details: Any) -> dict[str, Any]:
        """A question about the result, under the rules that are tried."""
        path = str(self.run.path) if self.run else ""
        return {"do": do, "run": path, "overrides": dict(self.moves.overrides), **details}

    def ask_now(self) -> None:
        """Ask for the result under the rules as they are."""
        self._ask_curves(self.moves)

    def _ask_curves(self, moves: Moves) -> None:
        run, tried = self.run, bool(moves.overrides)
        request = self.request("result.whatif" if tried else "result.open", columns=self.columns)

        def answered(answer: dict[str, Any]) -> None:
            if self.run is run and self.moves.overrides == moves.overrides:
                self._take(answer, tried=tried)

        def failed(error: QuantdeckError) -> None:
            if self.run is run:
                self.error = error
                self._changed()

        self._questions.ask("curves", Question(request, answered, failed))

    def _take(self, answer: dict[str, Any], *, tried: bool) -> None:
        self.error = None
        if tried and answer["result"] != self.told:
            self._tries[self.span] = self.tries + 1
        if not self.moves.recorded:
            self.moves = Moves(answer["settings"])
        if not self.looks:
            self._ask_looks()
        self.told, self.curves = answer["result"], answer["curves"]
        self._changed()

    def _ask_looks(self) -> None:
        """What hangs on the fills. It also warms the simulation for the first what-if."""
        run = self.run

        def answered(answer: dict[str, Any]) -> None:
            if self.run is run:
                self.looks = answer
                self._changed()

        self._questions.ask("looks", Question(self.request("result.fills"), answered, lambda _: None))
