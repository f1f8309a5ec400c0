"""The panels beside a result, from real runs of the engine on the demo exchange."""

import math
from types import SimpleNamespace

import pytest

from engine.compat import joblib_file
from engine.errors import ChangeSettingsError
from engine.lineage.provenance import frozen
from engine.queries import handlers
from engine.queries.run_files import decisions_of
from engine.results.explanations import explained
from engine.runs import trial_store
from engine.runs.home import Home
from engine.runs.launch import launch, wait
from engine.runs.results import backtest_of
from engine.runs.state import state_of
from engine.settings import load, make
from tui.commands.trial_ledger import ledger as ledger_command
from tui.text.backtest import backtest_summary

CHOSEN = [
    "data.exchange=demo", "data.start=2025-01-01", "data.end=2025-08-15", "window.lookback=24",
    "features.names=['return_1','return_24','rsi_14']", "model.units=[8]", "model.members=1",
    "training.epochs=2", "training.batch_size=128", "signal.threshold_from=validation",
    "evidence.permutations=200",
]  # fmt: skip


def carried_out(home, mode, chosen, of=""):
    run = home.create(mode, chosen, of=of)
    launch(run)
    assert wait(run, 250)
    return run


def result(run):
    assert state_of(run).status == "done", state_of(run).error
    return backtest_of(run)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def whole(home):
    return carried_out(home, "run", make({}, CHOSEN))


def test_every_panel_is_there_and_agrees_with_the_figures(whole):
    found = result(whole)
    scenarios = {each.name: each for each in found.fills.scenarios}
    assert scenarios["next-open"].total_return == found.metrics["total_return"]
    assert found.intervals.strategy.sharpe.low < found.metrics["sharpe"]
    assert found.intervals.strategy.sharpe.high > found.metrics["sharpe"]
    rows = {row.name: row for row in found.baselines}
    assert set(rows) == {
        "buy and hold", "always flat", "last return's sign", "ridge regression", "random signals",
    }  # fmt: skip
    assert rows["buy and hold"].sharpe == found.benchmark["sharpe"]
    assert rows["always flat"].total_return == 0
    assert rows["always flat"].sharpe_difference == pytest.approx(found.metrics["sharpe"])
    assert 0 < found.permutation.p_value <= 1
    assert found.permutation.permutations == 200
    said = explained(found)
    assert set(said) == {
        "fills", "stress", "intervals", "calibration", "band", "drift", "permutation", "baselines", "trials",
    }  # fmt: skip
    shown = backtest_summary(whole, found)
    for sentence in said.values():
        assert sentence in shown
    assert "worst-of-bar" in shown
    assert found.stress.delays[0].total_return == found.metrics["total_return"]
    assert found.stress.delays[0].sharpe == pytest.approx(found.metrics["sharpe"])
    assert "5 bars late" in shown


def test_the_threshold_comes_from_validation_and_is_frozen(home, whole):
    stored = joblib_file.load("metadata.joblib", (whole.path / "metadata.joblib").read_bytes())
    chosen = stored["entry_threshold"]
    assert chosen is not None
    assert result(whole).entry_threshold == chosen
    costly = make({}, [*CHOSEN, "backtest.fee_bps=50", "signal.entry_threshold=0.4"])
    assert result(carried_out(home, "backtest", costly, of=whole.id)).entry_threshold == chosen
    own = make({}, [*CHOSEN, "signal.threshold_from=settings", "signal.entry_threshold=0.002"])
    assert result(carried_out(home, "backtest", own, of=whole.id)).entry_threshold == 0.002


def test_costs_beyond_what_forecasts_earn_leave_no_trade_and_one_sentence_says_why(home):
    costly = make({}, [*CHOSEN, "signal.threshold_from=auto", "backtest.fee_bps=500"])
    run = carried_out(home, "run", costly)
    found = result(run)
    assert found.metrics["trades"] == 0
    (said,) = [note for note in found.notes if note.code in {"nothing pays", "too few trades on validation"}]
    assert "nothing is traded" in backtest_summary(run, found)
    if said.code == "nothing pays":
        assert said.values["gross"] < said.values["costs"] == pytest.approx(1004)
    again = result(carried_out(home, "backtest", load(run.settings_path), of=run.id))
    assert again.notes == found.notes


