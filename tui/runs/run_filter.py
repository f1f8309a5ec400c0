"""Which runs a filter keeps: words that stand in what is told of a run, and terms such as `sharpe>1`."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from engine.errors import ChangeSettingsError
from engine.results.metrics import METRICS
from engine.results.number_format import defined
from engine.results.trade_terms import COMPARE, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.runs.facts import RunFacts

TERM = re.compile(r"([A-Za-z_]\w*)(<=|>=|!=|=|<|>)(\S+)")
ALSO = {
    "return": "total_return", "drawdown": "max_drawdown", "loss": "val_loss", "symbol": "series",
    "id": "run", "status": "state",
}  # fmt: skip
TEXTS: dict[str, Callable[[RunFacts], str]] = {  # in these a part is enough
    "run": lambda each: each.run.id,
    "name": lambda each: each.run.name,
    "of": lambda each: each.run.of,
    "series": lambda each: each.symbol,
    "note": lambda each: each.note,
    "tag": lambda each: " ".join(each.tags),
    "created": lambda each: each.run.created,
}
CHOICES: dict[str, Callable[[RunFacts], str]] = {
    "mode": lambda each: each.run.mode,
    "state": lambda each: each.state.status,
}
EXAMPLE = "Write it such as sharpe>1 trades>30 series=BTC mode=run created>=2026-01"


def fitting(runs: Sequence[RunFacts], text: str) -> list[RunFacts]:
    """The runs that hold every word and keep every term; an undefined figure keeps none.

    Shares may be written in percent; small and capital letters are the same. A word with a dot before its
    comparison, such as training.epochs=5, is one of the settings that differ. Raises ChangeSettingsError.
    """
    words = text.split()
    own = {name for each in runs for name in each.own}
    judges = [judge(word, own) for word in words]
    return [each for each in runs if all(keeps(each) for keeps in judges)]


def wrong(runs: Sequence[RunFacts], text: str) -> str:
    """What is wrong with a filter of these runs; empty if it will do."""
    try:
        fitting(runs, text)
    except ChangeSettingsError as error:
        return str(error)
    return ""


def judge(word: str, own: set[str]) -> Callable[[RunFacts], bool]:
    """What one word asks of a run. own: figures of studies. Raises ChangeSettingsError."""
    found = TERM.fullmatch(word)
    if found is None:
        return lambda each: each.has_words(word)
    name, sign, value = found.groups()
    key = key_of(word, name.lower(), own)
    if key in TEXTS or key in CHOICES:
        return of_text(word, key, sign, value.lower())
    wanted, compare = number(key, value), COMPARE[sign]

    def keeps(each: RunFacts) -> bool:
        figure = each.best_loss if key == "val_loss" else each.metrics.get(key)
        return defined(figure) and bool(compare(figure, wanted))

    return keeps


def key_of(word: str, name: str, own: set[str]) -> str:
    """The key that a name means. Raises ChangeSettingsError with the near ones."""
    known = [*METRICS, "val_loss", *sorted(own - set(METRICS)), *TEXTS, *CHOICES]
    key = name if name in known else ALSO.get(name, name)
    if key not in known:
        near = difflib.get_close_matches(key, [*known, *ALSO], 3, 0.5)
        near = near or [each for each in known if key in each][:3]
        hint = f"Near it: {', '.join(near)}. " if near else ""
        raise ChangeSettingsError(f"filter {word!r}", f"runs have no {name!r}", f"{hint}{EXAMPLE}")
    return key


def of_text(word: str, key: str, sign: str, wanted: str) -> Callable[[RunFacts], bool]:
    """A term of a text. Raises ChangeSettingsError where it has no order."""
    if key in CHOICES and sign in {"=", "!="}:
        return lambda each: bool(COMPARE[sign](CHOICES[key](each).lower(), wanted))
    if key in TEXTS and sign in {"=", "!="}:
        return lambda each: (wanted in TEXTS[key](each).lower()) == (sign == "=")
    if key == "created":
        # As exactly as it is asked about: 2026-01 is the whole month.
        return lambda each: bool(COMPARE[sign](each.run.created.lower()[: len(wanted)], wanted))
    raise ChangeSettingsError(f"filter {word!r}", "words have no order", "Use = or !=")
