"""The parts of an account as text and on the screen: every figure whole, in the room there is."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.results.number_format import amount, correlation, signed
from engine.results.portfolio import (
    PORTFOLIO_BASELINES,
    CrossSectionalIC,
    ExposureHistory,
    PortfolioBaseline,
    PortfolioParts,
    SymbolParts,
)
from engine.results.portfolio_tables import portfolio_tables
from engine.runs.home import Home
from engine.runs.results import backtest_of
from tests.queries.results import backtested
from tui.screens.backtest.portfolio import CELL, NAME, portfolio
from tui.screens.backtest.trade_rows import COLUMNS, OF_SEVERAL
from tui.widgets.lines import plain, width_of
from tui.widgets.virtual_table import fitting

SHARES = st.floats(-9.99, 9.99) | st.floats(-1e300, 1e300) | st.just(math.nan)
SYMBOL = "2025-01-01T00:00:00Z"


@st.composite
def parts(draw):
    """Parts of 1 to 30 symbols whose figures are anything."""
    count = draw(st.sampled_from([1, 2, 6, 16]))
    symbols = tuple(
        SymbolParts(
            f"S{number}/USDT", SYMBOL, SYMBOL, 100, draw(st.integers(0, 99_999)),
            *(draw(SHARES) for _ in range(2)), *(draw(SHARES) for _ in range(3)), 50, draw(SHARES),
            draw(SHARES), draw(SHARES),
        )
        for number in range(count)
    )  # fmt: skip
    together = tuple(
        tuple(1.0 if row == column else draw(st.floats(-1, 1)) for column in range(count))
        for row in range(count)
    )
    times = draw(st.sampled_from([0, 1, 7, 200]))
    held = [draw(SHARES) for _ in range(min(times, 5))] * (times // 5 + 1)
    history = ExposureHistory((SYMBOL,) * times, tuple(map(abs, held[:times])), tuple(held[:times]))
    across = CrossSectionalIC(draw(SHARES), draw(SHARES), draw(SHARES), 5, 100, float(count))
    rules = tuple(PortfolioBaseline(name, draw(SHARES), draw(SHARES), 0.1, 3) for name in PORTFOLIO_BASELINES)
    figures = [draw(SHARES) for _ in range(4)]
    return PortfolioParts("equal", symbols, together, *figures, history, across, rules)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return backtest_of(backtested(Home(tmp_path_factory.mktemp("home")), 300))


@settings(max_examples=20, deadline=None)
@given(parts(), st.integers(60, 220), st.booleans())
def test_each_symbol_and_each_correlation_stands_whole(result, found, width, plain_characters):
    lines = portfolio(replace(result, portfolio=found), width, ascii=plain_characters)
    assert max(map(width_of, lines)) <= width
    text = [plain(line) for line in lines]
    if plain_characters:
        assert not set("│█▁▂▃▄▅▆▇") & set("".join(text))
    for each in found.symbols:
        row = next(line.split() for line in text if line.startswith(f" {each.symbol} "))
        assert row[1] == signed(each.pnl)
        assert correlation(each.ic) in row or "IC" not in text[1].split()  # the column has given way
    room = min(len(found.symbols), (width - NAME - 2) // CELL)
    last = text[-len(found.symbols) :]
    for line, values in zip(last, found.correlation, strict=True):
        assert line.split()[1:] == [str(round(100 * value)) for value in values[:room]]
    if room < len(found.symbols):
        assert any(f"{room} of {len(found.symbols)} columns" in line for line in text)


@settings(max_examples=20, deadline=None)
@given(parts())
def test_tables_hold_every_part(result, found):
    symbols, whole, baselines, together = portfolio_tables(replace(result, portfolio=found))
    assert [row[0] for row in symbols.rows] == [each.symbol for each in found.symbols]
    assert [row[1:] for row in together.rows] == [tuple(map(amount, row)) for row in found.correlation]
    assert len(baselines.rows) == len(PORTFOLIO_BASELINES)
    assert len(whole.rows) == 6


def test_one_symbol_alone_has_no_such_panel(result):
    assert portfolio_tables(result) == []
    assert "trades one symbol" in plain(portfolio(result, 80)[1])


def test_a_trade_of_several_symbols_has_what_it_came_to_and_why_at_every_width():
    needed = {"symbol", "side", "entry_time", "return", "pnl", "exit_reason"}
    assert {each.key for each in OF_SEVERAL} == {"symbol", *(each.key for each in COLUMNS)}
    for width in range(80, 221):
        widths = fitting(OF_SEVERAL, width)
        assert needed <= {each.key for each in widths}
        assert sum(widths.values()) + len(widths) + 1 <= width
