"""The settings of a search: how trials are drawn and judged, and the space that they come from, as text."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from engine.settings.values import Group, Number, Whole, setting

Objective = Literal["ic", "net_sharpe", "total_return", "max_drawdown"]


class Search(Group):
    """Trials of settings, judged before the test begins (quantdeck search)."""

    space: tuple[str, ...] = setting(
        (),
        "what is searched, a setting each: 'window.lookback = {low = 2, high = 64, log = true}', "
        '\'model.kind = ["mlp", "lstm"]\', with when = {…} only where another setting has a value',
    )
    trials: Whole = setting(50, "most trials", "trials", ge=1, le=100_000)
    minutes: Number = setting(
        0.0, "after so long no further batch is begun, counted anew when resumed; 0 = no limit", "minutes",
        ge=0, le=1e6,
    )  # fmt: skip
    sampler: Literal["tpe", "random", "grid", "cmaes", "nsga2"] = setting(
        "tpe", "how the next trials are drawn, as Optuna names it; cmaes needs the package of that name"
    )
    objective: tuple[Objective, ...] = setting(
        ("ic",),
        "what the best trial is best at, the mean over the inner folds; several have a Pareto front, and the "
        "first decides the winner",
        min_length=1, max_length=4,
    )  # fmt: skip
    batch: Whole = setting(
        8, "trials that are drawn at a time, each knowing those of earlier batches", "trials", ge=1, le=1000
    )
    folds: Whole = setting(
        3,
        "inner folds of a trial; their window and first test are those of walk_forward",
        "folds",
        ge=2,
        le=50,
    )
    inner: Literal["walkforward", "cpcv"] = setting(
        "walkforward",
        "how inner folds are cut: one after the other, or in every choice of cpcv.groups, on whose paths a "
        "trial is judged; search.folds and search.prune then have no meaning",
    )
    rules: Whole = setting(
        200, "rules tried on the forecasts of a trained trial, where the space holds any", "rules",
        ge=1, le=1_000_000,
    )  # fmt: skip
    prune: bool = setting(
        True,
        "end a trial that is among the worst of earlier batches after its first epoch, "
        "or not among the best after a fold",
    )
    seed: Whole = setting(0, "seed of the draws", "", ge=0, le=2**31 - 1)

    @field_validator("objective")
    @classmethod
    def _once(cls, value: tuple[Objective, ...]) -> tuple[Objective, ...]:
        if len(set(value)) < len(value):
            raise ValueError("must name each objective once")
        return value
