"""The panel of the stress tests fits the smallest terminal, whatever the figures are."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.results.stress import AtCapital, BreakEven, Capacity, Delay, Regime, StressTests, TrackRecord
from engine.robustness import capacity, regimes
from engine.robustness.delay_decay import DELAYS
from tui.screens.backtest.stress import stress
from tui.widgets.lines import plain

gains = st.one_of(st.floats(-1, 1e9), st.just(float("nan")))
ratios = st.one_of(st.floats(-99.99, 999.99), st.just(float("nan")))
KINDS = [
    *[(regimes.VOLATILITY, name) for name in ("calm", "middle", "wild")],
    *[(regimes.TREND, name) for name in ("up", "down")],
    *[(regimes.SIDE, name) for name in ("long", "short")],
    *[(regimes.WEEKDAY, name) for name in regimes.WEEKDAYS],
]


@given(st.data())
def test_no_figure_is_cut_at_80_columns_and_23_rows(data):
    draw = data.draw
    found = StressTests(
        tuple(Delay(late, draw(gains), draw(ratios)) for late in DELAYS),
        BreakEven(draw(st.floats(0, 1000)), 0.0, 0.0),
        Capacity(
            tuple(AtCapital(money, draw(gains), draw(ratios)) for money in capacity.CAPITALS[::2]),
            1.0,
            draw(st.floats(1e4, 1e10)),
        ),
        tuple(Regime(*kind, draw(st.floats(0, 1)), draw(gains), draw(ratios)) for kind in KINDS),
        TrackRecord(draw(st.integers(0, 9999)), draw(st.floats(1, 999_999))),
    )
    lines = ["".join(text for text, _ in line) for line in stress(SimpleNamespace(stress=found), 80)]
    assert len(lines) <= 18
    assert {len(line) for line in lines[1:]} == {79}
    for line in lines[2:]:
        assert line[39] == " "


@pytest.mark.parametrize("portfolio", [None, object()])
def test_a_result_without_them_says_so_and_names_a_key_only_where_it_helps(portfolio):
    said = stress(SimpleNamespace(stress=None, portfolio=portfolio), 80)
    assert ("b backtests the run again" in plain(said[1])) == (portfolio is None)
