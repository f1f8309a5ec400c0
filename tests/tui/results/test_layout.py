"""Nothing is wider than its place and no figure is cut, at any size of the terminal and of the numbers."""

import json
import math
import re
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from engine.results.answers import Curve
from engine.results.compared import AgainstFirst, ComparedRun, ComparedRuns, Difference
from engine.results.figures import Interval
from engine.results.metrics import placed, tabled
from engine.results.nested import NestedResult, SearchedSpan
from engine.results.number_format import defined, grouped
from engine.results.robustness import AccountIntervals
from engine.results.search import Luck, SearchTrial
from engine.runs.results import backtest_of
from tests.tui.app import searched
from tests.tui.results.conftest import RUN, quiet, text_of
from tui.number_format import NUMBER, shortened
from tui.runs.comparison import different
from tui.runs.facts import facts_of
from tui.runs.nested import Spans
from tui.runs.search import SearchProgress, Trials
from tui.screens.backtest import drawing, figures
from tui.screens.backtest.stress import stress
from tui.screens.runs.columns import Columns, head, table
from tui.screens.search import charts, spans
from tui.screens.search import drawing as of_search
from tui.widgets import equity_chart, price_chart, rolling_chart
from tui.widgets.lines import Lines, fitted, plain, width_of

CUT_NUMBER = re.compile(r"\d…(?![-\d])")  # 0.2…0.4 are an interval
finite = st.floats(-1e300, 1e300)  # what is written of more is read as infinite
magnitudes = st.one_of(finite, st.floats(-1e7, 1e7), st.just(math.nan))


def near(text, value):
    """Whether a text gives the value as exactly as its own digits say."""
    mantissa, _, power = text.removesuffix(" %").replace(",", "").partition("e")
    step = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    return abs(float(text.removesuffix(" %").replace(",", "")) - value) <= 0.51 * step + abs(value) * 1e-12


@given(finite, st.integers(0, 4), st.sampled_from("+-"), st.integers(1, 24))
@settings(deadline=None)
def test_a_number_in_too_little_room_is_shortened_and_never_cut(value, digits, sign, width):
    text = grouped(value, digits, sign)
    assert NUMBER.fullmatch(text)
    shown = fitted(text, width, right=True)
    assert len(shown) == width
    assert set(shown) == {"#"} or near(shown.strip(), float(text.replace(",", "")))
    if width >= 8:  # a sign, a digit, and e+300
        assert "#" not in shortened(text, width)


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=30, deadline=None)
def test_every_metric_of_any_size_stands_whole_in_its_column(seed, what_if):
    generator = np.random.default_rng(seed)

    def some():
        values = generator.choice([-1, 1], len(tabled())) * 10 ** generator.uniform(-6, 200, len(tabled()))
        values[generator.random(len(values)) < 0.2] = math.nan
        return dict(zip([metric.key for metric in tabled()], map(float, values), strict=True))

    own, other = some(), some()
    sides = figures.ComparedColumns(("run", "what-if", "Δ"), (own, other), (), (None,), int(what_if))
    lines = [plain(line) for line in figures.figures(sides)]
    for metric, line in zip(tabled(), lines[1:], strict=True):
        assert len(line) <= figures.WIDTH
        cells = [line[at : at + figures.NUMBER].strip() for at in (figures.LABEL + 1, figures.LABEL + 14)]
        for cell, side in zip(cells, (own, other), strict=True):
            value = side[metric.key] * (100 if metric.format == "percent" else 1)
            assert near(cell, value) if defined(value) else cell == "n/a"


LEGENDS = (
    lambda width: equity_chart.legend(width, shaded=True, log=True, ascii=False),
    lambda width: rolling_chart.legend(365, width, ascii=False),
    lambda width: price_chart.legend(MANY_BARS, width, ascii=False),
)
MANY_BARS = SimpleNamespace(
    bars=123_456, all=1_000_000, candles=SimpleNamespace(close=(1.0,) * 7), without_forecast=(1.0,)
)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_no_panel_of_a_result_of_any_size_is_wider_than_the_screen(full, data):
    recorded = backtest_of(full.find(RUN))
    any_size, width = lambda: data.draw(magnitudes), data.draw(st.integers(60, 220))
    fills = replace(
        recorded.fills,
        scenarios=tuple(
            replace(each, total_return=any_size(), sharpe=any_size()) for each in recorded.fills.scenarios
        ),
    )
    costs = replace(recorded.costs, fees=any_size(), slippage=any_size(), funding=any_size())
    months = {year: [any_size() for _ in row] for year, row in recorded.months.items()}
    result = replace(recorded, fills=fills, costs=costs, months=months)
    months = drawing.months(result, width)
    for line in [*drawing.fills(result, result, width), *months, *stress(result, width)]:
        assert width_of(line) <= width
    years = [cells for line in map(plain, months) if (cells := line.split()) and cells[0] in result.months]
    told = sum(defined(value) for row in result.months.values() for value in row)
    assert sum(len(cells) - 1 for cells in years) == told
    shown = drawing.Shown(result, (), 0, "not run")
    lines = [*drawing.banner(shown, width), *(legend(width) for legend in LEGENDS)]
    assert not any("…" in plain(line) for line in lines)
    assert all(width_of(line) <= drawing.ASIDE for line in drawing.aside(result, result))


