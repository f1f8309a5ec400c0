"""The trial ledger: whole lines from many writers, the right looks counted, nothing lost in silence."""

import json
import math
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from engine.robustness import deflation
from engine.robustness.deflation import TrialOrigin
from engine.runs import earlier_ledger
from engine.runs.trial_ledger import WHAT_IF, Evaluation, count, spans, trials
from engine.runs.trial_store import FILE, VARIABLE, Series, by_name_or_closes, opened, read
from engine.settings import make
from engine.statistics.metrics import daily_returns
from engine.statistics.returns import probabilistic_sharpe
from tests.backtest.markets import random_bars, random_targets

ROOT = Path(__file__).parents[1]
DAY_MS = 86_400_000
LOOK = Evaluation(
    at="2026-01-01T00:00:00.000Z",
    kind="backtest",
    run="0000aaaa",
    of="0000aaaa",
    market="binance BTC/USDT 1h",
    data="d1",
    from_ms=0,
    to_ms=100 * DAY_MS,
    bars=2400,
    trial="t1",
    sharpe=0.05,
    total_return=0.2,
    simulated=False,
    settings={"signal.entry_threshold": 0.001},
)
WRITER = """
import json
import sys
from dataclasses import replace
from pathlib import Path
from engine.runs.trial_ledger import Evaluation
from tests.test_trial_ledger import record
look = Evaluation(**json.loads(sys.argv[3]))
for number in range(50):
    record(Path(sys.argv[1]), replace(look, run=sys.argv[2], trial=str(number)))
"""


def record(home, look):
    """A look at a market that is known by its name."""
    with opened(home) as store:
        if not store.market_of(look):
            series = Series(look.data, look.market, 0, look.from_ms, look.to_ms)
            store.add_series(series, by_name_or_closes)
        store.add(look)


def test_what_is_recorded_is_read_back_in_order(tmp_path):
    assert read(tmp_path) == ([], 0)
    second = replace(LOOK, run="0000bbbb", sharpe=None, total_return=None)
    record(tmp_path / "new", LOOK)
    record(tmp_path / "new", second)
    assert read(tmp_path / "new") == ([replace(each, same_market=1) for each in (LOOK, second)], 0)


def test_many_processes_write_whole_lines(tmp_path):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), name, json.dumps(asdict(LOOK))], cwd=ROOT
        )
        for name in ("0000aaaa", "0000bbbb", "0000cccc")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    looks, broken = read(tmp_path)
    assert (len(looks), broken) == (150, 0)
    for name in ("0000aaaa", "0000bbbb", "0000cccc"):
        assert [look.trial for look in looks if look.run == name] == [str(number) for number in range(50)]


def test_what_was_tried_before_is_known(tmp_path):
    other = replace(LOOK, settings={"backtest.fee_bps": 2.0})
    record(tmp_path, LOOK)
    with opened(tmp_path) as store:
        assert store.has(replace(LOOK, run="0000bbbb"))  # the same settings once more
        assert not store.has(other)


def earlier_file(home, *looks):
    """The file that an earlier version kept in a home."""
    home.mkdir(parents=True, exist_ok=True)
    later = {"symbol", "timeframe", "home", "last_ms", "same_market"}
    lines = [{name: value for name, value in asdict(look).items() if name not in later} for look in looks]
    (home / earlier_ledger.FILE).write_text("".join(json.dumps({"v": 1} | each) + "\n" for each in lines))


def test_the_ledger_of_an_earlier_version_is_taken_over_once(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine" / FILE))
    first, second = replace(LOOK, run="0000bbbb"), replace(LOOK, market="kraken ETH/USD 1h", data="d2")
    earlier_file(tmp_path / "a", LOOK, LOOK, first)
    earlier_file(tmp_path / "b", LOOK, LOOK, first, second)  # a copy of that home, used since
    for home in ("a", "a", "b", "a", "b"):
        looks, broken = read(tmp_path / home)
    assert ([look.run for look in looks], broken) == ([LOOK.run, LOOK.run, first.run, second.run], 0)
    assert [len(group) for group in spans(looks)] == [3, 1]
    with (tmp_path / "a" / earlier_ledger.FILE).open("a") as file:
        file.write('{"v":1,"at":"2026')  # a writer of that version died here
    assert (len(read(tmp_path / "a")[0]), read(tmp_path / "b")[1]) == (4, 1)


@pytest.mark.parametrize(
    "line", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"v":1}', b'{"sharpe":NaN}', b"[" * 100_000]
)
def test_broken_lines_are_left_out(tmp_path, line):
    earlier_file(tmp_path, LOOK)
    with (tmp_path / earlier_ledger.FILE).open("ab") as file:
        file.write(line + b"\n")
    looks, broken = read(tmp_path)
    assert ([look.run for look in looks], broken) == ([LOOK.run], int(bool(line)))


def test_trials_are_different_looks_at_the_same_bars():
    looks = [
        LOOK,
        replace(LOOK, run="0000bbbb"),  # the same equity again
        replace(LOOK, trial="t2", sharpe=0.07),
        replace(LOOK, trial="t3", sharpe=None),  # never traded: a trial without a figure
        replace(LOOK, trial="t4", sharpe=0.10, from_ms=30 * DAY_MS, to_ms=130 * DAY_MS),
        replace(LOOK, trial="t5", sharpe=9.0, from_ms=80 * DAY_MS, to_ms=180 * DAY_MS),  # other bars
        replace(LOOK, trial="t6", sharpe=9.0, same_market=2),  # another market
        replace(LOOK, trial="t7", sharpe=0.06, market="Binance_BTCUSDT_1h"),  # the same market, imported
    ]
    found = trials(looks, LOOK)
    assert (found.looks, found.trials) == (6, 5)
    assert found.variance == pytest.approx(np.var([0.05, 0.07, 0.10, 0.06], ddof=1))
    assert [len(group) for group in spans(looks)] == [6, 1, 1]


