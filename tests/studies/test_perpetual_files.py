"""Freqtrade's futures, mark and funding files end to end: each rate is charged at its stamp."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.__main__ import work
from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.runs.home import Home
from engine.settings import load

SHARED = Path(__file__).parents[3] / "shared" / "data"
FILES = {
    "xrp": "XRP_USDT_USDT-5m-futures.feather",
    "xrp-mark": "XRP_USDT_USDT-1h-mark.feather",
    "xrp-funding": "XRP_USDT_USDT-8h-funding_rate.feather",
}
KEYS = (
    "data.series=xrp", "data.mark_series=xrp-mark", "data.funding_series=xrp-funding",
    "features.names=return_1", "split.test=0.6", "split.validation=0.1", "window.lookback=4",
    "model.units=[4]", "model.members=1", "training.epochs=1",
    "training.devices=1", "label.horizon=1", "signal.entry_threshold=0", "evidence.permutations=0",
    "evidence.resamples=100",
)  # fmt: skip
FIRST = pd.Timestamp("2024-03-01", tz="UTC")


def rebuilt(folder):
    """Files as freqtrade writes them: rates as candles of which only open is not 0, stamped some ms late."""
    rng = np.random.default_rng(2)
    times = pd.date_range(FIRST, periods=1500, freq="5min")
    close = np.exp(np.cumsum(rng.normal(0, 0.002, len(times))))
    opened = np.r_[1.0, close[:-1]]
    high, low = np.maximum(opened, close) * 1.001, np.minimum(opened, close) * 0.999
    traded = {"date": times, "open": opened, "high": high, "low": low, "close": close, "volume": close * 1e6}
    traded = pd.DataFrame(traded)
    mark = traded[::12].assign(volume=np.nan).reset_index(drop=True)
    mark[["open", "high", "low", "close"]] *= 1.01
    stamps = pd.date_range(FIRST, periods=20, freq="8h") + pd.to_timedelta(rng.integers(0, 20, 20), unit="ms")
    rates = pd.DataFrame({"date": stamps, "open": rng.normal(0, 0.001, 20)})
    rates[["high", "low", "close", "volume"]] = 0.0
    for name, frame in zip(FILES.values(), (traded, mark, rates), strict=True):
        frame.to_feather(folder / name)


@pytest.fixture(params=["real", "rebuilt"])
def folder(request, tmp_path):
    """Where the three files lie."""
    if request.param == "real":
        if not all((SHARED / name).is_file() for name in FILES.values()):
            pytest.skip("the files are not here")
        return SHARED
    rebuilt(tmp_path)
    return tmp_path


def expected(folder, trades):
    """What each trade owes, by hand: at a stamp the position carried in, at the mark price or the open."""
    traded, mark, rates = (pd.read_feather(folder / name).set_index("date") for name in FILES.values())
    stamps = rates.index.floor("5min")
    price = traded["open"].reindex(stamps)
    at_mark = mark["open"].reindex(stamps)
    due = rates["open"].to_numpy() * at_mark.where(at_mark.notna(), price).to_numpy()  # (N,) per unit held
    sign = np.where(trades["side"] == "long", 1.0, -1.0)
    owed = []
    for side, (_, trade) in zip(sign, trades.iterrows(), strict=True):
        held = (stamps > trade["entry_time"]) & (stamps <= trade["exit_time"]) & price.notna().to_numpy()
        owed.append(side * trade["quantity"] * np.nansum(due[held]))
    return np.array(owed)


def test_three_files_make_a_perpetual_whose_funding_is_charged_at_its_stamps(folder, tmp_path):
    home = Home(tmp_path / "home")
    for name, file in FILES.items():
        import_file(folder / file, Store(home.data), name, now_ms=1_900_000_000_000)
    run = home.create("run", load(None, list(KEYS)))
    result = work(run, lambda _: None)
    trades = pd.read_csv(run.path / "trades.csv", parse_dates=["entry_time", "exit_time"])
    owed = expected(folder, trades)
    assert np.count_nonzero(owed) > 2
    np.testing.assert_allclose(trades["funding"].to_numpy(), owed, rtol=1e-9, atol=1e-9)
    assert result.metrics["funding"] == pytest.approx(owed.sum())
