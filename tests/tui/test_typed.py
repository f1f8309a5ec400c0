"""Results are types in the app, looked up nowhere; one table says which figures there are."""

import ast
from pathlib import Path

import pytest

import tui
from engine.results import metrics
from tui.screens.backtest import drawing

TUI = Path(tui.__file__).parent
EVENTS = {  # what may lack a key: events of a run, what a terminal's environment says, colours of a theme
    "event", "epoch", "note", "source", "facts", "each", "last", "error", "state.error", "os.environ",
    "variables", "widths",
}  # fmt: skip
EDGE = {("run_facts.py", "self.differ"), ("watch.py", "event")}
LOG = ("text/events.py", "event")  # lines of a run's log: events, and no result
SHOWING = ("text", "screens/backtest", "screens/runs", "widgets/equity_chart.py", "widgets/candle_chart.py",
           "comparison.py", "commands/results.py", "commands/sweep.py")  # fmt: skip


def lookups():
    """File and receiver of every `.get("…")` in the app."""
    for path in sorted(TUI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=receiver, attr="get"), args=[ast.Constant(value=str()), *_]
                ):
                    yield str(path.relative_to(TUI)), ast.unparse(receiver)


def test_nothing_is_looked_up_in_a_result():
    """By a key in quotes, that is; what shows results looks nothing up at all."""
    found = set(lookups())
    assert found, "the syntax tree was not understood"
    assert [each for each in found if each[0].startswith(SHOWING) and each != LOG] == []
    assert {each for each in found if each[1] not in EVENTS} <= EDGE


@pytest.mark.parametrize("metric", metrics.METRICS.values(), ids=lambda metric: metric.key)
def test_label_and_unit_fit_beside_each_other(metric):
    label, unit = drawing.labelled(metric)
    assert label
    assert len(label) + len(unit) <= drawing.LABEL - 2
    assert metric.format != "percent" or unit.startswith("%")
