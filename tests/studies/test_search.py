"""A search: the same trials whatever disturbs it, none of which knows the test; its rules, its winner."""

import contextlib
import dataclasses
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import experiment, preparation
from engine.backtest import trading
from engine.errors import ChangeSettingsError
from engine.market.times import milliseconds
from engine.preparation import Job
from engine.results.codec import to_json
from engine.results.search import SearchResult
from engine.runs.home import Home
from engine.runs.results import backtest_of
from engine.runs.results import result_of as told_of
from engine.runs.state import state_of
from engine.settings import load, moment, space_of
from engine.statistics.metrics import daily_returns
from engine.statistics.returns import sharpe
from engine.studies.folds import folds
from engine.studies.markets import OneMarket
from engine.studies.search import pruning, trial, trials
from engine.studies.search import search as study
from engine.studies.search.paths import plan_of
from engine.studies.search.record import file_of
from engine.studies.search.rules import ForecastsOfOne, draw, variants
from tests.studies.engines import TINY, followed, home_with_market
from tests.studies.markets import settings_of
from tui.commands import search as work

SPACE = (
    'search.space=["window.lookback = {low = 2, high = 12, log = true}",'
    '"model.kind = [\\"ridge\\", \\"mlp\\"]",'
    '"model.units = {low = 2, high = 6, when = {\\"model.kind\\" = \\"mlp\\"}}",'
    '"signal.entry_threshold = {low = 0.0001, high = 0.002, log = true}",'
    '"backtest.stop_loss = [0.0, 0.01]"]'
)
RIDGES = (
    'search.space=["window.lookback = {low = 2, high = 12}",'
    '"signal.entry_threshold = {low = 0.0001, high = 0.002, log = true}"]'
)
SMALL = (*TINY, SPACE, "search.trials=5", "search.batch=3", "search.folds=2", "search.rules=6",
         'search.objective=["net_sharpe"]', "evidence.permutations=0", "evidence.resamples=100")  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return home_with_market(tmp_path_factory.mktemp("search"))


def no_winner(job, settings):
    (job.run.path / study.WINNER).write_text("{}")
    return job.run


def silent(event):
    pass


def in_this_process(monkeypatch, execute=trial.execute):
    """Trials one after the other here, which counts them; no winner is trained."""
    done = []

    @contextlib.contextmanager
    def backend(parallel, tasks):
        yield None

    def gathered(workers, function, tasks, emit):
        for (task,) in tasks:
            done.append(task.number)
            yield execute(task)

    monkeypatch.setattr(trials, "backend", backend)
    monkeypatch.setattr(trials, "gathered", gathered)
    monkeypatch.setattr(study, "follow_up", no_winner)
    return done


def job_of(home, *overrides):
    run = home.create("search", settings_of(*SMALL, *overrides))
    return Job(load(run.settings_path), run, home, int(moment(run.now).timestamp() * 1000), silent)


def trials_in(run):
    """The trials of a search, by number, as the bytes that are kept of them."""
    return {path.name: path.read_bytes() for path in sorted(run.path.glob("trial-*.npz"))}


