"""What a search says of its winner: trials without skill are luck, skill is not, and clones add nothing."""

import io

import numpy as np
import pytest

from engine.results.search import verdict
from engine.robustness.trial_family import family_of
from engine.settings import make, space_of
from engine.statistics.best_of_trials import expected_best
from engine.statistics.returns import probabilistic_sharpe, sharpe
from engine.studies.search.luck import luck_of, neighbours
from engine.studies.search.record import EARLIER_FACTS, Trial

DAYS, YEAR = 400, 365.0
SETTINGS = make(
    {"search": {"space": ["window.lookback = {low = 1, high = 101}", 'model.kind = ["mlp", "lstm"]']}},
    ["evidence.resamples=100"],
)
SPACE = space_of(SETTINGS)


def trial(number, returns, *, objective=0.0, state="complete", lookback=1, others=(), rules=()):
    if state != "complete":
        return Trial("", number, state, {})
    return Trial(
        "", number, state, {"window.lookback": lookback, "model.kind": "mlp"} if number else {},
        rules=dict(rules), objectives=(objective,), days=np.arange(20_000, 20_000 + len(returns)),
        returns=returns, others=np.array(others).reshape(len(others), len(returns)),
        benchmark=np.empty(0) if number else 0.0005 * (-1.0) ** np.arange(len(returns)),
    )  # fmt: skip


def search_of(seed, count, drift=0.0, pruned=0):
    """Trials of noise, of which the best as the search sees it is the winner; `drift` is that one's own."""
    noise = np.random.default_rng(seed).normal(0.0, 0.01, (count, DAYS))
    noise[np.argmax(noise.mean(axis=1))] += drift
    trials = [trial(number, row, objective=sharpe(row, 1)) for number, row in enumerate(noise)]
    trials += [trial(count + number, np.empty(0), state="pruned") for number in range(pruned)]
    return trials, max(trials[:count], key=lambda each: each.objectives[0])


def luck(trials, winner):
    return luck_of(trials, winner, SPACE, SETTINGS.evidence, YEAR)


def test_a_trial_is_read_as_it_was_written_and_from_earlier_files_too():
    written = trial(3, np.arange(4.0), objective=0.25, others=np.ones((2, 4)), rules={"signal.exit": "hold"})
    arrays = dict(np.load(io.BytesIO(written.content())))
    earlier = io.BytesIO()
    np.savez(earlier, **{EARLIER_FACTS if name == "facts" else name: arrays[name] for name in arrays})
    for content in (written.content(), earlier.getvalue()):
        assert Trial.read(content).content() == written.content()


def test_the_best_of_noise_is_called_luck_and_skill_beyond_chance():
    said = [luck(*search_of(seed, 30)).beyond_chance for seed in range(10)]
    assert sum(said) <= 2
    skilled = [luck(*search_of(seed, 30, drift=0.004)) for seed in range(3)]
    assert all(each.beyond_chance for each in skilled)
    assert all(each.spa < 0.05 and each.spa_default < 0.05 and each.spa_hold < 0.05 for each in skilled)
    first, second = (verdict(each)[0].text for each in (skilled[0], luck(*search_of(0, 30))))
    assert first.startswith("Better than chance: the winner's Sharpe ratio of")
    assert second.startswith("It may be luck: the best of 30 trials without skill would show")


def test_its_figures_are_those_of_the_statistics_over_all_trials():
    trials, winner = search_of(3, 12, pruned=5)
    found = luck(trials, winner)
    table = np.array([each.returns for each in trials[:12]])
    best = expected_best(table, 20_000, unknown=5) / np.sqrt(DAYS - 1)
    assert found.deflated_sharpe == pytest.approx(probabilistic_sharpe(winner.returns, best))
    assert found.expected_best_sharpe == pytest.approx(best * np.sqrt(YEAR))
    family = family_of([str(number) for number in range(12)], table, "0", SETTINGS.evidence, YEAR)
    assert (found.overfitting, found.spa, found.reality_check) == (
        family.overfitting, family.spa, family.reality_check
    )  # fmt: skip
    assert (found.trials, found.pruned, found.days) == (17, 5, DAYS)


def test_clones_change_no_verdict_more_trials_make_it_harder_and_rules_count():
    trials, winner = search_of(5, 10)
    base = luck(trials, winner)
    clones = [trial(100 + number, winner.returns) for number in range(50)]
    assert luck([*trials, *clones], winner).deflated_sharpe == pytest.approx(base.deflated_sharpe, abs=1e-6)
    pruned = [trial(100 + number, np.empty(0), state="pruned") for number in range(50)]
    assert luck([*trials, *pruned], winner).deflated_sharpe < base.deflated_sharpe
    own = trials[0]
    rules = trial(
        0, own.returns, others=np.random.default_rng(1).normal(0, 0.01, (50, DAYS)), rules=[("a", 1)]
    )
    assert luck([rules, *trials[1:]], winner).deflated_sharpe < base.deflated_sharpe


def test_a_month_of_days_is_too_short_for_a_verdict():
    noise = np.random.default_rng(0).normal(0.0, 0.01, (4, 29))
    trials = [trial(number, row) for number, row in enumerate(noise)]
    (note,) = verdict(luck(trials, trials[1]))
    assert note.text == "No verdict: the inner folds have 29 days of returns, and fewer than 30 say nothing."


def test_a_winner_that_never_traded_has_no_verdict_and_that_is_why():
    noise = np.random.default_rng(0).normal(0.0, 0.01, (3, DAYS))
    trials = [trial(0, noise[0]), trial(1, np.zeros(DAYS), objective=1.0), trial(2, noise[2])]
    found = luck(trials, trials[1])
    assert np.isnan(found.deflated_sharpe)
    assert verdict(found)[0].text.startswith("No verdict: the winner's account stood still on all 400")
    assert not found.beyond_chance


def test_trials_of_other_days_are_judged_by_the_days_in_common():
    noise = np.random.default_rng(0).normal(0.0, 0.01, (4, DAYS))
    trials = [trial(number, row[: DAYS - 10 * number]) for number, row in enumerate(noise)]
    found = luck(trials, trials[0])
    assert found.days == DAYS
    assert 0 <= found.spa <= 1
    assert 0 <= found.overfitting <= 1


def test_neighbours_are_the_nearest_in_the_space():
    value = {1: 0.9, 2: 0.5, 3: 0.5, 4: 0.5, 5: 0.5, 6: 0.5, 7: -5.0, 8: -5.0}
    trials = [
        trial(number, np.zeros(3), objective=found, lookback=10 * number) for number, found in value.items()
    ]
    assert neighbours(trials, trials[0], SPACE) == (5, pytest.approx(0.4))
    assert neighbours([trial(0, np.zeros(3)), *trials], trial(0, np.zeros(3)), SPACE)[0] == 0