async def test_a_figure_as_wide_as_json_allows_is_shortened_on_the_screens(deck_on, home):
    path = home.runs / RUN / "result.json"
    result = json.loads(path.read_text())
    result["metrics"] |= {"cagr": 1e24, "total_return": 1e24, "sharpe": -123_456_789.123, "trades": 1e15}
    path.write_text(json.dumps(result))
    deck = deck_on(home, first="backtest")
    async with deck.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        shown = text_of(deck)
        assert all(figure in shown for figure in ("1.00e+26", "-123,456,789", "1.00e+15"))
        assert not CUT_NUMBER.search(shown)
        await pilot.press("z", "z")
        await quiet(pilot)
        (row,) = (line for line in text_of(deck).splitlines() if line.startswith(" CAGR"))
        assert "1.00e+26" in row
        await pilot.press("4")
        await quiet(pilot)
        assert not CUT_NUMBER.search(text_of(deck))


@pytest.mark.parametrize("size", [(80, 22), (160, 37)], ids=str)
async def test_no_line_of_a_screen_is_wider_than_its_block(deck_on, home, size):
    deck = deck_on(home, first="backtest")
    async with deck.run_test(size=size) as pilot:
        await quiet(pilot)
        for keys in ("", "z", "z", "z", "z", "f", "f", "f", "f", "f", "{", "1", "4"):
            if keys:
                await pilot.press(keys)
                await quiet(pilot)
            for block in deck.screen.query(Lines):
                if block.display and block.size.width and block.id not in ("needed", "keys"):
                    wide = max(map(width_of, block._lines), default=0)
                    assert wide <= block.size.width, (size, keys, block, block.text, text_of(deck))


def compared(every, any_size, generator):
    """What an engine may answer about these runs."""

    def against():
        days, ruined = int(generator.integers(4000)), bool(generator.random() < 0.2)
        apart = (Difference(any_size(), Interval(any_size(), any_size())) for _ in range(3))
        return AgainstFirst(days, "2020-01-01", "2026-01-01", *apart, ruined=ruined)

    runs = (
        ComparedRun(each.run.id, True, Curve(), against() if at else None) for at, each in enumerate(every)
    )
    return ComparedRuns(tuple(runs))


@given(
    st.integers(0, 2**32), st.integers(58, 220), st.text(st.characters(exclude_categories="C"), max_size=30)
)
@settings(max_examples=12, deadline=None)
def test_a_comparison_of_any_runs_has_all_digits_at_every_width(full, seed, width, name):
    one, recorded = facts_of(full.find(RUN)), backtest_of(full.find(RUN))
    generator = np.random.default_rng(seed)
    count = int(generator.integers(2, 7))

    def any_size():
        size = float(generator.choice([-1, 1]) * 10 ** generator.uniform(-6, generator.choice([4, 300])))
        return math.nan if generator.random() < 0.1 else size

    every = [
        replace(
            one,
            run=SimpleNamespace(
                id=f"{number:08x}", name=name[number:], path=Path("nowhere"), about_path=Path("nowhere")
            ),
            metrics={key: any_size() for key in one.metrics},
            differ={
                "model.units": generator.integers(0, 999, generator.integers(1, 9)).tolist(),
                "seed": number,
            },
        )
        for number in range(count)
    ]
    ends = AccountIntervals(*(Interval(any_size(), any_size()) for _ in range(3)))
    result = replace(recorded, intervals=replace(recorded.intervals, strategy=ends))
    columns = Columns(every, [result] * count, different([each.differ for each in every]))
    found, first, cells_of = compared(every, any_size, generator), 1, {}
    while True:
        shown = columns.shown(width, first)
        lines = [*head(columns, shown), *table(columns, shown, found, waits=False)]
        assert all(width_of(line) <= width for line in lines)
        assert not any("…" in text for line in lines for text, _ in line)
        for place, number in enumerate(shown.numbers):
            cells_of[number] = [line[1 + place][0].strip() for line in lines if len(line) > 1]
        if "→" not in shown.said:
            break
        first += len(shown.others)
    assert set(cells_of) == set(range(columns.count))  # every run is reached by paging
    for number, each in enumerate(every):
        assert f"{number + 1}{each.run.id}" in "".join(cells_of[number]).replace(" ", "")
        assert str(each.differ["model.units"]).replace(" ", "") in "".join(cells_of[number]).replace(" ", "")
        for metric in placed("compare"):
            value = metric.of(each.metrics) * (100 if metric.format == "percent" else 1)
            numbers = [cell for cell in cells_of[number] if NUMBER.fullmatch(cell)]
            assert not defined(value) or any(near(cell, value) for cell in numbers)


