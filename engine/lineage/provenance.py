"""Where a model comes from: what it was trained on, and whether that is what stands before us now."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.trading import round_trip
from engine.errors import ChangeSettingsError
from engine.market.merge import Market, fingerprint
from engine.market.times import iso, milliseconds
from engine.results.notes import Note
from engine.runs.versions import versions
from engine.settings import Settings, make, moment, to_toml, with_threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.features import Feature
    from engine.models.artifact import Metadata
    from engine.samples.split import Split

    Times = NDArray[np.int64]

PART_OF_THE_MODEL = ("features", "window", "label", "scaling", "model")
OF_SEVERAL = ("scaling", "symbol", "cross_section", "lead")  # of the universe, too


@dataclass(frozen=True)
class TrainingSpan:
    """What a training saw of the market, as Metadata tells it."""

    trained_until_ms: int
    data_from_ms: int
    data_until_ms: int
    fingerprint: str
    symbols: dict[str, list[str]] = field(default_factory=dict)


def metadata(
    run: str, settings: Settings, market: Market, target_ms: Times, parts: Split, names: Sequence[str],
    own: Sequence[Feature], own_model: str,
) -> Metadata:  # fmt: skip
    """What a model is saved with. target_ms: (N,) open times of all samples' target rows."""
    time_ms = milliseconds(market.frame.index)  # (T,)
    last = target_ms[parts.validation[-1:]]  # (1,)
    seen = TrainingSpan(
        trained_until_ms=int(market.later_ms(last, settings.label.horizon)[0]),
        data_from_ms=int(time_ms[0]),
        data_until_ms=int(market.calendar.ends(time_ms)[-1]),
        fingerprint=fingerprint(market),
    )
    return of_training(run, settings, target_ms, parts, names, own, own_model, seen)


def of_training(
    run: str, settings: Settings, target_ms: Times, parts: Split, names: Sequence[str],
    own: Sequence[Feature], own_model: str, seen: TrainingSpan,
) -> Metadata:  # fmt: skip
    """The same of one symbol or several, as `seen`."""
    from engine.models.artifact import Metadata

    bounds = {
        name: [str(iso(int(end))) for end in (target_ms[part].min(), target_ms[part].max())]
        for name, part in (("train", parts.train), ("validation", parts.validation), ("test", parts.test))
    }
    return Metadata(
        run=run,
        test_dates=np.unique(target_ms[parts.test]).astype("datetime64[ms]"),  # (M,)
        feature_names=list(names),
        settings=to_toml(settings),
        bounds=bounds,
        own_features=own[0].sha256 if own else "",
        own_model=own_model,
        versions=versions(),
        **vars(seen),
    )


def refuse_other_model(settings: Settings, trained: Metadata) -> None:
    """Raise ChangeSettingsError if the settings ask for another model than the one that was trained."""
    before = make(tomllib.loads(trained.settings))
    differ = [
        f"{group}.{name} = {value!r}, trained with {getattr(getattr(before, group), name)!r}"
        for group in PART_OF_THE_MODEL
        for name, value in getattr(settings, group)
        if value != getattr(getattr(before, group), name)
    ]
    if settings.data.symbols != before.data.symbols:
        now, was = (", ".join(each.data.symbols) or "one symbol" for each in (settings, before))
        differ.append(f"data.symbols = {now}, trained with {was}")
    if settings.data.symbols:
        differ += [
            f"universe.{name} = {getattr(settings.universe, name)!r}, trained with {was!r}"
            for name in OF_SEVERAL
            if getattr(settings.universe, name) != (was := getattr(before.universe, name))
        ]
    if differ:
        raise ChangeSettingsError(
            f"model of run {trained.run}", f"is another one: {'; '.join(differ)}", "Train anew for these"
        )


def differences(trained: Metadata, market: Market, own: Sequence[Feature]) -> list[Note]:
    """What is not as it was when the model was trained."""
    return changed(trained, fingerprint(as_trained(trained, market)), own)


def as_trained(trained: Metadata, market: Market) -> Market:
    """The rows of a market that the training saw."""
    time_ms = milliseconds(market.frame.index)  # (T,)
    return market.rows((time_ms >= trained.data_from_ms) & (time_ms < trained.data_until_ms))


def changed(trained: Metadata, data: str, own: Sequence[Feature]) -> list[Note]:
    """What is not as it was, data: fingerprint of what the training saw as it is now."""
    found = []
    if data != trained.fingerprint:
        found.append(Note("other data than trained on"))
    if (own[0].sha256 if own else "") != trained.own_features:
        found.append(Note("own features changed"))
    now = versions() | {"python": trained.versions.get("python", "")}  # another one changes no figure
    others = [name for name, was in trained.versions.items() if now.get(name) != was]
    if others:
        found.append(Note("other versions than at training", {"libraries": ", ".join(others)}))
    return found


def frozen(settings: Settings, trained: Metadata) -> Settings:
    """The settings, with the threshold that costs make or validation chose if they ask for it.

    Raises ChangeSettingsError.
    """
    if settings.signal.of_costs:
        return with_threshold(settings, min(settings.signal.cost_multiple * round_trip(settings), 1.0))
    if not settings.signal.tuned:
        return settings
    if trained.entry_threshold is None:
        raise ChangeSettingsError(
            f"model of run {trained.run}",
            "was trained without choosing a threshold on validation",
            "Train with the same signal.threshold_from, or backtest with signal.threshold_from=settings",
        )
    return with_threshold(settings, trained.entry_threshold)


def part(trained: Metadata, name: str, target_ms: Times) -> NDArray[np.bool_]:
    """Which of the targets (N,) lie in a part of the split: train, validation or test."""
    first, last = (int(moment(text).timestamp() * 1000) for text in trained.bounds[name])
    return (target_ms >= first) & (target_ms <= last)


def traded_rows(trained: Metadata, target_ms: Times, span: str) -> tuple[NDArray[np.bool_], list[Note]]:
    """Which of the targets (N,) a backtest trades, and what is to be said about it.

    test: the test dates; later: those and what has come since; all: everything, said to be in-sample
    up to trained_until. Raises ChangeSettingsError when nothing is left.
    """
    test_ms = trained.test_dates.astype("datetime64[ms]").astype(np.int64)  # (M,)
    notes: list[Note] = []
    if span == "test":
        chosen = np.isin(target_ms, test_ms)
        lacking = int(np.count_nonzero(~np.isin(test_ms, target_ms)))
        if lacking:
            notes.append(Note("test dates without window", {"lacking": lacking, "dates": len(test_ms)}))
    elif span == "later":
        chosen = target_ms >= test_ms[0]
    else:
        chosen = np.ones(len(target_ms), bool)
        inside = int(np.count_nonzero(target_ms < trained.trained_until_ms))
        notes.append(Note("in-sample", {"inside": inside, "bars": len(target_ms)}))
    if not chosen.any():
        raise ChangeSettingsError(
            f"backtest.span = {span}",
            f"no bar of {iso(int(test_ms[0]))} … {iso(int(test_ms[-1]))} is in the present data",
            "Set data.start and data.end so that they hold the test dates",
        )
    return chosen, notes