@pytest.fixture(scope="module")
def searched(home):
    """A search that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        done = in_this_process(patch)
        job = job_of(home)
        result = study.search(job)
    assert sorted(done) == list(range(6))
    return job, result, trials_in(job.run)


@pytest.mark.parametrize("lost", [(1, 5), (0, 2, 3, 4)])
def test_a_search_goes_on_with_the_trials_that_lack(home, searched, monkeypatch, lost):
    job, result, trials = searched
    again = job_of(home)
    for name in trials:
        shutil.copy(job.run.path / name, again.run.path)
    for number in lost[:-1]:
        (again.run.path / file_of(number)).unlink()
    with (again.run.path / file_of(lost[-1])).open("r+b") as file:  # torn, or touched by somebody
        file.truncate(100)
    done = in_this_process(monkeypatch)
    repeated = study.search(again)
    assert sorted(done) == sorted(lost)
    assert trials_in(again.run) == trials
    own = {"run": "", "winner_run": ""}
    assert to_json(repeated) | own == to_json(result) | own


def test_no_trial_knows_what_comes_after_the_inner_data(home, searched, monkeypatch):
    _, result, trials = searched
    from_ms = int(moment(result.tested_from).timestamp() * 1000)
    prepare = preparation.prepare

    def moved(job, names, training):
        data = prepare(job, names, training)
        later = milliseconds(data.market.frame.index) >= from_ms
        assert later.sum() > 50
        frame, table = data.market.frame.copy(), data.table.copy()
        frame.loc[later, ["open", "high", "low", "close"]] *= np.linspace(0.5, 3.0, later.sum())[:, None]
        table.loc[later] = table.loc[later].to_numpy()[::-1] * 2.0
        return dataclasses.replace(data, market=dataclasses.replace(data.market, frame=frame), table=table)

    monkeypatch.setattr(preparation, "prepare", moved)
    in_this_process(monkeypatch)
    job = job_of(home)
    assert study.search(job).tested_from == result.tested_from
    assert trials_in(job.run) == trials


RULES = """
signal.threshold_from = ["settings", "costs", "band", "validation"]
signal.entry_threshold = {low = 0.0001, high = 0.002, when = {"signal.threshold_from" = "settings"}}
signal.cost_multiple = {low = 0.0, high = 1.0}
signal.band = [0.3, 0.1]
signal.neutral = ["hold", "flat"]
signal.without_forecast = ["hold", "flat"]
signal.exit = ["signal", "horizon"]
backtest.short = [true, false]
backtest.fee_bps = {low = 0.0, high = 20.0}
backtest.fill = ["next-open", "same-close", "worst-of-bar"]
backtest.sizing = ["fraction", "volatility"]
backtest.volatility_span = [12, 48]
backtest.stop_loss = {low = 0.0, high = 0.03}
backtest.trailing_stop = [0.0, 0.02]
backtest.margin_brackets = [[], ["0:0.004", "5000:0.01"]]
"""


def test_rules_tried_together_are_each_as_a_slow_walk_finds_them(home):
    """To the last bit: batches share bars and signals, and no variant may feel another."""
    job = job_of(home, f"search.space={RULES.strip().splitlines()}")
    settings, data = job.settings, preparation.prepare(job, job.settings.features.chosen)
    samples = experiment.samples_of(data.market, data.table, settings)
    parts = folds(data.market.numbers_of(samples.target_ms), np.isfinite(samples.label), settings)
    generator = np.random.default_rng(3)
    noise = [
        [generator.normal(0, 0.002, len(getattr(each, name))) for each in parts]
        for name in ("validation", "test")
    ]
    forecasts = ForecastsOfOne(samples, parts, *noise)
    tried = variants(settings, space_of(settings), {}, data.market.calendar, 40, [1, 2])
    found, returns = forecasts.on_validation(tried), forecasts.returns_of(tried)
    for each, value, daily in zip(tried, found, returns, strict=True):
        assert value == slow_value(forecasts, each.settings)
        np.testing.assert_array_equal(daily, daily_returns(forecasts.traded(each.settings)))
    assert len(set(found)) > 20
    task = SimpleNamespace(number=2, drawn={}, parameters=space_of(settings), markets=OneMarket(data.market))
    chosen = settings.model_copy(
        update={"search": settings.search.model_copy(update={"rules": 40, "seed": 1})}
    )
    again, best = trial.best_rules(task, chosen, [forecasts])
    assert (len(again), best) == (len(tried), found.argmax())


def slow_value(forecasts, settings):
    """The mean Sharpe ratio of a day on validation, each fold decided and traded by itself as a run is."""
    samples, found = forecasts.samples, 0.0
    for fold, forecast in zip(forecasts.folds, forecasts.validation, strict=True):
        target = samples.windows.target[fold.validation]
        level = trading.entry_threshold(samples.market, target, forecast, settings).threshold
        signal_settings = settings.signal.model_copy(update={"entry_threshold": level})
        by, band = settings.model_copy(update={"signal": signal_settings}), None
        if signal_settings.by_band:
            width = experiment.band_width(forecast, samples, fold.validation, settings)
            band = experiment.band(forecast, samples, fold.validation, width)
        decisions = trading.decide(samples.market, target, forecast, samples.forward_return, by, band=band)
        simulation, _ = trading.trade(decisions, by)
        ratio = sharpe(daily_returns(simulation), 1)
        found += ratio if len(simulation.trades) >= 10 and np.isfinite(ratio) else 0.0
    return found / len(forecasts.folds)


def test_pruned_and_failed_trials_are_told_and_never_win(home, searched, monkeypatch):
    def ended(task):
        if task.number == 0:
            return trial.execute(task)
        state = "pruned" if task.number % 2 else "failed"
        return trial.Trial(task.key, task.number, state, task.drawn, task.attributes, reason="as asked")

    in_this_process(monkeypatch, ended)
    result = study.search(job_of(home))
    assert (result.winner, result.trials_complete, result.trials_pruned, result.trials_failed) == (0, 1, 3, 2)
    assert result.luck.pruned == 3
    assert [each.reason for each in result.trials[1:]] == ["as asked"] * 5
    in_this_process(
        monkeypatch,
        lambda task: trial.Trial(
            task.key, task.number, "failed", task.drawn, reason="the lookback is too long"
        ),
    )
    with pytest.raises(ChangeSettingsError, match="the lookback is too long"):
        study.search(job_of(home))


def test_several_objectives_have_a_front_and_nothing_is_pruned(home, monkeypatch):
    def judged(task):
        assert task.levels is None
        values = (float(task.number % 4), float(task.number))  # more IC, and less drawdown, is better
        days, returns = np.arange(20_000, 20_010), np.zeros(10)
        outcome = {"days": days, "returns": returns, "benchmark": returns, "objectives": values}
        return trial.Trial(task.key, task.number, "complete", task.drawn, task.attributes, **outcome)

    in_this_process(monkeypatch, judged)
    result = study.search(job_of(home, "search.objective=ic,max_drawdown", "search.sampler=nsga2"))
    assert result.winner == 3
    assert result.front == (0, 1, 2, 3)
    assert "nothing pruned" in {note.code for note in result.notes}


@pytest.mark.parametrize(("objective", "sign"), [("ic", 1.0), ("max_drawdown", -1.0)])
def test_a_trial_behind_the_best_eighth_after_a_fold_is_ended(objective, sign):
    finished = [
        trial.Trial("", number, "complete", {}, steps=(sign * number, sign * 10.0 * number))
        for number in range(9)
    ]
    finished += [trial.Trial("", 9, "pruned", {}, steps=(sign * 9.0,)), trial.Trial("", 10, "failed", {})]
    levels = pruning.levels_of(finished, objective)
    assert levels.folded == pytest.approx((sign * 7.875, sign * 70.0))
    watch = pruning.Watch(levels)
    watch.folded(sign * 7.875, objective)
    with pytest.raises(pruning.PrunedError):
        watch.folded(sign * 69.9, objective)
    watch = pruning.Watch(levels)
    for value in (8.0, 70.0, -99.0):  # no earlier trial came so far
        watch.folded(sign * value, objective)
    assert np.isnan(pruning.levels_of(finished[-4:], objective).folded[1])  # too few came so far to prune by
    pruning.Watch(pruning.Levels(np.nan, (np.nan,))).folded(-99.0, objective)


@given(st.lists(st.floats(0.1, 9.0), min_size=4, max_size=30), st.floats(0.1, 9.0), st.integers(1, 4))
def test_a_trial_among_the_worst_after_its_first_epoch_is_ended_then_and_never_later(begun, own, scale):
    finished = [trial.Trial("", number, "pruned", {}, begun=value) for number, value in enumerate(begun)]
    levels = pruning.levels_of([*finished, trial.Trial("", 99, "failed", {})], "ic")
    below = sum(value <= levels.begun for value in begun) / len(begun)
    assert 0.5 <= below < 1.0 or len(set(begun)) < len(begun)
    worst = own * scale / scale > levels.begun
    watch = pruning.Watch(levels)
    watch.nothing = float(scale)
    first = {"kind": "epoch", "epoch": 1, "epochs": 5, "val_loss": own * scale}
    with pytest.raises(pruning.PrunedError) if worst else contextlib.nullcontext():
        watch(first)
    assert (watch.epochs, watch.begun) == (1, own * scale / scale)
    watch(first | {"epoch": 2, "val_loss": 1e9})
    alone = pruning.Watch(levels)
    alone.nothing = 1.0
    alone(first | {"epochs": 1, "val_loss": 1e9})  # its only epoch: nothing is saved by ending it
    assert np.isnan(alone.begun)


@pytest.mark.parametrize("loss", ["mse", "huber"])
@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_a_network_that_forecasts_nothing_has_the_loss_that_others_are_held_against(home, loss, scaling):
    """As Keras has it, whatever labels are divided by."""
    import keras

    settings = settings_of(*SMALL, f"model.loss={loss}", "model.huber_delta=0.7", f"scaling.kind={scaling}")
    job = job_of(home)
    market = preparation.prepare(job, settings.features.chosen, settings.walk_forward.first_test).market
    plan = plan_of(settings, OneMarket(market), np.array([400, 500]))
    fold = plan.folds[0]
    windows, samples = plan.samples.windows, plan.samples
    labels = samples.fit_scalers(settings, windows.start[fold.train]).to_label(
        samples.forward_return, samples.volatility
    )[windows.target[fold.validation]]
    other = keras.losses.MeanSquaredError() if loss == "mse" else keras.losses.Huber(delta=0.7)
    wanted = float(other(labels[:, None], np.zeros((len(labels), 1))))
    assert pruning.loss_of_nothing(settings, samples, fold) == pytest.approx(wanted, rel=1e-5)


def test_what_is_pruned_is_what_earlier_batches_alone_have_shown(home, monkeypatch):
    """Every trial is held against the levels of batches before its own; the first batch against none."""
    seen = {}

    def judged(task):
        seen[task.number] = task.levels
        days, returns = np.arange(20_000, 20_010), np.zeros(10)
        outcome = {"days": days, "returns": returns, "benchmark": returns, "objectives": (0.1 * task.number,)}
        return trial.Trial(
            task.key, task.number, "complete", task.drawn, task.attributes,
            begun=float(task.number), steps=(float(task.number),), **outcome,
        )  # fmt: skip

    in_this_process(monkeypatch, judged)
    study.search(job_of(home, "search.trials=8", "search.batch=4"))
    assert seen[0] is None
    assert all(seen[number].folded == () and np.isnan(seen[number].begun) for number in range(1, 5))
    for number in range(5, 9):
        assert (seen[number].begun, *seen[number].folded) == pytest.approx((3.1, 3.625))


@pytest.mark.slow
def test_in_processes_of_its_own_it_has_the_same_trials_and_looks_once_at_the_test(home, searched, tmp_path):
    """With two workers: the same trials as here, one by one. Kills are the soak's: soak.search."""
    _, _, trials = searched
    alone = Home(home.path / "alone")
    shutil.copytree(home.data, alone.data)
    run = followed(alone.create("search", settings_of(*SMALL, "search.trials=2", "parallel.workers=2")))
    assert state_of(run).status == "done", state_of(run).error
    assert trials_in(run) == {name: trials[name] for name in map(file_of, range(3))}
    result = told_of(run)
    assert isinstance(result, SearchResult)
    winner = alone.find(result.winner_run)
    traded = backtest_of(winner)
    assert traded.start >= result.tested_from
    assert traded.trials.looks == 1
    drawn = load(winner.settings_path)
    work.best(str(alone.path), "last", str(tmp_path / "best.toml"), force=False)
    assert load(tmp_path / "best.toml") == drawn
    best = result.trials[result.winner]
    assert drawn.window.lookback == best.drawn.get("window.lookback", settings_of().window.lookback)
    assert best.objectives["net_sharpe"] == max(
        each.objectives["net_sharpe"] for each in result.trials if each.state == "complete"
    )


