"""What studies claim of runs with code of the user's own: nothing before a leak audit of these has passed."""

import html
import json
from dataclasses import replace

import pytest

from engine.queries.report.html import write
from engine.results.audit import AuditReport
from engine.results.caveats import CLAIMS, on_claims
from engine.results.codec import to_json
from engine.results.cpcv import CpcvResult
from engine.results.learned import ImportanceResult
from engine.results.nested import NestedResult
from engine.results.notes import Note
from engine.results.search import SearchResult, verdict
from engine.results.studies import FigureSpread, SeedFigures, SeedsResult
from engine.runs.audit_status import AUDIT, fingerprint
from engine.runs.home import Home
from engine.settings import make
from engine.studies.seeds import keys
from tests.tui.app.searched import IMPORTANCE, LUCK, span, trial
from tui.commands.outcome import shown
from tui.runs.search import Trials
from tui.screens.search.drawing import verdicts

SKILLED = replace(LUCK, sharpe=4.0, deflated_sharpe=0.99)
PRAISE = ("Better than chance", "out of sample")
OWN = {"features": {"file": "mine.py"}}


def of_search(run, traded):
    trials = tuple(map(trial, range(4)))
    return SearchResult(
        run.id, False, "tpe", ("ic",), 4, 0, 0, 1, traded.id, "2026-05-01T00:00:00Z", {}, SKILLED, IMPORTANCE,
        (), trials, tuple(verdict(SKILLED)),
    )  # fmt: skip


def of_spans(run, traded):
    return NestedResult(
        run.id, False, "", "", 120, 0.42, -0.9, 1.7, 0.031, 0.08, 0.6, 0.052, 0.11, 1.62,
        (replace(span(1, "5ea10001"), run=traded.id),), (Note("out of sample", {"spans": 1}),),
    )  # fmt: skip


def of_seeds(run, traded):
    figures = dict.fromkeys(keys(), 1.0)
    spread = dict.fromkeys(keys(), FigureSpread(1.0, 0.1, 0.9, 1.1))
    return SeedsResult(run.id, False, (SeedFigures(1, traded.id, figures),), spread, figures)


def of_cpcv(run, _):
    return CpcvResult(run.id, False, 6, 2, 15, "", "", 1.0, 2.0, 3.0, 0.0, ())


def of_importance(run, traded):
    return ImportanceResult(run.id, traded.id, False, 100, 0.1, 10, 24, (), ())


MADE = {
    "search": of_search, "nested": of_spans, "seeds": of_seeds, "cpcv": of_cpcv, "importance": of_importance,
}  # fmt: skip


def study_of(home, mode, status, own, deleted=False):
    """A study and its result, the run that answers for it with an audit of that status."""
    settings = make(OWN if own else {}, [])
    run, traded = home.create(mode, settings), home.create("run", settings)
    traded.manifest_path.write_text("{}")
    if status != "not run":
        report = AuditReport(traded.id, traded.id, fingerprint(traded), status, (), (), 1, ())
        (traded.path / AUDIT).write_text(json.dumps(report.to_json()))
    result = MADE[mode](run, traded)
    run.result_path.write_text(json.dumps(to_json(result)))
    if deleted:
        for path in traded.path.iterdir():
            path.unlink()
        traded.path.rmdir()
    return run, result


@pytest.mark.parametrize("mode", MADE)
@pytest.mark.parametrize(
    ("status", "own", "deleted"),
    [
        ("failed", True, False), ("failed", False, False), ("not judgeable", True, False),
        ("not run", True, False), ("not run", False, False), ("passed", True, False), ("passed", True, True),
    ],
)  # fmt: skip
def test_no_study_claims_skill_before_an_audit_of_own_code_has_passed(tmp_path, mode, status, own, deleted):
    run, result = study_of(Home(tmp_path / "home"), mode, status, own, deleted)
    if deleted or mode == "cpcv":  # nothing is known of what is gone, and a cross-validation has no model
        status = "not run"
    why = on_claims(status, own=own)
    document, text = shown(run, result)
    write({"run": str(run.path), "path": str(tmp_path / "report.html")})
    page = html.unescape((tmp_path / "report.html").read_text())
    first = {"failed": "LEAK AUDIT FAILED", "not run": "NOT AUDITED", "not judgeable": "LEAK AUDIT NOT"}
    assert [said.startswith(first[status]) for said in document["caveats"]] == [True] * bool(why)
    for told in (text, page):
        assert any(words in told for words in PRAISE) == (mode in ("search", "nested") and not why)
        assert first[status] in told if why else not any(each in told for each in first.values())
    if why:
        assert text.startswith(first[status])
    codes = {each["code"] for each in document["result"]["notes"]}
    assert ("nothing claimed" in codes) == (mode in ("search", "nested") and bool(why))
    assert bool(codes & set(CLAIMS)) == (mode in ("search", "nested") and not why)


@pytest.mark.parametrize("unclaimed", ["", on_claims("failed", own=True)])
def test_the_screen_of_a_search_praises_no_winner_of_which_nothing_is_claimed(unclaimed):
    found = Trials(tuple(map(trial, range(4))), 1, SKILLED)
    lines = verdicts(found, 200, [unclaimed] if unclaimed else [], unclaimed)
    said = " ".join(text for line in lines for text, _ in line)
    assert ("Better than chance" in said) != bool(unclaimed)
    assert ("good" in {role for line in lines for _, role in line}) != bool(unclaimed)
    assert said.count("Nothing is claimed") == 2 * bool(unclaimed)
