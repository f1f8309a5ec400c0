"""Spaces of a search: written, read, refused; and what is drawn from them, whatever the sampler."""

import itertools
import json
import math
import tomllib

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from engine.errors import ChangeSettingsError, SettingsError
from engine.results.search import SearchTrial, front
from engine.settings import lifted, make, space_of, with_rules, with_values
from engine.settings.ranges import inline
from engine.studies.search import asking
from engine.studies.search.record import Trial
from engine.studies.search.rules import draw as draw_rule
from tui.commands.search import example

KINDS = ["ridge", "mlp", "lstm"]


@st.composite
def ranges(draw, low, high, *, whole):
    """Low, high and how values lie between them, within what a setting takes."""
    number = st.integers(low, high) if whole else st.floats(low, high, allow_nan=False)
    first, second = sorted(draw(st.tuples(number, number).filter(lambda pair: pair[0] < pair[1])))
    bounds = {"low": first, "high": second}
    if first > 0 and draw(st.booleans()):
        return bounds | {"log": True}
    if whole and draw(st.booleans()):
        return bounds | {"step": draw(st.integers(1, second - first))}
    return bounds


@st.composite
def spaces(draw):
    """A tree of settings with ranges and lists in the settings' places, on some of which others hang."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=2, max_size=3, unique=True))
    units = draw(ranges(1, 64, whole=True))
    tree = {
        "model": {"kind": kinds, "units": units | {"when": {"model.kind": draw(st.sampled_from(kinds))}}},
        "window": {"lookback": draw(ranges(1, 500, whole=True))},
        "training": {"learning_rate": draw(ranges(1e-4, 0.5, whole=False)), "epochs": 3},
        "signal": {"entry_threshold": draw(ranges(1e-5, 0.1, whole=False))},
        "backtest": {
            "stop_loss": draw(st.sampled_from([[0.0, 0.1], {"low": 0.0, "high": 0.5, "step": 0.1}]))
        },
        "search": {"batch": 3, "seed": draw(st.integers(0, 100))},
    }
    left_out = draw(st.sets(st.sampled_from(["window", "training", "signal", "backtest"]), max_size=3))
    return {group: table for group, table in tree.items() if group not in left_out}


def within(parameter, value):
    if parameter.values:
        return value in parameter.values
    assert isinstance(value, int) or not parameter.whole
    on_step = not (parameter.whole and parameter.step) or (value - parameter.low) % parameter.step == 0
    return parameter.low <= value <= parameter.high and on_step


@given(spaces(), st.sampled_from(["tpe", "random", "nsga2"]))
@examples(max_examples=8)
def test_draws_are_in_their_ranges_there_when_they_should_be_and_the_same_again(tree, sampler):
    settings = make(lifted(tree) | {"search": lifted(tree)["search"] | {"sampler": sampler}})
    parameters = tuple(each for each in space_of(settings) if not each.is_rule)
    asking.refuse_unsuited(settings.search, parameters)
    finished = []
    for batch in range(3):
        asked = asking.ask(settings.search, parameters, finished, batch, 3)
        assert asked == asking.ask(settings.search, parameters, finished, batch, 3)
        assert [each.number for each in asked] == [len(finished) + place for place in (1, 2, 3)]
        for each in asked:
            assert set(each.drawn) == {
                parameter.key for parameter in parameters if parameter.exists(each.drawn)
            }
            assert all(within(parameter, each.drawn[parameter.key]) for parameter in parameters
                       if parameter.key in each.drawn)  # fmt: skip
            chosen = with_values(settings, each.drawn, parameters)
            assert chosen.model.kind == each.drawn["model.kind"]
            assert ("model.units" in each.drawn) == (
                chosen.model.kind == tree["model"]["units"]["when"]["model.kind"]
            )
            content = Trial(
                "", each.number, "complete", each.drawn, each.attributes, objectives=(each.number,)
            )
            finished.append(Trial.read(content.content()))
    assert all(trial.drawn == Trial.read(trial.content()).drawn for trial in finished)


@given(spaces())
@examples(max_examples=8)
def test_a_range_in_a_settings_place_means_what_its_text_means(tree):
    settings = make(lifted(tree))
    written = make({**lifted(tree), "search": {**tree["search"], "space": list(settings.search.space)}})
    assert space_of(written) == space_of(settings)
    for text in settings.search.space:
        tomllib.loads(text.replace(text.partition(" = ")[0], "value", 1))
    groups = [group for group, table in tree.items() if group != "search"]
    assert {each.key.partition(".")[0] for each in space_of(settings)} == set(groups)


@pytest.mark.parametrize(
    ("entry", "thing", "reason"),
    [
        ("window.lokback = [4, 8]", "window.lokback", "did you mean window.lookback?"),
        ("window.lookback = {low = 4, hihg = 8}", "window.lookback", "did you mean high?"),
        ("window.lookback = {low = 8, high = 4}", "window.lookback", "low = 8 must be below high = 4"),
        ("window.lookback = {low = 0, high = 4}", "window.lookback", "allowed: 1 … 5,000 bars"),
        ("window.lookback = {low = 1.5, high = 4}", "window.lookback", "is a whole number"),
        (
            "window.lookback = {low = 1, high = 4, log = true, step = 1}",
            "window.lookback",
            "log goes without",
        ),
        ("window.lookback = 4", "window.lookback", "must be a range"),
        ("window.lookback = [4]", "window.lookback", "two or more values"),
        ("window.lookback = [4, 4]", "window.lookback", "names a value twice"),
        ("window.lookback = {low = 4", "window.lookback", "is not TOML"),
        ("window.lookback", "window.lookback", "must be written KEY ="),
        ('model.kind = ["mlp", "forest"]', "model.kind", "must be lstm or"),
        ("training.seed = [1, 2]", "training.seed", "several trainings show"),
        ("split.test = [0.1, 0.2]", "split.test", "is the same for all trials"),
        ("search.folds = [2, 3]", "search.folds", "is the same for all trials"),
        ('data.symbol = ["BTC/USDT", "ETH/USDT"]', "data.symbol", "is the same for all trials"),
        ('model.units = {low = 2, high = 4, when = {"model.kind" = "mlp"}}', "model.units", "not searched"),
    ],
)
def test_what_is_wrong_with_a_space_is_told_by_setting_and_reason(entry, thing, reason):
    with pytest.raises(SettingsError) as caught:
        space_of(make({"search": {"space": [entry, "label.horizon = [1, 2]"]}}))
    (problem,) = caught.value.problems[:1]
    assert problem.key == thing
    assert reason in problem.reason


CIRCLE = """label.kind = {values = ["open", "close"], when = {"model.loss" = "mse"}}
model.loss = {values = ["mse", "huber"], when = {"label.kind" = "open"}}"""
ON_A_RULE = """model.units = {low = 2, high = 4, when = {"signal.neutral" = "flat"}}
signal.neutral = ["flat", "hold"]"""
CONDITION = 'model.units = {low = 2, high = 4, when = {model.kind = "mlp"}}'


def test_conditions_that_cannot_hold_are_refused():
    kind = 'model.kind = ["mlp", "lstm"]'
    for stated, reason in (
        ('model.units = {low = 2, high = 4, when = {"model.kind" = "gru"}}', "not among its values"),
        ('model.loss = {values = ["mse", "huber"], when = {"window.lookback" = 4}}', "is a range"),
        (CIRCLE, "hangs on itself"),
        (ON_A_RULE, "hangs on signal.neutral, a rule"),
    ):  # fmt: skip
        space = [kind, "window.lookback = {low = 2, high = 4}", *stated.splitlines()]
        with pytest.raises(SettingsError) as caught:
            space_of(make({"search": {"space": space}}))
        assert reason in str(caught.value)


CHOICES = {
    "model.kind": ["mlp", "lstm", "gru"],
    "model.loss": ["mse", "huber"],
    "scaling.kind": ["robust", "none"],
}


@given(st.data())
@examples(max_examples=30)
def test_a_setting_whose_conditions_cannot_hold_together_is_refused_and_no_other(data):
    """Against every combination of values, each list there or not as its own condition has it."""
    tables, keys = {}, list(CHOICES)
    for place, (key, values) in enumerate({**CHOICES, "label.kind": ["open", "close"]}.items()):
        on = data.draw(st.lists(st.sampled_from(keys[:place]), unique=True)) if place else []
        some = lambda name: st.lists(st.sampled_from(CHOICES[name]), min_size=1, unique=True)  # noqa: E731
        tables[key] = {"values": values, "when": {name: data.draw(some(name)) for name in on}}
    there = set()
    for drawn in itertools.product(*CHOICES.values()):
        chosen = {}
        for key, each in tables.items():
            if all(chosen.get(name) in allowed for name, allowed in each["when"].items()):
                chosen[key] = dict(zip(CHOICES, drawn, strict=True)).get(key)
        there |= chosen.keys()
    space = [f"{key} = {inline(each)}" for key, each in tables.items()]
    problems = faults_of(lambda: space_of(make({"search": {"space": space}})))
    assert all("is never there" in each.reason for each in problems)
    assert {each.key for each in problems} == tables.keys() - there


def faults_of(made):
    """What is wrong with a space, each with its key and reason; nothing if it can be searched."""
    try:
        made()
    except SettingsError as error:
        return error.problems
    return []


EXTREMES = st.sampled_from(
    [0, -0.0, 1, -1, 5e-324, 1e-300, 1e-12, 0.1, 1e23, 10**23, 10**400, 1e308, math.nan, math.inf, 2, 4096]
)


@given(
    st.sampled_from(["window.lookback", "training.learning_rate", "backtest.stop_loss", "backtest.short"]),
    st.fixed_dictionaries(
        {"low": EXTREMES, "high": EXTREMES}, optional={"step": EXTREMES, "log": st.booleans()}
    ),
)
@examples(max_examples=100)
def test_an_absurd_range_is_refused_at_once_or_drawn_within(key, described):
    group, _, name = key.partition(".")
    made = lambda: space_of(make(lifted({group: {name: described}})))  # noqa: E731
    if problems := faults_of(made):
        assert all(each.key and each.reason for each in problems)
        return
    (found,) = made()
    assert found.count <= 1_000_000
    generator = np.random.default_rng(0)
    for value in [draw_rule(found, generator) for _ in range(3)]:
        make({group: {name: value}})
        assert found.low <= value <= found.high


@pytest.mark.parametrize(
    ("sampler", "space", "reason"),
    [
        ("grid", ['model.kind = ["mlp", "lstm"]', CONDITION], "knows no conditions"),
        ("cmaes", ['model.kind = ["mlp", "lstm"]', "window.lookback = {low = 2, high = 4}"], "is a list"),
        ("cmaes", ["window.lookback = {low = 2, high = 4}"], "needs two or more"),
        ("grid", ["training.learning_rate = {low = 0.1, high = 0.2}"], "has no end of them"),
        ("grid", ["window.lookback = {low = 1, high = 5000}",
                  "label.horizon = {low = 1, high = 300}"], "more than"),
    ],
)  # fmt: skip
def test_samplers_that_cannot_draw_from_a_space_are_refused(sampler, space, reason):
    settings = make({"search": {"space": space, "sampler": sampler}})
    with pytest.raises(ChangeSettingsError, match=f"search.sampler = {sampler}: .*{reason}") as caught:
        asking.refuse_unsuited(settings.search, space_of(settings))
    assert caught.value.remedy


def test_a_grid_tries_every_value_once():
    space = ["window.lookback = {low = 2, high = 10, step = 4}", "model.units = [[2], [4, 2]]",
             "training.learning_rate = {low = 0.1, high = 0.2, step = 0.1}"]  # fmt: skip
    settings = make({"search": {"space": space, "sampler": "grid", "trials": 100, "batch": 5}})
    parameters, finished = space_of(settings), []
    assert asking.most_trials(settings.search, parameters) == 12
    for batch, count in enumerate((5, 5, 2)):
        finished += [
            Trial("", each.number, "complete", each.drawn, each.attributes, objectives=(0.0,))
            for each in asking.ask(settings.search, parameters, finished, batch, count)
        ]
    assert len({json.dumps(each.drawn, sort_keys=True) for each in finished}) == 12


def test_the_example_is_a_space_and_its_rules_are_rules():
    settings = make(lifted(tomllib.loads(example("quantdeck search space.toml"))))
    found = {each.key: each for each in space_of(settings)}
    assert len(found) == 9
    assert [each.key for each in found.values() if each.is_rule] == [
        "signal.entry_threshold",
        "backtest.stop_loss",
    ]
    drawn = {"signal.entry_threshold": 0.003, "backtest.stop_loss": 0.02}
    quick, slow = (way(settings, drawn, found.values()) for way in (with_rules, with_values))
    assert quick == slow
    assert quick.signal.threshold_from == "settings"


def test_importance_finds_the_setting_that_matters():
    space = ["window.lookback = {low = 2, high = 40}", "training.learning_rate = {low = 0.1, high = 0.2}"]
    settings = make({"search": {"space": space, "sampler": "random", "objective": ["ic", "max_drawdown"]}})
    parameters = space_of(settings)
    finished = [
        Trial("", each.number, "complete", each.drawn, each.attributes,
              objectives=(each.drawn["window.lookback"] / 40, each.drawn["window.lookback"] / 40))
        for each in asking.ask(settings.search, parameters, [], 0, 30)
    ]  # fmt: skip
    found = asking.importances(settings.search, parameters, finished)
    assert found["window.lookback"] > 0.9


@given(st.lists(st.tuples(*3 * [st.integers(0, 4)]), max_size=12), st.integers(1, 3))
def test_the_front_is_the_one_that_optuna_finds(values, count):
    names = ("ic", "max_drawdown", "total_return")[:count]
    found = [
        SearchTrial(number, "complete", dict(zip(names, each, strict=False)), {}, 0, 1, 0.0, 0.0)
        for number, each in enumerate(values)
    ]
    unjudged = SearchTrial(99, "pruned", dict.fromkeys(names, math.nan), {}, 0, 1, math.nan, math.nan)
    study = optuna.create_study(directions=["maximize", "minimize", "maximize"][:count])
    for each in found:
        study.add_trial(optuna.trial.create_trial(values=list(each.objectives.values())))
    wanted = {each.number for each in study.best_trials} if count > 1 else set()
    assert set(front([*found, unjudged])) == wanted


def test_the_journal_is_a_study_that_optuna_opens(tmp_path):
    settings = make({"search": {"space": ['model.kind = ["mlp", "lstm"]', CONDITION], "batch": 4}})
    parameters, path = space_of(settings), tmp_path / "journal.log"
    finished = [
        Trial("", each.number, "complete", each.drawn, each.attributes, objectives=(each.number / 10,))
        for each in asking.ask(settings.search, parameters, [], 0, 4)
    ]
    finished.append(Trial("", 5, "pruned", {"model.kind": "lstm"}, steps=(0.1, 0.2)))
    asking.write_journal(path, "a search", settings.search, parameters, finished)
    assert [each.name for each in tmp_path.iterdir()] == ["journal.log"]
    backend = optuna.storages.journal.JournalFileBackend(str(path))
    study = optuna.load_study(study_name="a search", storage=optuna.storages.JournalStorage(backend))
    assert [each.params for each in study.trials] == [each.drawn for each in finished]
    assert study.best_trial.number == 3


def test_cmaes_draws_within_the_ranges_by_what_was_told_and_the_same_again():
    pytest.importorskip("cmaes")
    space = [
        "window.lookback = {low = 2, high = 40}",
        "training.learning_rate = {low = 0.001, high = 0.1, log = true}",
    ]
    settings = make({"search": {"space": space, "sampler": "cmaes", "batch": 8}})
    chosen, parameters = settings.search, space_of(settings)
    asking.refuse_unsuited(chosen, parameters)

    def scored(count, value):
        trials = []
        for batch in range(count):
            trials += [
                Trial(
                    "", each.number, "complete", each.drawn, each.attributes, objectives=(value(each.drawn),)
                )
                for each in asking.ask(chosen, parameters, trials, batch, 8)
            ]
        return trials

    def by_lookback(drawn):
        return -abs(drawn["window.lookback"] - 30.0)

    found = scored(8, by_lookback)
    assert all(2 <= each.drawn["window.lookback"] <= 40 for each in found)
    assert all(0.001 <= each.drawn["training.learning_rate"] <= 0.1 for each in found)
    assert [each.drawn for each in found] == [each.drawn for each in scored(8, by_lookback)]
    late = np.array([each.drawn["window.lookback"] for each in found[-16:]])
    early = np.array([each.drawn["window.lookback"] for each in found[:16]])
    assert np.abs(late - 30).mean() < np.abs(early - 30).mean()
