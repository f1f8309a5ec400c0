"""One result while somebody looks at it: as recorded, or under other rules; asked of the warm engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.results.answers import OpenedResult
from engine.results.robustness import TrialCounts
from engine.runs.results import backtest_of
from tui.background.questions import Question
from tui.settings.what_if import RuleOverrides

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.errors import QuantdeckError
    from engine.results.answers import Curves
    from engine.results.backtest import BacktestResult
    from engine.runs.events import Event
    from engine.runs.folder import RunFolder
    from tui.background.questions import Questions


class OpenResult:
    """Figures come from result.json at once; curves, what-ifs and the ledger's present state from the engine.

    shown       the result as it is shown, None where there is none
    recorded    the run's own, whatever is tried, with how often its bars were looked at by now
    rules       the settings that made what is shown, by key; empty until the engine has told
    curves      the engine's curves for it, None until they are there
    trials      how often its bars were looked at by now, and the deflated Sharpe ratio
    moves       the rules that are tried; `settings` of the run within are known with the first curves
    error       why the engine could not answer, or None
    """

    def __init__(self, questions: Questions, changed: Callable[[], object]) -> None:
        """`changed` is called whenever there is something new to draw."""
        self._questions, self._changed = questions, changed
        self.open_nothing()

    def open_nothing(self) -> None:
        """No result."""
        self.run: RunFolder | None = None
        self.shown: BacktestResult | None = None
        self.recorded: BacktestResult | None = None
        self.curves: Curves | None = None
        self.trials: TrialCounts | None = None
        self.moves = RuleOverrides()
        self.rules: Mapping[str, Any] = {}
        self._tried: Mapping[str, Any] = {}  # the moves that were asked for what is shown
        self.error: QuantdeckError | None = None
        self.columns = 0

    def open(self, run: RunFolder | None, columns: int) -> None:
        """Another result, its curves for so many columns; None for none. Raises RepairDataError."""
        self.open_nothing()
        self.run, self.columns = run, columns
        if run is not None:
            self.shown = self.recorded = backtest_of(run)
            self.trials = self.shown.trials
            self._ask_curves(self.moves)

    @property
    def tries(self) -> int:
        """How often other rules were tried on these bars, by anybody in this home."""
        return self.trials.what_ifs if self.trials else 0

    @property
    def tried(self) -> bool:
        """Whether what is shown is a what-if."""
        return bool(self._tried)

    @property
    def stale(self) -> bool:
        """Whether other rules made what is shown than those that are set: the answer is on its way."""
        return self._tried != self.moves.overrides

    def widen(self, columns: int) -> None:
        """The chart became wider: more points."""
        if self.shown and columns > self.columns:
            self.columns = columns
            self._ask_curves(self.moves)

    def request(self, do: str, **details: Any) -> Event:
        """A question about the result, under the rules that are tried."""
        path = str(self.run.path) if self.run else ""
        return {"do": do, "run": path, "overrides": dict(self.moves.overrides), **details}

    def ask_now(self) -> None:
        """Ask for the result under the rules as they are."""
        self._ask_curves(self.moves)

    def _ask_curves(self, moves: RuleOverrides) -> None:
        run = self.run
        request = self.request("result.whatif" if moves.overrides else "result.open", columns=self.columns)

        def answered(opened: OpenedResult) -> None:
            if self.run is run and self.moves.overrides == moves.overrides:
                self._take(opened, moves)

        def failed(error: QuantdeckError) -> None:
            if self.run is run:
                self.error = error
                self._changed()

        self._questions.ask("curves", Question(request, OpenedResult, answered, failed))

    def _take(self, opened: OpenedResult, moves: RuleOverrides) -> None:
        self.error = None
        if not self.moves.recorded:
            self.moves = RuleOverrides(opened.settings)
        self.shown, self.curves = opened.result, opened.curves
        self.rules, self._tried = opened.settings, moves.overrides
        if self.tried:
            self.trials = opened.result.trials
        self._ask_trials()
        self._changed()

    def _ask_trials(self) -> None:
        """How often the bars were looked at by now. It also warms the simulation for the first what-if."""
        run = self.run

        def answered(counts: TrialCounts) -> None:
            if self.run is run and self.recorded:
                self.recorded = replace(self.recorded, trials=counts)
                if not self.tried:
                    self.trials = counts
                self._changed()

        question = Question(self.request("result.ledger"), TrialCounts, answered, lambda _: None)
        self._questions.ask("trials", question)
