"""The lines of the Search screen: how far it is, its verdict, the odds of luck, what matters, one trial."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from engine.hints import file_hint
from engine.results.number_format import amount, correlation, defined, grouped, percent, whole
from engine.results.search import verdict
from tui.runs.status import tone
from tui.screens.backtest.drawing import paragraph
from tui.screens.backtest.selection import indented
from tui.screens.dialogs import wrapped
from tui.screens.train.drawing import bar, waiting
from tui.settings.files import SPACE_FILE, search_hint
from tui.text.search import AS_THEY_ARE, nearest, odds, setting, settings
from tui.widgets.lines import Line, fitted, spread, width_of
from tui.widgets.virtual_table import Column

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from engine.results.search import Drawn, Luck, SearchTrial
    from tui.runs.search import SearchProgress, Trials
    from tui.runs.watch import Watched
    from tui.widgets.virtual_table import Cell

BAR = 20
BINS = 12
MOST_PARAMETERS = 6  # whose importance is told above a slice
FRONT = "◆"  # a trial that none is better than at everything
STATES = {"complete": "", "pruned": "quiet", "failed": "bad"}


def progress(found: Trials, far: SearchProgress | None, width: int, *, ascii: bool) -> Line:  # noqa: A002
    """How many trials are done, of how many, the best of them, those that came to no end."""
    trials = found.trials
    done, of = (far.done, far.of) if far else (len(trials), len(trials))
    line: Line = [(" trials ", "quiet"), *bar(done / max(1, of), min(BAR, width // 4), ascii=ascii)]
    line += [(f" {whole(done)}/{whole(of)}", "")]
    pieces: list[Line] = []
    if (best := found.best) is not None:
        name = found.objectives[0]
        pieces.append([(f"  best {name} ", "quiet"), (grouped(best.objectives[name], 4, "+"), "good"),
                       (f" trial {best.number}", "quiet")])  # fmt: skip
    counts = {state: sum(each.state == state for each in trials) for state in ("pruned", "failed")}
    pieces += [[(f"  {whole(count)} {state}", STATES[state])] for state, count in counts.items() if count]
    for piece in pieces:
        if width_of(line) + width_of(piece) <= width:
            line += piece
    return line


def verdicts(found: Trials, width: int, caveats: Sequence[str] = (), unclaimed: str = "") -> list[Line]:
    """What is to be said of the winner, before any figure.

    caveats: what must be read first; unclaimed: why no skill is claimed.
    """
    first = [line for said in caveats for line in paragraph(said, width, "alarm")]
    if found.luck is None:
        return [*first, [(" no verdict yet: it comes with the first batch of trials", "quiet")]]
    text = verdict(found.luck, unclaimed)[0].text
    far = "" if found.result else "So far: "
    lines = textwrap.wrap(f"{far}{text}", max(20, width - 2))
    role = "good" if found.luck.beyond_chance and not unclaimed else "warn"
    return [*first, *([(f" {line}", role)] for line in lines)]


def odds_panel(luck: Luck | None, width: int, height: int) -> list[Line]:
    """The odds in short: a label and a figure."""
    lines: list[Line] = [[(" odds of luck", "bright"), ("   f all of them", "quiet")]]
    if luck is None:
        return lines
    for label, value in short_odds(luck)[: max(0, height - 1)]:
        lines.append(spread([(f" {label}", "quiet")], [(value, "")], width - 1))
    return lines


def short_odds(luck: Luck) -> list[tuple[str, str]]:
    """What fits beside a chart, the most telling first."""
    return [
        ("deflated Sharpe", correlation(luck.deflated_sharpe)),
        ("Sharpe of the winner", amount(luck.sharpe)),
        ("best Sharpe by luck", amount(luck.expected_best_sharpe)),
        ("PBO", correlation(luck.overfitting)),
        ("SPA above nothing, p", correlation(luck.spa)),
        ("Reality Check, p", correlation(luck.reality_check)),
        *nearest(luck, "{} nearest lose", "nearest loses"),
        ("SPA above default, p", correlation(luck.spa_default)),
        ("SPA above buy & hold, p", correlation(luck.spa_hold)),
        ("trials that count", whole(luck.trials)),
        ("days", whole(luck.days)),
    ]


def luck_panel(found: Trials, width: int, *, ascii: bool) -> list[Line]:  # noqa: A002
    """All the odds, and the distribution of the trials' Sharpe ratios with the winner marked."""
    if found.luck is None:
        return verdicts(found, width)
    lines: list[Line] = [[(" odds of luck", "bright"), ("" if found.result else "  so far", "quiet")]]
    lines += [
        spread([(f" {label}", "quiet")], [(value, "")], min(width - 1, 52))
        for label, value in odds(found.luck)
    ]
    others = [note.text for note in verdict(found.luck)[1:]]
    lines += [[(f" {line}", "quiet")] for text in others for line in textwrap.wrap(text, max(20, width - 2))]
    return [*lines, [], *distribution(found, found.luck, width, ascii=ascii)]


