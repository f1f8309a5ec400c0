"""Results are types in the app, looked up nowhere; one table says which figures there are."""

import ast
from pathlib import Path

import pytest

import tui
from engine.results import metrics
from tui.screens.backtest import figures

TUI = Path(tui.__file__).parent
MAY_LACK = {  # a terminal's environment, of now and before Python changed it, colours of a theme, a table, a
    "os.environ", "variables", "now", "before", "known", "given", "widths",
    "request.query", "request.headers",  # browser's request
}  # fmt: skip
EDGE = {("runs/facts.py", "self.differ"), ("runs/looks.py", "each")}
SHOWING = ("text", "screens/backtest", "screens/runs", "widgets/equity_chart.py", "widgets/candle_chart.py",
           "runs/comparison.py", "commands/results.py", "commands/sweep.py")  # fmt: skip


def lookups():
    """File and receiver of every `.get("…")` in the app."""
    for path in sorted(TUI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=receiver, attr="get"), args=[ast.Constant(value=str()), *_]
                ):
                    yield str(path.relative_to(TUI)), ast.unparse(receiver)


def test_nothing_is_looked_up_in_a_result_or_a_log():
    """By a key in quotes, that is; what shows results looks nothing up at all."""
    found = set(lookups())
    assert found, "the syntax tree was not understood"
    assert [each for each in found if each[0].startswith(SHOWING)] == []
    assert {each for each in found if each[1] not in MAY_LACK} <= EDGE


def test_events_of_a_log_are_decoded_before_anybody_reads_them():
    """In the app nothing looks into an event by a key in brackets either."""
    names = ("event", "epoch", "note", "source", "entry", "error", "state.error")
    subscripts = {
        (str(path.relative_to(TUI)), ast.unparse(node.value))
        for path in sorted(TUI.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    }
    assert subscripts, "the syntax tree was not understood"
    assert {each for each in subscripts if each[1] in names} == set()


@pytest.mark.parametrize("metric", metrics.METRICS.values(), ids=lambda metric: metric.key)
def test_label_and_unit_fit_beside_each_other(metric):
    label, unit = figures.labelled(metric)
    assert label
    assert len(label) + len(unit) <= figures.LABEL - 2
    assert metric.format != "percent" or unit.startswith("%")