def test_draws_of_rules_stay_in_their_ranges():
    parameters = space_of(settings_of(SPACE))
    generator = np.random.default_rng(0)
    rules = [each for each in parameters if each.is_rule]
    for each in rules * 50:
        value = draw(each, generator)
        assert value in each.values if each.values else each.low <= value <= each.high


def test_a_trial_is_judged_on_every_path_of_the_combinations(home, monkeypatch):
    """Each group is forecast by models of the others alone; figures are the means over the paths."""
    seen = []

    def walked(task):
        own = trial.one_device(trial.with_values(task.settings, task.drawn, task.parameters))
        plan = plan_of(own, task.markets, task.begins)
        paths = trial.trained(task, own, plan, trial.Watch(None))
        assert (len(plan.folds), len(paths)) == (6, 3)
        bar = plan.samples.target_bar
        labelled = np.flatnonzero(np.isfinite(plan.samples.label))
        for path in paths:
            tests = [part.test for part in path.folds]
            assert np.array_equal(np.concatenate(tests), labelled)
            assert [int(bar[part[0]]) for part in tests[1:]] == task.begins[1:].tolist()
            for part in path.folds:
                apart = np.abs(bar[part.test][:, None] - bar[np.r_[part.train, part.validation]])
                assert apart.min() >= own.label.horizon
        judged = trial.evaluated(task, own, paths, trial.Watch(None))
        skill = [np.mean([trial.skill(path, number) for number in range(4)]) for path in paths]
        assert judged.objectives == pytest.approx((np.mean(skill),))
        seen.append(judged.objectives)
        return judged

    done = in_this_process(monkeypatch, walked)
    combined = (
        "search.inner=cpcv",
        "cpcv.groups=4",
        "cpcv.tested=2",
        "search.objective=ic",
        "search.trials=3",
    )
    result = study.search(job_of(home, *combined, "model.kind=ridge", "label.horizon=3", RIDGES))
    assert done == [0, 1, 2, 3]
    assert len(set(seen)) > 1
    assert "nothing pruned on paths" in {note.code for note in result.notes}