def any_sizes(generator):
    """What draws a figure of any size; one in ten is not defined."""

    def any_size():
        size = float(generator.choice([-1, 1]) * 10 ** generator.uniform(-6, generator.choice([4, 300])))
        return math.nan if generator.random() < 0.1 else size

    return any_size


def any_trials(generator, any_size):
    """The trials of a search whose objectives, figures and drawn settings are anything."""
    found = []
    for number in range(int(generator.integers(1, 30))):
        state = str(generator.choice(["complete", "complete", "pruned", "failed"]))
        objectives = {name: any_size() for name in ("ic", "max_drawdown")}
        if state == "complete":  # has its objectives
            objectives = {name: 0.0 if math.isnan(value) else value for name, value in objectives.items()}
        drawn = {
            "training.learning_rate": abs(any_size()),
            "window.lookback": int(generator.integers(2, 10**6)),
            "model.kind": str(generator.choice(["mlp", "lstm"])),
        }
        epochs, rules = map(int, generator.integers(0, 10**6, 2))
        figures = (rules, epochs, any_size(), any_size())
        found.append(SearchTrial(number, state, objectives, drawn if number else {}, *figures, "a reason"))
    return tuple(found)


@given(st.integers(0, 2**32), st.integers(58, 220), st.integers(8, 60), st.booleans())
@settings(max_examples=12, deadline=None, phases=[Phase.generate])
def test_no_figure_of_a_search_is_cut_whatever_its_trials_came_to(seed, width, height, plain_characters):
    generator = np.random.default_rng(seed)
    any_size = any_sizes(generator)
    trials = any_trials(generator, any_size)
    kinds = {each.name: any_size for each in fields(Luck) if each.type == "Number"}
    luck = replace(searched.LUCK, **{name: draw() for name, draw in kinds.items()})
    found, how = Trials(trials, luck=luck), {"ascii": plain_characters}
    keys, size = charts.keys_of(trials, {}), (width, height)
    share = {key: float(generator.random()) for key in keys}
    lines = [
        of_search.progress(found, SearchProgress(5, 10**6, None, "ic", found.best), width, **how),
        *of_search.verdicts(found, width), *of_search.luck_panel(found, width, **how),
        *of_search.odds_panel(luck, width, height), *of_search.importance(share, keys, "", width, **how),
        *charts.best_so_far(trials, "ic", size, **how), *charts.parallel(trials, keys, "ic", size, **how),
        *charts.front(trials, found.front, ("ic", "max_drawdown"), size, **how),
        *(line for key in keys for line in charts.slices(trials, key, "ic", None, size, **how)),
        *(line for each in trials for line in of_search.details(each, "luck", width)),
    ]  # fmt: skip
    for line in lines:
        assert width_of(line) <= width, plain(line)
        assert not CUT_NUMBER.search(plain(line)), plain(line)


@given(st.integers(0, 2**32), st.integers(58, 220))
@settings(max_examples=12, deadline=None, phases=[Phase.generate])
def test_the_figures_of_a_search_through_time_stand_whole(seed, width):
    any_size = any_sizes(np.random.default_rng(seed))
    traded = tuple(
        SearchedSpan(
            number, "2026-01-01", "2026-02-01", "5ea10001", "", 3, *(any_size() for _ in range(5)), 9,
            {"training.learning_rate": any_size()},
        )
        for number in range(1, 4)
    )  # fmt: skip
    values = (any_size() for _ in range(20))
    numbers = {each.name: next(values) for each in fields(NestedResult) if each.type == "Number"}
    others = {"run": "", "simulated": True, "start": "", "end": "", "days": 9, "spans": traded, "notes": ()}
    result = NestedResult(**numbers, **others)
    for line in spans.verdicts(Spans({}, result), width, 99):
        assert width_of(line) <= width, plain(line)
    for each in traded:
        for column, (text, _) in zip(spans.COLUMNS, spans.traded(each), strict=True):
            assert column.spare or "…" not in fitted(text, column.width, right=column.right)
