"""The report: one file that needs nothing else."""

import html.parser
import json

import pytest

from engine.errors import ChangeSettingsError
from engine.queries.opening import ledger
from engine.queries.report.html import write
from engine.results.answers import WrittenReport
from engine.results.explanations import explained
from engine.results.trust_tables import trust_tables
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.runs.results import backtest_of
from tests.queries.results import backtested


class Tags(html.parser.HTMLParser):
    """Counts tags, keeps attributes, and checks that every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.found, self.attributes, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append(tag)
        self.attributes += attributes
        if tag not in {"meta", "path", "polyline"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_it_is_whole_and_needs_no_network(kept, tmp_path):
    path = tmp_path / "report.html"
    answer = write({"run": str(kept.path), "path": str(path)})
    text = path.read_text()
    assert answer == WrittenReport(str(path), len(text.encode()))
    tags = Tags(text)
    assert tags.open == []
    assert tags.found.count("svg") == 4
    assert "rect" in tags.found  # bars without a forecast lie in the shade
    assert "no forecast" in text
    assert not {"script", "link", "img", "iframe"} & set(tags.found)
    assert not any(name in {"src", "href"} for name, _ in tags.attributes)
    assert "http" not in text
    assert "SIMULATED" in text
    final = json.loads(kept.result_path.read_text())["metrics"]["final_value"]
    assert f"{final:,.2f}" in text


def test_a_what_if_is_named_as_one(kept, tmp_path):
    path = tmp_path / "report.html"
    again = {"path": str(path), "replace": True, "overrides": {"backtest.fee_bps": 4.0}}
    write({"run": str(kept.path), **again})
    assert "WHAT-IF" in path.read_text()
    assert "backtest.fee_bps = 4.0" in path.read_text()


def test_names_are_text_not_markup(tmp_path):
    run = backtested(Home(tmp_path / "home"), 60, seed=2, name="<b>bold & brave<script>")
    result = json.loads(run.result_path.read_text())
    hostile = {
        "symbol": "<img src=x>",
        "fill": "<i>",
        "settings_differ": {"<u>": "</td><iframe>"},
        "notes": [
            {"code": "text", "values": {"text": "<a href=x>note</a>"}},
            {"code": "source failed", "values": {"error": "<object>"}},
        ],
    }
    run.result_path.write_text(json.dumps({**result, **hostile}))
    write_manifest(run.path, ["bars.parquet", "predictions.parquet", "equity.parquet", "trades.csv"])
    write({"run": str(run.path), "path": str(tmp_path / "report.html")})
    text = (tmp_path / "report.html").read_text()
    tags = Tags(text)
    assert not {"b", "script", "img", "i", "u", "iframe", "a", "object"} & set(tags.found)
    assert "<a href=x>note</a>" in html.unescape(text)


def test_a_result_without_trades_has_a_report_too(tmp_path):
    run = backtested(Home(tmp_path / "home"), 60, seed=2, overrides=["signal.entry_threshold=1.0"])
    write({"run": str(run.path), "path": str(tmp_path / "report.html")})
    assert "n/a" in (tmp_path / "report.html").read_text()


def test_another_suffix_is_refused(kept, tmp_path):
    with pytest.raises(ChangeSettingsError, match="html"):
        write({"run": str(kept.path), "path": str(tmp_path / "report.pdf")})


def test_it_says_how_far_to_trust_it(kept, tmp_path):
    path = tmp_path / "report.html"
    write({"run": str(kept.path), "path": str(path)})
    text = html.unescape(path.read_text())
    found = backtest_of(kept)
    said = explained(found, ledger({"run": str(kept.path)}))  # other tests have looked, too
    assert "Leak audit: not run" in text
    for name in ("fills", "intervals", "permutation", "baselines", "trials"):
        assert said[name] in text
    cells = {cell.partition(">")[2].split("<")[0] for cell in text.replace("−", "-").split("<t")}
    tables = trust_tables(found)
    assert [each.header[0] for each in tables] == [
        "95 % intervals",
        "fills",
        "stress",
        "regimes",
        "baselines",
    ]
    assert {part for each in tables for row in each.rows for part in row} <= cells
    chance = text.partition("Deflated Sharpe: ")[2].split(" %")[0]
    assert f"the deflated Sharpe ratio is {chance} %" in said["trials"]
    again = {"path": str(path), "replace": True, "overrides": {"backtest.fee_bps": 4.0}}
    write({"run": str(kept.path), **again})
    assert "This is look" in path.read_text()