def test_a_threshold_of_so_many_round_trips_follows_the_costs(home, whole):
    keys = ["signal.threshold_from=costs", "signal.cost_multiple=0.5", "backtest.fee_bps=1"]
    outcome = result(carried_out(home, "backtest", make({}, [*CHOSEN, *keys]), of=whole.id))
    assert outcome.entry_threshold == pytest.approx(0.5 * 2 * (1 + 2) * 1e-4)


def test_only_a_band_that_clears_the_costs_is_traded_and_else_one_sentence_says_why(home, whole):
    """Of a model that was trained without a word of bands; another threshold is tried as on any result."""

    def traded(*keys):
        chosen = make({}, [*CHOSEN, "signal.threshold_from=band", *keys])
        run = carried_out(home, "backtest", chosen, of=whole.id)
        return run, result(run), decisions_of(run.path, "24/7")

    run, found, made = traded("signal.band=0.03", "signal.cost_multiple=0.02")
    level = found.entry_threshold
    assert level == pytest.approx(0.02 * 0.0024)
    expected = (made.band.low > level).astype(int) - (made.band.high < -level).astype(int)
    assert (made.signal == expected).all()
    assert found.metrics["trades"] > 0
    request = {"run": str(run.path), "overrides": {"signal.entry_threshold": level}, "columns": 40}
    tried = handlers()["result.whatif"](request, lambda _: None).result
    assert tried.metrics["trades"] > found.metrics["trades"]

    _, found, _ = traded("signal.band=0.9")
    assert found.metrics["trades"] == 0
    assert found.band.held.value > 0.5
    (note,) = (each for each in found.notes if each.code == "no band lies beyond the costs")
    assert note.values["nearest"] < note.values["threshold"]


def test_a_what_if_begins_with_the_frozen_threshold(whole):
    request = {"run": str(whole.path), "overrides": {"backtest.fee_bps": 10.0}, "columns": 40}
    tried = handlers()["result.whatif"](request, lambda _: None)
    assert tried.result.metrics["total_return"] == pytest.approx(
        result(whole).metrics["total_return"], abs=1e-12
    )


def test_every_look_is_in_the_ledger(home, whole):
    again = result(carried_out(home, "backtest", load(whole.settings_path), of=whole.id))
    first = result(whole).trials
    assert (first.looks, first.trials) == (1, 1)
    looks, broken = trial_store.read(home.path)
    assert broken == 0
    assert next(look.kind for look in looks if look.run == whole.id) == "backtest"
    assert again.trials.looks >= 2
    assert again.trials.trials < again.trials.looks  # it is the same trial
    assert again.metrics == result(whole).metrics
    answer = ledger_command(str(home.path))
    assert len(answer.document["looks"]) == len(looks)
    assert "demo BTC/USDT 1h" in answer.text


def test_a_model_without_a_threshold_is_refused_one():
    with pytest.raises(ChangeSettingsError, match="without choosing a threshold"):
        frozen(make({}, CHOSEN), SimpleNamespace(run="0000aaaa", entry_threshold=None))


def test_an_empty_ledger_says_so(tmp_path):
    assert "no looks yet" in ledger_command(str(tmp_path)).text


def test_a_span_of_less_than_thirty_days_shows_and_claims_nothing_annual(home):
    short = carried_out(home, "run", make({}, [*CHOSEN, "data.end=2025-04-15"]))
    found = result(short)
    assert math.isnan(found.metrics["sharpe"])
    for row in found.baselines:
        assert math.isnan(row.sharpe)
        assert math.isnan(row.sharpe_difference)
        assert not row.beaten
    assert all(math.isnan(each) for each in found.permutation.sharpe)
