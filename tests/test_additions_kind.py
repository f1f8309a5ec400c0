"""A kind of series made here alone: collected, stored, joined as it was known, shown, added on the screen.

One file (this one) and one entry of KINDS are all that it takes.
"""

import asyncio
import functools
import sys

import numpy as np
import pytest

from engine import features
from engine.data import inventory
from engine.data.collect import collect
from engine.data.demo.bars import PERPETUAL
from engine.data.demo.binance import symbol_of, whole_number
from engine.data.exchange.pager import History, table
from engine.data.importing.files import import_file, read
from engine.data.kinds import KINDS
from engine.data.kinds.kind import Kind
from engine.data.store import Store
from engine.errors import ChangeSettingsError
from engine.market.calendar import Calendar
from engine.market.candles import milliseconds
from engine.market.merge import merge
from engine.runs.home import Home
from engine.runs.requests import EngineClient, ask
from engine.settings import TIMEFRAME_MS, make
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON
from tui.app import Quantdeck
from tui.commands import data as commands
from tui.widgets.lines import Lines
from tui.widgets.virtual_table import VirtualTable

HOUR = 3_600_000
NOW = 1_700_000_000_000 // HOUR * HOUR
PERIODS = ("1h", "4h")


def ratio(stamp):
    """What the exchange says at a time: longs by shorts."""
    return 1 + stamp // HOUR % 97 / 100


async def history(client, symbol, timeframe, now_ms):
    client.serves("fetchLongShortRatioHistory", "long-short ratios")
    await client.market(symbol)
    step_ms = TIMEFRAME_MS[timeframe]

    async def sent(since, count):
        window = {"until": since + count * step_ms - 1}
        rows = await client.ask(
            lambda ccxt: ccxt.fetch_long_short_ratio_history(symbol, timeframe, since, count, window)
        )
        return table([[row["timestamp"], row["longShortRatio"]] for row in rows], 2)

    return History(sent, 100, step_ms, jumps=False, spaced=True, reach_ms=0)


