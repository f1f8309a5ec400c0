"""Results are types in the app, looked up nowhere; one table says which figures there are."""

import ast
import json
from pathlib import Path

import pytest

import tui
from engine.queries.report.figures import figures as report_figures
from engine.results import metrics
from engine.results.backtest import BacktestResult
from engine.runs.events import EventLog
from engine.runs.folder import Home
from engine.runs.results import backtest_of
from engine.settings import make
from tests.tui.app.recorded import BACKTEST, METRICS
from tui import comparison
from tui.run_facts import facts_of
from tui.screens.backtest import drawing
from tui.screens.runs.drawing import every_column
from tui.text.backtest import backtest_document, backtest_summary, what_if

TUI = Path(tui.__file__).parent
EVENTS = {  # what may lack a key: events of a run, what a terminal's environment says, colours of a theme
    "event", "epoch", "note", "source", "facts", "each", "last", "error", "state.error", "os.environ",
    "variables", "widths",
}  # fmt: skip
EDGE = {("answers.py", "answer"), ("run_facts.py", "self.differ"), ("watch.py", "event")}
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


@pytest.fixture
def mean_bars(monkeypatch):
    """One more metric, as a user adds it."""
    monkeypatch.setattr(metrics, "METRICS", dict(metrics.METRICS))
    metrics.add(
        metrics.Metric(
            "mean_bars", "mean holding time", "bars", "amount", "", "my_metrics:mean_bars", "Σ bars / N",
            ("headline", "compare", "screen"),
        )
    )  # fmt: skip


@pytest.fixture
def run(tmp_path, mean_bars):
    run = Home(tmp_path).create("run", make({}))
    figures = {"metrics": METRICS | {"mean_bars": 12.53}, "benchmark": METRICS | {"mean_bars": 2000.75}}
    run.result_path.write_text(json.dumps(BACKTEST | {"run": run.id, "of": run.id} | figures))
    with EventLog(run.events_path) as log:
        log.emit({"kind": "done"})
    return run


def text(lines):
    return "\n".join("".join(part for part, _ in line) for line in lines)


def test_a_metric_that_is_added_is_shown_everywhere(run):
    result = backtest_of(run)
    assert isinstance(result, BacktestResult)
    for page in (backtest_summary(run, result), what_if(result, result, "")):
        (line,) = (line for line in page.splitlines() if line.startswith("mean holding time"))
        assert line.split()[3:][-3:] == ["12.53", "2,000.75", "bars"]
    assert backtest_document(run, result)["result"]["mean_bars"] == 12.53
    for rows in (12, 40):
        assert "12.53" in text(drawing.figures(result, None, rows))
    assert ("mean holding time", ["12.53", "12.53", "0.00"]) in comparison.figures([result.metrics] * 2)
    facts = facts_of(run)
    (column,) = (each for each in every_column() if each.title == "mean holding time")
    assert column.text(facts) == "12.53"
    assert facts.row()["mean_bars"] == facts.document()["result"]["mean_bars"] == 12.53
    assert ("mean holding time", "12.53", "2,000.75", "−1,988.22", "bars") in report_figures(result)


@pytest.mark.parametrize("metric", metrics.METRICS.values(), ids=lambda metric: metric.key)
def test_label_and_unit_fit_beside_each_other(metric):
    label, unit = drawing.labelled(metric)
    assert label
    assert len(label) + len(unit) <= drawing.LABEL - 2
    assert metric.format != "percent" or unit.startswith("%")