def distribution(found: Trials, luck: Luck, width: int, *, ascii: bool) -> list[Line]:  # noqa: A002
    """How many trials have which out-of-fold Sharpe ratio; the winner's, and the best to expect by luck."""
    values = [each.sharpe for each in found.trials if each.complete and defined(each.sharpe)]
    head: Line = [(f" out-of-fold Sharpe of {whole(len(values))} trial{'s' * (len(values) != 1)}", "bright")]
    if not values:
        return [head, [(" none of them has one", "quiet")]]
    marks = [(luck.sharpe, "★ winner", "good"), (luck.expected_best_sharpe, "best by luck", "warn")]
    every = [*values, *(value for value, _, _ in marks if defined(value))]
    low, high = min(every), max(every)
    step = (high - low) / BINS or 1.0
    counts, labels = [0] * BINS, [[] for _ in range(BINS)]  # type: list[int], list[Line]
    for value in values:
        counts[place(value, low, step)] += 1
    for value, name, role in marks:
        if defined(value):
            labels[place(value, low, step)].append((f"  {name} {amount(value)}", role))
    ends = [amount(low + number * step) for number in range(BINS + 1)]
    wide = max(map(len, ends))
    room = max(5, min(40, width - 50))
    lines: list[Line] = [head]
    for number, count in enumerate(counts):
        first = f" {ends[number]:>{max(7, wide)}} … {ends[number + 1]:<{max(6, wide)}} "
        full = math.ceil(room * count / max(counts)) if count else 0
        cells = ("#" if ascii else "█") * full
        line: Line = [(first, "quiet"), (cells, "live"), (f" {count}" if count else "", "")]
        beside = width_of(line) + width_of(labels[number]) <= width
        lines += [[*line, *labels[number]]] if beside else [line, labels[number]]
    return lines


def place(value: float, low: float, step: float) -> int:
    """Which bin a value is in."""
    return min(BINS - 1, max(0, int((value - low) / step)))


def importance(
    shares: Mapping[str, float], keys: Sequence[str], chosen: str, width: int,
    *, ascii: bool,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """How much of the objective's spread each setting explains; the chosen one has a mark."""
    lines: list[Line] = [[(" importance", "bright"), (" (fANOVA)   [ ] chooses the setting below", "quiet")]]
    at = keys.index(chosen) if chosen in keys else 0
    first = max(0, min(at - MOST_PARAMETERS // 2, len(keys) - MOST_PARAMETERS))
    for key in keys[first : first + MOST_PARAMETERS]:
        mark = (">" if ascii else "▸") if key == chosen else " "
        share = shares.get(key)
        text = f" {percent(share):>6} %" if defined(share) else "    n/a"
        lines.append([(mark, "live"), (fitted(key, 26), "bright" if key == chosen else ""),
                      *bar(share or 0.0, max(5, min(20, width - 40)), ascii=ascii), (text, "")])  # fmt: skip
    return lines


def columns(objectives: Sequence[str]) -> tuple[Column, ...]:
    """The columns of the table of trials; the last ones give way."""
    return (
        Column("trial", "trial", 6, right=True),
        Column("state", "state", 8),
        *(Column(name, name, max(8, len(name) + 1), right=True) for name in objectives),
        Column("drawn", "differs from the settings by", 30, spare=True),
        Column("sharpe", "Sharpe", 8, right=True),
        Column("total_return", "return %", 9, right=True),
        Column("epochs", "epochs", 7, right=True),
        Column("rules", "rules", 6, right=True),
    )


def cells(each: SearchTrial, best: int | None, front: Collection[int]) -> list[Cell]:
    """One trial as a row, marked where it is the best one or on the Pareto front."""
    role = "good" if each.number == best else STATES.get(each.state, "")
    mark = "★ " if each.number == best else f"{FRONT} " if each.number in front else ""
    return [
        (f"{mark}{each.number}", role),
        (each.state, role),
        *((correlation(value), role) for value in each.objectives.values()),
        (settings(short(each.drawn)) if each.drawn else "nothing", "quiet" if not each.drawn else role),
        (amount(each.sharpe), role),
        (percent(each.total_return), role),
        (whole(each.epochs), role),
        (whole(each.rules), role),
    ]


def short(drawn: Mapping[str, Drawn]) -> dict[str, Drawn]:
    """What was drawn by the settings' names without their groups, where these tell them apart."""
    names = [key.rpartition(".")[2] for key in drawn]
    return {
        name if names.count(name) == 1 else key: value
        for name, (key, value) in zip(names, drawn.items(), strict=True)
    }


def details(each: SearchTrial, luck: str, width: int) -> list[Line]:
    """Everything that is known of a trial that has no run of its own. luck: where its figures are from."""
    lines: list[Line] = [
        [(f"Trial {each.number}", "bright"), (f"   {each.state}", STATES.get(each.state, ""))]
    ]
    if each.reason:
        lines += [[(line, "")] for line in textwrap.wrap(each.reason, width)]
    facts = [
        *((name, correlation(value)) for name, value in each.objectives.items()),
        ("Sharpe, annual", amount(each.sharpe)),
        ("total return", f"{percent(each.total_return)} %"),
        ("epochs", whole(each.epochs)),
        *([("rules tried", whole(each.rules))] if each.rules else []),
    ]
    lines += [[(f"  {name:<26}", "quiet"), (value, "")] for name, value in facts] if each.complete else []
    lines += [[], [("drawn" if each.drawn else AS_THEY_ARE, "bright")]]
    lines += [[(f"  {key:<26}", "quiet"), (setting(value), "")] for key, value in each.drawn.items()]
    return [*lines, [], *([(line, "quiet")] for line in textwrap.wrap(luck, width))]


def without(watched: Watched | None, home: Path, width: int, *, ready: bool) -> list[Line]:
    """What is said where there is no trial to show."""
    if not ready:
        return [[(" reading runs …", "quiet")]]
    if watched is None:
        space = Path(SPACE_FILE)
        said = (
            (f"Write a commented space: {file_hint(None, 'init --search -c FILE', space)}", ""),
            (f"Begin a search: {search_hint(home, space)}", ""),
        )
        lines = [line for text, role in said for line in [[], *indented(wrapped(text, role, width - 2))]]
        return [[], [(" No search yet.", "bright")], *lines]
    error = watched.state.error
    text = f" {error.thing}: {error.reason}" if error else f" {waiting(watched.state)}"
    return [[], [(text, tone(error) if error else "quiet")]]
