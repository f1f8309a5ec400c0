"""What a result claims: all claims together at 5 %, none for a loser, and sentences that say no more."""

from __future__ import annotations

import html
import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import outcome
from engine.queries.report.html import write
from engine.results.audit import AuditReport
from engine.results.caveats import OWN_CODE, on_claims
from engine.results.explanations import (
    CHANCE,
    FLAT,
    RANDOM,
    explained,
    on_intervals,
    on_permutation,
)
from engine.results.figures import Interval, Spread
from engine.results.robustness import Baseline, PermutationTest, TrialCounts, TrialFamily
from engine.results.stress import TrackRecord
from engine.robustness import overview
from engine.robustness.track_record import track_record
from engine.runs.audit_status import AUDIT, fingerprint, unclaimed_of
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.runs.results import backtest_of
from engine.runs.trial_ledger import Evaluation
from tests.queries.results import backtested
from tui.commands.trial_ledger import SpanSummary, look_document
from tui.screens.backtest.drawing import fills
from tui.text.backtest import backtest_document, backtest_summary

NONE = Spread(math.nan, math.nan, math.nan)
FAILED = on_claims("failed", own=False)


def rows(p_values):
    return [
        Baseline(0.0, 0.0, 0.0, 1, name=str(place), p_value=value) for place, value in enumerate(p_values)
    ]


def claims(p_values, monkeypatch, sharpe=1.0, trades=5):
    monkeypatch.setattr(overview, "plain_sharpe", lambda _: sharpe)
    seen = SimpleNamespace(strategy=SimpleNamespace(trades=range(trades)))
    return [row.beaten for row in overview.adjust_for_multiplicity(rows(p_values), seen)]


def test_claims_hold_together(monkeypatch):
    assert claims([0.04, 0.04, 0.9], monkeypatch) == [False, False, False]
    assert claims([0.001, 0.02, 0.9], monkeypatch) == [True, True, False]
    assert claims([0.001, math.nan], monkeypatch) == [True, False]


@pytest.mark.parametrize(("sharpe", "trades"), [(-0.1, 5), (math.nan, 5), (0.0, 5), (2.0, 0)])
def test_nothing_is_claimed_for_a_loser_or_without_trades(sharpe, trades, monkeypatch):
    assert claims([1e-6, 1e-6], monkeypatch, sharpe, trades) == [False, False]


def test_five_tests_of_noise_claim_anything_in_five_of_a_hundred_runs(monkeypatch):
    generator = np.random.default_rng(1)
    found = [any(claims(generator.random(5), monkeypatch)) for _ in range(1000)]
    assert sum(found) <= 50 + 3 * math.sqrt(1000 * 0.05 * 0.95)


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(st.integers(1, 2000), st.data(), st.booleans())
def test_the_sentence_on_timing_counts_the_shuffles_and_praises_only_claims(permutations, data, claimed):
    as_good = data.draw(st.integers(0, permutations))
    test = PermutationTest(permutations, permutations, (1 + as_good) / (1 + permutations), NONE, NONE)
    said = on_permutation(test, claimed=claimed)
    assert f"holding times {f'{as_good:,}' if as_good else 'none'} did as well" in said
    assert ("is better than chance" in said) == claimed


@given(st.floats(-1, 1), st.floats(-20, 20) | st.just(math.nan))
def test_what_is_too_good_to_be_true_is_said(ic, sharpe):
    notes = {note.code: note.text for note in outcome.too_good(ic, sharpe)}
    assert ("IC too good to be true" in notes) == (abs(ic) > 0.2)
    assert ("Sharpe too good to be true" in notes) == (sharpe > 6)
    assert all(text.startswith("TOO GOOD TO BE TRUE") for text in notes.values())
    assert "hourly" not in notes.get("IC too good to be true", "")


@pytest.mark.parametrize(
    ("low", "high", "claimed", "said"),
    [
        (0.5, 3.0, True, "is above 0"), (0.5, 3.0, False, "is not shown to be above 0"),
        (-1.0, 3.0, False, "cannot be told from 0"), (-3.0, -1.0, False, "is below 0"),
        (math.nan, math.nan, False, "that takes 30 days"),
    ],
)  # fmt: skip
def test_the_sentence_on_the_sharpe_ratio(low, high, claimed, said):
    assert said in on_intervals(Interval(low, high), claimed=claimed)