def simulated(exchange, query):
    symbol_of(query, PERPETUAL)
    step = TIMEFRAME_MS[exchange.interval(query, "period", PERIODS)]
    start, end = whole_number(query, "startTime", 0), whole_number(query, "endTime", exchange.now())
    stamps = range(-(-start // step) * step, min(end, exchange.now()) + 1, step)
    return [
        {"symbol": query["symbol"], "longShortRatio": f"{ratio(stamp):.4f}", "timestamp": stamp}
        for stamp in stamps[: whole_number(query, "limit", 30)]
    ]


LONG_SHORT = Kind(
    "long_short_ratio",
    "longs",
    "accounts that are long by accounts that are short",
    history=history,
    periods=PERIODS,
    delay_h=0.5,
    staleness_h=3,
    file_columns=("long_short_ratio",),
    demo={"/futures/data/globalLongShortAccountRatio": simulated},
)
ENGINE = (
    sys.executable,
    "-c",
    (
        "import sys; from tests.test_additions_kind import KINDS, LONG_SHORT;"
        "KINDS[LONG_SHORT.name] = LONG_SHORT;"
        "from engine.__main__ import main; sys.exit(main(['serve']))"
    ),
)


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setitem(KINDS, LONG_SHORT.name, LONG_SHORT)


def collected(store, *overrides):
    wanted = ("data.exchange=demo", "data.start=2023-10-01", *overrides)
    settings = make({}, wanted)
    return asyncio.run(collect(settings.data, store, NOW, lambda _: None, demo=settings.demo))


@pytest.fixture
def home(tmp_path, known):
    home = Home(tmp_path / "home")
    collected(Store(home.data), "data.also=long_short_ratio")
    return home


@pytest.mark.parametrize(
    ("entry", "delay_ms", "staleness_ms"),
    [("long_short_ratio", HOUR // 2, 3 * HOUR), ("long_short_ratio:1.25:2", 5 * HOUR // 4, 2 * HOUR)],
)
def test_it_joins_as_it_was_known_and_is_a_feature(known, tmp_path, entry, delay_ms, staleness_ms):
    got = collected(Store(tmp_path), f"data.also={entry}", "data.funding=true")
    assert [other.name for other in got.others] == ["funding", LONG_SHORT.name]
    joined = got.others[1]
    assert joined.staleness_ms == staleness_ms
    market = merge(got.primary.frame, Calendar(HOUR), got.others, 0, simulated=True)
    known_ms = milliseconds(market.frame.index) + HOUR
    stamp = (known_ms - delay_ms) // HOUR * HOUR
    expected = [ratio(each) for each in stamp.tolist()]
    assert market.frame[LONG_SHORT.name].to_numpy() == pytest.approx(expected, abs=1e-9)
    chosen = features.resolve(("all",), tuple(market.frame.columns), (), step_ms=HOUR)
    assert {"long_short_ratio", "long_short_ratio_z_168", "funding_rate"} <= set(chosen)
    computed = features.compute(market, ("long_short_ratio",), ())
    assert np.array_equal(computed["long_short_ratio"], market.frame[LONG_SHORT.name])


def test_it_is_stored_brought_up_to_date_and_told(home):
    store = Store(home.data)
    (name,) = [name for name in store.names() if name.endswith(LONG_SHORT.name)]
    before = store.facts(name)
    assert before.rows == (before.last_ms - before.first_ms) // HOUR + 1 > 900
    collected(store, "data.also=long_short_ratio")
    assert store.facts(name) == before
    (stored_series,) = [each for each in inventory.status(home.data).series if each.series == name]
    assert (stored_series.kind, stored_series.label, stored_series.timeframe, stored_series.simulated) == (
        LONG_SHORT.name,
        "longs",
        "1h",
        True,
    )


def test_the_command_line_lists_it(home, monkeypatch):
    monkeypatch.setattr(commands, "ask", functools.partial(ask, command=ENGINE))
    answer = commands.status(str(home.path))
    (line,) = [line for line in answer.text.splitlines() if "long_short_ratio" in line]
    assert "long short ratio" in line
    assert "SIMULATED" in line
    assert LONG_SHORT.name in [each["name"] for each in answer.document["kinds"]]


async def test_the_screen_lists_it_and_offers_to_add_it(home):
    deck = Quantdeck(home, now=lambda: NOON)
    deck.engine.close()
    with EngineClient(ENGINE) as client:
        client.close = lambda: None
        deck.engine = client
        async with deck.run_test(size=(120, 40)) as pilot:
            await ready(pilot)
            while deck.screen.questions.busy:
                await pilot.pause(0.01)
            await settled(pilot)
            shown = deck.screen.query_one(VirtualTable)
            lines = ["".join(text for text, _ in shown.line(row, shown.fitting())) for row in range(2)]
            assert [("longs" in line, "candles" in line) for line in lines] == [(True, False), (False, True)]
            await pilot.press("a")
            await settled(pilot)
            about = deck.screen.query_one("#about-kind", Lines).text
            assert "candles, funding, open_interest, long_short_ratio" in about


def test_a_file_whose_column_has_its_name_is_of_that_kind(known, tmp_path):
    path = tmp_path / "ratio.csv"
    path.write_text("time,long_short_ratio\n2024-01-01,1.5\n2024-01-02,1.25\n")
    assert read(path).kind == LONG_SHORT.name


def test_a_kind_that_nobody_made_is_refused_by_its_name(tmp_path):
    with pytest.raises(ChangeSettingsError, match=r"data\.also: no kind of series long_short_ratio.*funding"):
        collected(Store(tmp_path), "data.also=long_short_ratio")
    with pytest.raises(ChangeSettingsError, match="values can join"):
        collected(Store(tmp_path), "data.also=values")


def test_a_series_of_the_users_own_cannot_take_its_column(known, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("time,value\n2023-10-01,1.5\n2023-10-02,1.25\n")
    import_file(path, store := Store(tmp_path / "data"), LONG_SHORT.name, now_ms=NOW)
    with pytest.raises(ChangeSettingsError, match=r"data\.extra: must not name a series long_short_ratio"):
        collected(store, "data.also=long_short_ratio", "data.extra=long_short_ratio")
