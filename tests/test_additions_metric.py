"""A metric made here alone: computed, in result.json, on command line and screens, in compare and report.

One function and one entry of METRICS are all that it takes.
"""

import csv
import json

import pytest

from engine.queries.report.html import write
from engine.results.metrics import METRICS, Metric
from engine.results.number_format import amount, difference
from engine.runs.home import Home
from engine.runs.results import backtest_of
from tests.queries.results import backtested
from tests.test_docs import metrics_table
from tui.cli import main
from tui.runs import comparison
from tui.runs.facts import facts_of
from tui.screens.backtest.figures import ComparedColumns, figures
from tui.screens.runs.drawing import every_column
from tui.text.backtest import backtest_document, backtest_summary, what_if
from tui.widgets.lines import plain


def highest(account):
    """The greatest equity, of an account."""
    return float(account.equity.max())


HIGHEST = Metric(
    "highest", "highest equity", "USDT", "amount", "higher", f"{__name__}:highest", "max(E)",
    ("headline", "compare", "screen"),
)  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setitem(METRICS, "highest", HIGHEST)
    return backtested(Home(tmp_path / "home"), 300)


def test_it_is_computed_and_kept_for_strategy_and_benchmark(run):
    recorded = json.loads(run.result_path.read_text())
    for kept in (recorded["metrics"], recorded["benchmark"]):
        assert kept["highest"] >= max(kept["final_value"], 10_000)


def test_text_screens_and_comparison_show_it(run):
    result = backtest_of(run)
    mine, theirs = (amount(figures["highest"]) for figures in (result.metrics, result.benchmark))
    apart = difference(HIGHEST, result.benchmark["highest"], result.metrics["highest"])
    for page, wanted in (
        (backtest_summary(run, result), [mine, theirs, apart, "USDT"]),
        (what_if(run, result, result, ""), [mine, mine, theirs, "USDT"]),
    ):
        (line,) = (line for line in page.splitlines() if line.startswith("highest equity"))
        assert line.split()[2:] == wanted
    assert backtest_document(run, result)["result"]["highest"] == result.metrics["highest"]
    for rows in (12, 40):
        assert mine in "\n".join(map(plain, figures(ComparedColumns.of(result, None, None), rows)))
    assert ("highest equity", [mine, mine, "0.00"]) in comparison.figures([result.metrics] * 2)
    facts = facts_of(run)
    (column,) = (each for each in every_column() if each.title == "highest equity")
    assert column.text(facts) == mine
    assert facts.row()["highest"] == facts.document()["result"]["highest"] == result.metrics["highest"]


def test_commands_report_and_docs_tell_it(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    value = backtest_of(run).metrics["highest"]
    home = ["--home", str(tmp_path / "home")]
    assert main(["runs", "show", run.id, *home]) == 0
    assert "highest equity" in capsys.readouterr().out
    assert main(["runs", "list", "--csv", "runs.csv", *home]) == 0
    with (tmp_path / "runs.csv").open() as file:
        assert [float(row["highest"]) for row in csv.DictReader(file)] == [value]
    write({"run": str(run.path), "path": str(tmp_path / "report.html")})
    assert f"<tr><th>highest equity</th><td>{amount(value)}</td>" in (tmp_path / "report.html").read_text()
    assert "| `highest` | highest equity | USDT | max(E) |" in metrics_table()
