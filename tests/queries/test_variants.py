"""A sweep says of each variant what a what-if says, and counts each as a look."""

import itertools

import numpy as np
import pytest

from engine.errors import ChangeSettingsError, SettingsError
from engine.queries import opening, sweep
from engine.queries.sweep import MOST
from engine.results.codec import plain
from engine.robustness.trial_family import spread
from engine.runs.home import Home
from engine.runs.trial_ledger import WHAT_IF
from engine.runs.trial_store import read
from tests.queries.results import as_json, backtested, own_signals
from tui.text.sweep import sweep_table

ledger, tried, sweep_rules = map(as_json, (opening.ledger, opening.what_if, sweep.sweep_rules))
CHOICES = {
    "signal.entry_threshold": [0.0003, 0.001],
    "backtest.fee_bps": [1.0, 10.0],
    "backtest.stop_loss": [0.0, 0.01],
    "backtest.short": [True, False],
}


def ask(run, **more):
    return {"run": str(run.path), **more}


def test_each_variant_is_what_a_what_if_is(copied):
    answer = plain(sweep_rules(ask(copied, choices=CHOICES)))
    assert [tuple(row["settings"].values()) for row in answer["variants"]] == list(
        itertools.product(*CHOICES.values())
    )
    home = copied.path.parents[1]
    made = read(home)[0]
    for row in answer["variants"]:
        alone = plain(tried(ask(copied, overrides=row["settings"]))["result"]["metrics"])
        for name in ("final_value", "total_return", "sharpe", "max_drawdown", "trades"):
            assert row[name] == pytest.approx(alone[name], rel=1e-9), name
    assert read(home)[0] == made  # a what-if of what was swept is no new look
    assert len(made) == 16
    assert {look.kind for look in made} == {WHAT_IF}


def test_looks_of_a_sweep_are_those_of_what_ifs(tmp_path):
    one, two = (backtested(Home(tmp_path / name), 1500, run_id="aaaaaaaa") for name in ("one", "two"))
    moves = [dict(zip(CHOICES, values, strict=True)) for values in itertools.product(*CHOICES.values())]
    sweep_rules(ask(one, choices=CHOICES))
    for each in moves:
        tried(ask(two, overrides=each))
    ours, theirs = (read(tmp_path / name)[0] for name in ("one", "two"))
    for swept_look, tried_look in zip(ours, theirs, strict=True):
        same = {"market", "data", "from_ms", "to_ms", "trial", "settings", "bars"}
        assert all(getattr(swept_look, name) == getattr(tried_look, name) for name in same)
        assert swept_look.sharpe == pytest.approx(tried_look.sharpe, rel=1e-9)
        assert swept_look.total_return == pytest.approx(tried_look.total_return, rel=1e-9)


def test_the_best_is_deflated_by_every_variant(tmp_path):
    run = backtested(Home(tmp_path), 1500)
    before = ledger(ask(run))
    answer = sweep_rules(ask(run, choices=CHOICES))
    best = answer["variants"][answer["best"]]
    busy = [row["sharpe"] for row in answer["variants"] if row["trades"] >= 10]
    assert best["sharpe"] == max(busy)
    assert answer["trials"]["looks"] == before["looks"] + 16
    again = tried(ask(run, overrides=best["settings"]))["result"]["trials"]
    assert answer["trials"] == again
    assert answer["trials"]["expected_best_sharpe"] > 0
    assert sweep_rules(ask(run, choices=CHOICES))["trials"] == answer["trials"]


def test_variants_that_come_to_the_same_stand_in_one_line(copied):
    choices = {"signal.entry_threshold": [0.0003, 0.5, 0.7, 0.9], "backtest.fee_bps": [1.0, 10.0]}
    found = sweep.sweep_rules(ask(copied, choices=choices))
    figures = {str({**vars(each), "settings": None}) for each in found.variants}
    lines = sweep_table(found, choices, 0).splitlines()[2:]
    rows = [line.split() for line in lines[: 1 + len(figures)]]
    assert len(figures) == 3  # two that trade, and six that never do
    assert rows[0][-1] == "variants"
    assert sum(int(row[-1]) for row in rows[1:]) == len(found.variants)
    assert "3 different results" not in "".join(lines)
    assert "1 of 3 different results shown" in sweep_table(found, choices, 1)


@pytest.mark.parametrize("count", [1, 2, 39, 40, 400])
def test_a_spread_of_few_is_from_the_least_to_the_greatest(count):
    values = np.random.default_rng(count).normal(size=count)
    low, _, high = spread(np.append(values, np.nan))
    assert ((low, high) == (values.min(), values.max())) == (count < 40)
    assert values.min() <= low <= high <= values.max()


def test_where_nothing_trades_none_is_the_best(copied):
    answer = sweep_rules(ask(copied, choices={"signal.entry_threshold": [0.5, 0.9]}))
    assert (answer["best"], answer["trials"]) == (None, None)
    assert [row["trades"] for row in answer["variants"]] == [0, 0]


def test_target_weights_of_ones_own_are_swept_over_costs(tmp_path):
    run, _, _ = own_signals(tmp_path)
    answer = sweep_rules(ask(run, choices={"backtest.fee_bps": [0.0, 5.0, 50.0]}))
    finals = [row["final_value"] for row in answer["variants"]]
    assert finals == sorted(finals, reverse=True)
    with pytest.raises(ChangeSettingsError, match="entry_threshold"):
        sweep_rules(ask(run, choices={"signal.entry_threshold": [0.1]}))


@pytest.mark.parametrize(
    "choices",
    [
        None,
        {},
        [],
        {"backtest.fee_bps": 3},
        {"backtest.fee_bps": []},
        {"backtest.fee_bps": list(range(40)), "backtest.slippage_bps": list(range(MOST // 40 + 1))},
        {"backtest.span": ["all"]},
        {"training.epochs": [1, 2]},
    ],
    ids=str,
)
def test_what_cannot_be_swept_is_refused_and_counts_nothing(copied, choices):
    with pytest.raises(ChangeSettingsError):
        sweep_rules(ask(copied, choices=choices))
    assert read(copied.path.parents[1])[0] == []


def test_a_wrong_value_is_told_with_its_key(copied):
    with pytest.raises(SettingsError, match=r"backtest\.fee_bps"):
        sweep_rules(ask(copied, choices={"backtest.fee_bps": [1.0, -1.0]}))
    assert read(copied.path.parents[1])[0] == []