LOOKS = st.builds(
    lambda trial, begin, length, **more: replace(
        LOOK, trial=trial, from_ms=begin * DAY_MS, to_ms=(begin + length) * DAY_MS, **more
    ),
    st.sampled_from("abcdef"),
    st.integers(0, 60),
    st.integers(1, 90),
    market=st.sampled_from(["binance BTC/USDT 1h", "binance BTC/USDT 4h", "kraken ETH/USD 1h"]),
    data=st.sampled_from(["d1", "d2"]),
    kind=st.sampled_from(["backtest", WHAT_IF]),
    sharpe=st.none() | st.floats(-0.3, 0.3),
    at=st.integers(1, 9).map(lambda second: f"2026-01-01T00:00:0{second}.000Z"),
)


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(st.lists(LOOKS, min_size=1, max_size=12))
def test_looks_are_counted_as_those_that_are_read_whole(tmp_path_factory, made):
    home = tmp_path_factory.mktemp("home")
    for look in made:
        record(home, look)
    with opened(home) as store:
        whole = store.looks()
        for like in whole:
            found = store.looks_at(like)
            assert count(found) == trials(whole, like)
            assert [look.trial for look in found] == [each.trial for each in whole if each.same_span(like)]


def test_to_read_the_ledger_writes_nothing(tmp_path):
    record(tmp_path, LOOK)
    before = (tmp_path / FILE).stat()
    read(tmp_path)
    assert (tmp_path / FILE).stat().st_mtime_ns == before.st_mtime_ns


def bars_at(bars, first, last):
    """Some of the bars, as another source would tell them."""
    return bars.rows(slice(first, last))


def looked_at(home, bars, market, seed=1):
    """A look at bars of a market under that name."""
    rules, generator = Rules(1000.0, 0.0, 0.0, 8760), np.random.default_rng(seed)
    found = simulate(bars, random_targets(len(bars), generator), rules)
    settings = make({}, [f"data.series={market}"])
    return deflation.record(
        home, bars, found, settings, TrialOrigin("backtest", market, market, simulated=False)
    ).counts


def test_a_file_and_the_exchange_it_came_from_are_one_market(tmp_path):
    bars = random_bars(3000, np.random.default_rng(3), 0.002)
    assert looked_at(tmp_path, bars_at(bars, 0, 2000), "file").looks == 1
    assert looked_at(tmp_path, bars_at(bars, 500, 3000), "exchange").looks == 2
    assert (
        looked_at(tmp_path, bars_at(bars, 1990, 3000), "tail").looks == 2
    )  # it shares bars with one of them
    mended = replace(bars, close=np.where(np.arange(3000) == 700, bars.close * 1.0001, bars.close))
    assert looked_at(tmp_path, bars_at(mended, 100, 2100), "mended").looks == 3
    other = random_bars(3000, np.random.default_rng(4), 0.002)
    assert looked_at(tmp_path, bars_at(other, 0, 2000), "other").looks == 1
    assert [len(group) for group in spans(read(tmp_path)[0])] == [3, 1, 1]


def test_a_few_bars_tell_no_market(tmp_path):
    bars = random_bars(6, np.random.default_rng(3), 0.002)
    assert looked_at(tmp_path, bars, "file").looks == 1
    assert looked_at(tmp_path, replace(bars, open=bars.open * 1.000001), "exchange").looks == 1


def test_a_single_trial_has_no_variance():
    assert trials([LOOK, LOOK], LOOK).variance == 0


def test_the_deflated_sharpe_ratio_counts_the_looks(tmp_path):
    generator = np.random.default_rng(1)
    bars, rules = random_bars(3000, generator, 0.002), Rules(1000.0, 0.0, 0.0, 8760)
    origin = TrialOrigin("what-if", "0000aaaa", "0000aaaa", simulated=True)
    sharpes, counts, kept = [], {}, None
    for _ in range(5):
        found = simulate(bars, random_targets(3000, generator), rules)
        counts = deflation.record(tmp_path, bars, found, make({}, []), origin).counts
        sharpes.append(daily_returns(found).mean() / daily_returns(found).std(ddof=1))
        kept = found
        if len(sharpes) == 1:
            assert counts.deflated_sharpe == probabilistic_sharpe(daily_returns(found))
    assert (counts.looks, counts.trials) == (5, 5)
    assert counts.sharpe_variance == pytest.approx(np.var(sharpes, ddof=1))
    best = counts.expected_best_sharpe / math.sqrt(365)
    assert 0.9 < best * math.sqrt(len(daily_returns(kept)) - 1) < 1.4  # 1.163 of five that are independent
    assert counts.deflated_sharpe == pytest.approx(probabilistic_sharpe(daily_returns(kept), best))
    again = deflation.record(tmp_path, bars, kept, make({}, []), origin).counts
    assert (again.looks, again.trials) == (6, 5)
    assert again.deflated_sharpe == counts.deflated_sharpe


def test_results_without_a_sharpe_ratio_are_looks_too(tmp_path):
    bars, rules = random_bars(100, np.random.default_rng(1)), Rules(1000.0, 0.0, 0.0, 8760)
    flat = simulate(bars, np.zeros(100), rules)
    counts = deflation.record(
        tmp_path, bars, flat, make({}, []), TrialOrigin("backtest", "0000aaaa", "", simulated=False)
    ).counts
    assert counts.looks == 1
    assert math.isnan(counts.deflated_sharpe)
    assert read(tmp_path)[0][0].sharpe is None
