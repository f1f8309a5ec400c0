"""Trials of a search, sorted and filtered: words, and terms such as `ic>0.02 state=pruned lookback<10`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import ChangeSettingsError
from engine.results.number_format import defined
from engine.results.trade_terms import COMPARE, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.results.search import Drawn, SearchTrial

TERM = re.compile(r"([A-Za-z_][\w.]*)(<=|>=|!=|=|<|>)(\S+)")
EXAMPLE = "Write it such as ic>0.02 sharpe>1 state=pruned model.kind=mlp lookback<10"
ALSO = {"return": "total_return", "number": "trial"}
FIGURES: dict[str, Callable[[SearchTrial], float]] = {
    "trial": lambda each: each.number,
    "sharpe": lambda each: each.sharpe,
    "total_return": lambda each: each.total_return,
    "epochs": lambda each: each.epochs,
    "rules": lambda each: each.rules,
}


def value_of(each: SearchTrial, key: str) -> Drawn | None:
    """A figure of a trial, its state, or what was drawn for a setting; None where it has none."""
    if key == "state":
        return each.state
    if key in each.objectives:
        return each.objectives[key]
    return FIGURES[key](each) if key in FIGURES else each.drawn.get(key)


def ordered(trials: Sequence[SearchTrial], key: str, *, down: bool) -> list[SearchTrial]:
    """The trials by a figure; those without it last."""
    known = [each for each in trials if isinstance(value := value_of(each, key), str) or defined(value)]
    rest = [each for each in trials if each not in known]
    return [*sorted(known, key=lambda each: value_of(each, key), reverse=down), *rest]  # type: ignore[arg-type,return-value]


def fitting(trials: Sequence[SearchTrial], text: str) -> list[SearchTrial]:
    """The trials that hold every word and keep every term; what is not defined keeps none.

    A setting may be named without its group. Raises ChangeSettingsError.
    """
    keys = list(dict.fromkeys(key for each in trials for key in (*each.objectives, *each.drawn)))
    judges = [judge(word, keys) for word in text.split()]
    return [each for each in trials if all(keeps(each) for keeps in judges)]


def wrong(trials: Sequence[SearchTrial], text: str) -> str:
    """What is wrong with a filter of these trials; empty if it will do."""
    try:
        fitting(trials, text)
    except ChangeSettingsError as error:
        return str(error)
    return ""


def judge(word: str, keys: Sequence[str]) -> Callable[[SearchTrial], bool]:
    """What one word asks of a trial. Raises ChangeSettingsError."""
    found = TERM.fullmatch(word)
    if found is None:
        return lambda each: word.lower() in f"{each.state} {each.reason} {each.drawn}".lower()
    name, sign, wanted = found.groups()
    key = key_of(word, name, keys)

    def keeps(each: SearchTrial) -> bool:
        value = value_of(each, key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return defined(value) and bool(COMPARE[sign](value, number(key, wanted)))
        if value is None or sign not in ("=", "!="):
            return False
        text = str(value).lower()
        return bool(COMPARE[sign](text, wanted.lower()))

    return keeps


def key_of(word: str, name: str, keys: Sequence[str]) -> str:
    """The figure or setting that a name means. Raises ChangeSettingsError."""
    known = ["state", *FIGURES, *keys]
    name = ALSO.get(name, name)
    found = [key for key in known if name in (key, key.rpartition(".")[2])]
    if not found:
        raise ChangeSettingsError(f"filter {word!r}", f"trials have no {name!r}", EXAMPLE)
    return found[0]
