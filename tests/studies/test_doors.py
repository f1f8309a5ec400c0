"""Every door of candles tells what it left out, a run names its series' own market, and pays its funding."""

import asyncio

import numpy as np
import pandas as pd
import pytest

from engine.__main__ import work
from engine.data.collect import collect
from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.errors import ChangeSettingsError
from engine.preparation import merge_all
from engine.results.backtest import BacktestResult
from engine.runs.home import Home
from engine.runs.trial_store import read
from engine.settings import load, make
from engine.studies.simulate_signals import simulate_signals
from tests.studies.engines import followed, result_of

HOUR_MS = 3_600_000
START_MS = 1_704_067_200_000
NOW_MS = START_MS + 4000 * 24 * HOUR_MS
LEARNING = (
    "model.units=[4]", "model.members=1", "training.epochs=1", "training.devices=1",
    "label.horizon=1", "window.lookback=12",
    "signal.entry_threshold=0", "evidence.permutations=0", "evidence.resamples=100",
)  # fmt: skip


def candles(count, step_ms=HOUR_MS, seed=0, **columns):
    """A file's table: time in text, prices, volume."""
    generator = np.random.default_rng(seed)
    close = 300 * np.exp(np.cumsum(generator.normal(0, 0.01, count)))
    opened = np.concatenate([[300.0], close[:-1]])
    time = pd.to_datetime(START_MS + np.arange(count) * step_ms, unit="ms")
    table = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "open": opened, "high": np.maximum(opened, close) * 1.001, "low": np.minimum(opened, close) * 0.999,
        "close": close, "volume": generator.uniform(5, 9, count),
    }  # fmt: skip
    return pd.DataFrame(table | columns)


def spoilt(table, seed):
    """The table with rows that cannot be stored, or not whole; and how many of each kind."""
    generator = np.random.default_rng(seed)
    rows = generator.choice(np.arange(30, len(table) - 30), 12, replace=False)
    negative, blank, absent = rows[:3], rows[3:8], rows[8:]
    table.loc[negative, "volume"] = -1.0
    table.loc[blank, "volume"] = np.nan
    again = table.loc[blank[:2]]
    return pd.concat([table.drop(index=absent), again]), {
        "rows rejected": 3, "volume not known": 5, "rows of one time": 2,
    }  # fmt: skip


def said(notes, codes):
    """Rows by the code of the note that tells them."""
    found = {note.code: vars(note)["values"].get("rows") for note in notes}
    return {code: found.get(code) for code in codes}


@pytest.mark.parametrize("seed", range(2))
def test_no_row_goes_missing_unsaid(tmp_path, seed):
    table, lost = spoilt(candles(500, seed=seed), seed)
    path = tmp_path / "market.csv"
    table.to_csv(path, index=False)
    frame = table.set_index(pd.DatetimeIndex(pd.to_datetime(table["time"], utc=True))).drop(columns="time")
    signals = pd.Series([1.0], pd.DatetimeIndex([frame.index[20]]))
    assert said(simulate_signals(path, signals).notes, lost) == lost
    assert said(simulate_signals(frame, signals).notes, lost) == lost
    home = Home(tmp_path / "home")
    import_file(path, Store(home.data), now_ms=NOW_MS)
    result = done(home, "data.series=market", "features.names=return_1")
    assert said(result.notes, lost) == lost
    gaps = next(note for note in result.notes if note.code == "series has gaps")
    assert vars(gaps)["values"]["bars"] == 3 + 4  # the rejected and the absent


def made(home, *keys):
    """A run that is not carried out yet."""
    return home.create("run", make({}, [*LEARNING, *keys]))


def done(home, *keys):
    """The result of a run, by a process of its own."""
    run = made(home, *keys)
    return BacktestResult.from_json(result_of(followed(run)), "result")


@pytest.mark.parametrize(
    ("symbol", "step_h", "expected"), [("BNB/USDT", 4, "4h"), ("", 24, "1d"), ("AAPL", 1, "1h")]
)
def test_a_run_takes_market_and_length_of_its_series(tmp_path, symbol, step_h, expected):
    table = candles(600, step_h * HOUR_MS, **({"symbol": symbol} if symbol else {}))
    table.to_csv(tmp_path / "mine.csv", index=False)
    home = Home(tmp_path / "home")
    import_file(tmp_path / "mine.csv", Store(home.data), now_ms=NOW_MS)
    result = done(home, "data.series=mine", "features.names=return_1")
    name = symbol or "mine"
    run = home.all()[-1]
    assert result.symbol == name
    trades = pd.read_csv(run.path / "trades.csv")
    assert len(trades)
    assert set(trades["symbol"]) == {name}
    kept = load(run.settings_path).data
    assert (kept.symbol, kept.timeframe, kept.series) == (name, expected, "mine")
    assert name in read(home.path)[0][0].market


