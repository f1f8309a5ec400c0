"""All built-in features, and which of them a run takes."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from engine.errors import ChangeSettingsError
from engine.features import calendar, candle, cross, returns, trend, volatility, volume
from engine.features.extra import with_extra
from engine.features.longer import named
from engine.market.calendar import Calendar
from engine.settings import TIMEFRAME_MS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from engine.features.definition import Feature

GROUPS: dict[str, tuple[Feature, ...]] = {}
BUILT_IN: dict[str, Feature] = {}


def add(group: str, features: Sequence[Feature]) -> None:
    """Register features under a heading of docs/features.md."""
    GROUPS[group] = (*GROUPS.get(group, ()), *features)
    BUILT_IN.update({feature.name: feature for feature in features})


add("Returns", returns.FEATURES)
add("Volatility", volatility.FEATURES)
add("Trend", trend.FEATURES)
add("Volume", volume.FEATURES)
add("Candle", candle.FEATURES)
add("Calendar", calendar.FEATURES)
add("Other markets", cross.FEATURES)
ALL, OWN = "all", "Own"
STAND_FOR = {
    "price": ("Returns", "Trend", "Candle"),
    **{title.lower(): (title,) for title in ("Volatility", "Volume", "Calendar")},
}
SEVERAL = (ALL, *STAND_FOR)
COLLECTED_BY = {
    "funding": "data.funding = true",
    "open_interest": "data.open_interest = true",
    "second_close": "data.second_exchange",
    "second_volume": "data.second_exchange",
}


def resolve(
    names: Sequence[str], available_columns: Collection[str], own: Sequence[Feature] = (), *, step_ms: int = 0
) -> tuple[str, ...]:
    """The features that a run computes, in order.

    `all` stands for every built-in whose inputs are there (and, given `step_ms`, that can vary on candles
    of that length), then the own ones; `price`, `volatility`, `volume` and `calendar` for those of their
    groups; `rsi_14_4h` for rsi_14 of 4 h candles. Raises ChangeSettingsError for an unknown name, for one
    given twice and for one whose input series was not collected.
    """
    known = with_extra(with_own(own), available_columns)
    resolved: list[str] = []
    for name in names:
        resolved += expanded_names(name, available_columns, own, step_ms)
    for name in resolved:
        feature = named(name, known, Calendar(step_ms))
        if feature is None:
            raise unknown(name, known)
        if absent := sorted(set(feature.needs) - set(available_columns)):
            raise not_collected(feature, absent)
    if twice := sorted({name for name in resolved if resolved.count(name) > 1}):
        remedy = "all holds every feature already" if ALL in names else "Give each once"
        raise ChangeSettingsError("features.names", f"{', '.join(twice)} given twice", remedy)
    return tuple(resolved)


def expanded_names(
    name: str, available_columns: Collection[str], own: Sequence[Feature], step_ms: int
) -> list[str]:
    """The features that a name stands for: those of a group, or the one."""
    if name not in SEVERAL:
        return [name]
    found = everything(available_columns, own, step_ms)
    group = {feature.name for title in STAND_FOR.get(name, ()) for feature in GROUPS[title]}
    return [each for each in found if name == ALL or each in group]


def group_of(name: str) -> str:
    """The heading of a feature in docs/features.md, also of longer candles; `Own` for any other."""
    base, _, timeframe = name.rpartition("_")
    of = {feature.name: title for title, group in GROUPS.items() for feature in group}
    return of.get(name) or of.get(base if timeframe in TIMEFRAME_MS else "", OWN)


def with_own(own: Iterable[Feature]) -> dict[str, Feature]:
    """Built-in and own features by name; ChangeSettingsError if two have one name."""
    known = dict(BUILT_IN)
    for feature in own:
        if feature.name in known or feature.name in SEVERAL:
            reason = f"the name of feature {feature.name} is taken"
            raise ChangeSettingsError(
                feature.file, reason, "Give it a name that docs/features.md does not list"
            )
        known[feature.name] = feature
    return known


def everything(available_columns: Collection[str], own: Iterable[Feature], step_ms: int) -> list[str]:
    """What `all` stands for."""
    built_in = [
        feature.name
        for feature in BUILT_IN.values()
        if set(feature.needs) <= set(available_columns) and not 0 < feature.steps_below <= step_ms
    ]
    imported = list(with_extra({}, available_columns))
    return built_in + imported + [feature.name for feature in own]


def unknown(name: str, known: Collection[str]) -> ChangeSettingsError:
    """The refusal of a name that is no feature."""
    near = difflib.get_close_matches(name, [*known, *SEVERAL], 3, 0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "docs/features.md lists all"
    return ChangeSettingsError("features.names", f"there is no feature {name}", hint)


def not_collected(feature: Feature, absent: Sequence[str]) -> ChangeSettingsError:
    """The refusal of a feature without its input."""
    by = [COLLECTED_BY[name] for name in absent if name in COLLECTED_BY]
    settings = " and ".join(dict.fromkeys(by))
    remedy = f"Set {settings}, or leave the feature out" if by else "Correct its needs"
    reason = f"{feature.name} needs {' and '.join(absent)}, which the run has not"
    return ChangeSettingsError(feature.file or "features.names", reason, remedy)


def table() -> str:
    """Every built-in feature as Markdown tables, one a group, as docs/features.md shows them."""
    lines: list[str] = []
    for title, group in GROUPS.items():
        lines += [f"### {title}", "", "| name | formula | warm-up | over a gap | needs |"]
        lines.append("|---|---|---:|---|---|")
        for feature in group:
            needs = ", ".join(f"`{name}`" for name in feature.needs)
            over = {0: "", 1: "anew"}.get(feature.warm_up, feature.over_gaps)
            lines.append(f"| `{feature.name}` | {feature.doc} | {feature.warm_up} | {over} | {needs} |")
        lines.append("")
    return "\n".join(lines)