@st.composite
def results(draw):
    """Random facts of a result, those that no real one would have at once among them."""
    share, figure = st.floats(0, 1), st.floats(-5, 5) | st.just(math.nan)
    low = draw(figure)
    rows = tuple(Baseline(0.0, 0.0, 0.0, 1, name=name, beaten=draw(st.booleans())) for name in (FLAT, RANDOM))
    counts = TrialCounts(draw(st.integers(1, 9)), 0, 1, 0.0, draw(figure), draw(share), "", 0)
    family = TrialFamily(2, 60, draw(share), draw(share), draw(share), draw(share), Spread(-1.0, 0.0, 1.0))
    stress = SimpleNamespace(
        delays=(), break_even=SimpleNamespace(bps=1.0, earned_bps=1.0, paid_bps=1.0),
        capacity=SimpleNamespace(half=math.nan), track_record=TrackRecord(60, draw(st.floats(1, 1e6))),
    )  # fmt: skip
    test = PermutationTest(99, 99, draw(st.integers(1, 100)) / 100, NONE, NONE)
    intervals = SimpleNamespace(
        strategy=SimpleNamespace(sharpe=Interval(low, low + draw(st.floats(0.01, 5))))
    )
    return SimpleNamespace(
        calibration=None, band=None, drift=(),
        metrics={"sharpe": draw(figure), "total_return": draw(figure)}, fills=None, stress=stress,
        intervals=draw(st.sampled_from([intervals, None])), permutation=test, baselines=rows, trials=counts,
        family=family, decided_by="", members=1, costs=SimpleNamespace(funding=0.0),
    )  # fmt: skip


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(results())
def test_no_two_sentences_of_a_result_contradict_each_other(result):
    said = explained(result)
    above = FLAT in said["baselines"].split(" but not ")[0] and "beat none" not in said["baselines"]
    if "intervals" in said:
        assert ("The Sharpe ratio is above 0" in said["intervals"]) == above
    high = result.trials.deflated_sharpe >= 0.95
    praised = "where 95 % would be convincing" in said["trials"]
    assert "to be told from 0" not in said["stress"]
    assert praised == (above or not high) or round(result.trials.deflated_sharpe, 4) == 0.95
    assert not praised or above or float(said["trials"].split(" is ")[2].split(" %")[0]) < 95
    if above and result.trials.deflated_sharpe < 0.95:
        assert "the other tests do not count the looks" in said["trials"]
    both = result.family.spa < CHANCE and result.family.reality_check < CHANCE
    if both and result.family.step_wise < CHANCE:
        assert ("the best is better than nothing" in said["family"]) == above


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(results())
def test_no_sentence_claims_anything_where_the_leak_audit_failed(result):
    assert explained(result, unclaimed=FAILED) == {"audit": FAILED}


@pytest.fixture(scope="module")
def traded(tmp_path_factory):
    """A run whose result calls every baseline beaten."""
    run = backtested(Home(tmp_path_factory.mktemp("claims") / "home"), 60, seed=2)
    found = backtest_of(run)
    return run, replace(found, baselines=tuple(replace(row, beaten=True) for row in found.baselines))


def judged(traded, status, own):
    """The run with an audit of that status, its result one of own code or not."""
    run, found = traded
    differ = {OWN_CODE[0]: "mine.py"} if own else {}
    found = replace(found, settings_differ=differ)
    run.result_path.write_text(json.dumps(found.to_json()))
    write_manifest(run.path, ["bars.parquet", "predictions.parquet", "equity.parquet", "trades.csv"])
    (run.path / AUDIT).unlink(missing_ok=True)
    if status != "not run":
        report = AuditReport(run.id, run.id, fingerprint(run), status, (), (), 1, ())
        (run.path / AUDIT).write_text(json.dumps(report.to_json()))
    return run, found


CASES = [
    (status, own)
    for status in ("failed", "not run", "not judgeable", "passed")
    for own in (True, False)
    if own or status != "not judgeable"
]


@pytest.mark.parametrize(("status", "own"), CASES)
def test_nothing_is_claimed_of_a_failed_audit_or_of_own_code_that_none_has_passed(
    traded, status, own, tmp_path
):
    run, found = judged(traded, status, own)
    why = on_claims(status, own=own)
    assert bool(why) == (status == "failed" or (own and status != "passed"))
    write({"run": str(run.path), "path": str(tmp_path / "report.html")})
    page = html.unescape((tmp_path / "report.html").read_text())
    document = backtest_document(run, found)
    panel = "\n".join(
        "".join(text for text, _ in line)
        for line in fills(found, found, 200, unclaimed=unclaimed_of(run, found))
    )
    praise = ("is above 0", "is better than", "beyond chance")
    for shown in (page, backtest_summary(run, found), panel):
        assert shown.count("Nothing is claimed") == bool(why)
        assert any(words in shown for words in praise) != bool(why)
    assert (document["sentences"] == {"audit": why}) == bool(why)
    assert any(row["beaten"] for row in document["baselines"]) != bool(why)
    assert ("<td>yes</td>" in page) != bool(why)
    assert bool(document["caveats"]) == bool(why)
    assert backtest_summary(run, found).startswith("Final") != bool(why)  # what must be read stands first


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(st.integers(2, 60), st.integers(0, 2**32))
def test_below_thirty_days_no_record_and_no_best_is_told(days, seed):
    returns = np.abs(np.random.default_rng(seed).normal(0.001, 0.0001, days))
    assert math.isfinite(track_record(returns).needed) == (days >= 30)
    look = Evaluation(
        "", "backtest", "a", "a", "m", "d", 0, days * 86_400_000, days, str(seed), 0.1, 0.1, simulated=False
    )
    other = replace(look, trial="other", sharpe=0.2)
    found = SpanSummary.of([look, other])
    assert (found.best_sharpe is None) == (found.sharpe_deviation is None) == (days < 30)
    assert (look_document(look)["sharpe"] is None) == (days < 30)
    assert SpanSummary.of([look, replace(other, market="n"), look]).market == "m, n"