def test_a_series_that_is_not_there_is_refused_before_there_is_a_run(tmp_path):
    home = Home(tmp_path)
    candles(50).to_csv(tmp_path / "bnb_4h.csv", index=False)
    import_file(tmp_path / "bnb_4h.csv", Store(home.data), now_ms=NOW_MS)
    for key in ("data.series", "data.funding_series"):
        with pytest.raises(ChangeSettingsError, match=r"bnb_1h: is not in the store.*bnb_4h"):
            home.create("run", make({}, [f"{key}=bnb_1h"]))
    assert home.all() == []


def test_a_file_without_volume_trains_on_what_it_has(tmp_path):
    home = Home(tmp_path / "home")
    candles(1500).drop(columns="volume").to_csv(tmp_path / "fx.csv", index=False)
    import_file(tmp_path / "fx.csv", Store(home.data), now_ms=NOW_MS)
    result = done(home, "data.series=fx")
    left_out = next(note for note in result.notes if note.code == "features unknown")
    assert "volume" in left_out.text
    assert "return_1" not in left_out.text.replace(" ", ",").split(",")
    with pytest.raises(ChangeSettingsError, match="too few samples"):
        work(made(home, "data.series=fx", "features.names=return_1,volume_z_168"), lambda _: None)


def test_futures_mark_and_funding_files_make_a_perpetual(tmp_path):
    home, store = Home(tmp_path / "home"), Store(tmp_path / "home" / "data")
    traded = candles(900, 24 * HOUR_MS, symbol="XRP/USDT:USDT")
    traded.to_csv(tmp_path / "futures.csv", index=False)
    candles(900 * 24, seed=1).to_csv(tmp_path / "mark.csv", index=False)
    stamps = START_MS + np.arange(900 * 3) * 8 * HOUR_MS
    rates = {"time": stamps, "funding_rate": np.random.default_rng(5).normal(0, 0.001, len(stamps))}
    pd.DataFrame(rates).to_csv(tmp_path / "rates.csv", index=False)
    for name in ("futures", "mark", "rates"):
        import_file(tmp_path / f"{name}.csv", store, now_ms=NOW_MS)
    keys = ("data.series=futures", "features.names=return_1")
    keys += ("data.funding_series=rates",)
    due = {}
    for name, more in {"open": (), "mark": ("data.mark_series=mark",)}.items():
        collected = asyncio.run(collect(make({}, [*keys, *more]).data, store, NOW_MS, lambda _: None))
        due[name] = merge_all(collected, 0).funding
    price = pd.read_csv(tmp_path / "mark.csv")["open"].to_numpy()[::8].reshape(-1, 3)
    weighted = np.reshape(rates["funding_rate"], (-1, 3)) * price / traded["open"].to_numpy()[:, None]
    plain = np.reshape(rates["funding_rate"], (-1, 3))
    for name, each in {"open": plain, "mark": weighted}.items():
        later = each[:, 1:]
        assert due[name].carried == pytest.approx(each[:, 0])
        assert due[name].paid == pytest.approx(np.maximum(later, 0).sum(axis=1))
        assert due[name].received == pytest.approx(np.minimum(later, 0).sum(axis=1))
    result = done(home, *keys, "data.mark_series=mark")
    trades = pd.read_csv(home.all()[-1].path / "trades.csv")
    assert trades["funding"].sum() == pytest.approx(result.metrics["funding"])
    assert result.metrics["funding"] != 0


@pytest.mark.parametrize(
    ("symbol", "own", "wanted"),
    [("XRP/USDT", "", "XRP/USDT:USDT"), ("ETH/EUR:EUR", "", "ETH/EUR:EUR"), ("XRP/USDT", "A/B:B", "A/B:B")],
)
def test_the_perpetual_is_that_of_the_symbol(symbol, own, wanted):
    data = make({}, [f"data.symbol={symbol}", f"data.perpetual_symbol={own}", "data.funding=true"]).data
    assert data.perpetual_market == wanted


def test_rates_of_a_market_that_is_not_known_are_refused(tmp_path):
    home = Home(tmp_path / "home")
    candles(400, symbol="XRPUSDT").to_csv(tmp_path / "xrp.csv", index=False)
    import_file(tmp_path / "xrp.csv", Store(home.data), now_ms=NOW_MS)
    with pytest.raises(ChangeSettingsError, match=r"XRPUSDT does not tell the perpetual market"):
        work(made(home, "data.series=xrp", "data.funding=true"), lambda _: None)
