"""A universe trained and traded through the pipeline, on stored series, with a model that fits in no time."""

import gc
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import outcome, pipeline
from engine.data.demo.market import DemoMarket
from engine.data.store import Series, Store
from engine.errors import ChangeSettingsError, QuantdeckError
from engine.market.times import time_index
from engine.models import artifact
from engine.preparation import Job
from engine.queries import charts, opening, price, trade
from engine.results.codec import plain
from engine.results.metrics import METRICS
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.runs.manifest import write_manifest
from engine.runs.modes import MODES
from engine.settings import Data, for_symbol, load, make
from engine.studies import fold_forecasts, seeds, universe_walk_forward
from engine.studies import walk_forward as folds
from engine.studies.leak_audit import audited_run, universe_audit
from engine.studies.leak_audit.audited_run import audit_run
from engine.universe import preparation
from tests.universe.markets import FIRST_MS, STEP, candles, stored

QUICK = [
    "model.kind=ridge", "features.names=return_1,rsi_14,volatility_12", "window.lookback=5",
    "signal.entry_threshold=0", "evidence.resamples=100", "data.symbols=perp-*", "walk_forward.folds=2",
    "training.devices=1",
]  # fmt: skip
NOW = FIRST_MS + 2000 * STEP
SYMBOLS = {"perp-a": (1, 0, 760), "perp-b": (2, 100, 580, (200, 201)), "perp-c": (3, 350, 400)}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    found = Home(tmp_path_factory.mktemp("universe"))
    stored(found.data, **SYMBOLS)
    return found


def quiet(_):
    pass


def job_of(home, mode, *overrides, of="", settings=None):
    run = home.create(mode, settings or make({}, [*QUICK, *overrides]), of=of)
    return Job(load(run.settings_path), run, home, NOW, quiet)


@pytest.fixture(scope="module")
def traded(home):
    job = job_of(home, "run", "universe.cross_section=true", "universe.lead=2", "universe.symbol=true")
    result = pipeline.train_and_backtest(job)
    job.run.result_path.write_text(json.dumps(plain(result)))
    write_manifest(job.run.path, [job.run.result_path.name, job.run.settings_path.name])
    return job, result


def test_one_account_trades_all_symbols(traded):
    job, result = traded
    opened = opening.opened({"run": str(job.run.path)})
    assert opened.result.metrics == result.metrics
    assert opening.ledger({"run": str(job.run.path)}).looks >= 1
    trades = pd.read_csv(job.run.path / "trades.csv")
    equity = pd.read_parquet(job.run.path / "equity.parquet")
    assert set(trades["symbol"]) == set(SYMBOLS)
    assert result.symbol == "perp-a, perp-b, perp-c"
    assert equity["equity"].iloc[-1] - 10_000 == pytest.approx(trades["pnl"].sum())
    assert (equity["gross"].dropna() <= 1.05).all()
    predictions = pd.read_parquet(job.run.path / "predictions.parquet")
    first = predictions.groupby("symbol").apply(lambda each: each.index[0], include_groups=False)
    ends = {name: FIRST_MS + STEP * (given[1] + given[2] - 1) for name, given in SYMBOLS.items()}
    for name in ("perp-b", "perp-c"):  # which end within the test, while another goes on
        rows = predictions[predictions["symbol"] == name]
        assert rows.index[-1].value // 10**6 == ends[name]
    assert first["perp-a"] == first["perp-c"]  # the test begins at one instant for all that are there
    forecast = [each for _, each in trades.iterrows() if np.isfinite(each["prediction"])]
    assert len(forecast) == len(trades)
    assert [note.code for note in result.notes].count("universe of candidates") == 1


def test_the_model_is_saved_with_its_symbols_and_trades_again(home, traded):
    job, result = traded
    again = job_of(home, "backtest", of=job.run.id, settings=job.settings)
    found = pipeline.backtest(again)
    mine, theirs = ({**each.to_json(), "run": "", "of": ""} for each in (result, found))
    for name in ("metrics", "benchmark", "months", "forecast", "portfolio", "drift"):
        assert json.dumps(mine[name]) == json.dumps(theirs[name])
    for name in ("trades.csv", "equity.parquet", "predictions.parquet", "bars.parquet"):
        assert (again.run.path / name).read_bytes() == (job.run.path / name).read_bytes()
    saved = artifact.load(lambda name: (job.run.path / name).read_bytes(), job.run.id).metadata
    assert {name: len(each) for name, each in saved.symbols.items()} == dict.fromkeys(SYMBOLS, 2)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["data.symbols=perp-a,perp-b"], "data.symbols = perp-a, perp-b"),
        (["universe.lead=5"], "universe.lead = 5"),
        (["universe.cross_section=false"], "universe.cross_section"),
    ],
)
def test_another_universe_is_refused(home, traded, overrides, said):
    first, _ = traded
    tree = first.settings.model_dump(mode="json")
    job = job_of(home, "backtest", of=first.run.id, settings=make(tree, overrides))
    with pytest.raises(ChangeSettingsError, match="is another one") as refused:
        pipeline.backtest(job)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["data.symbols=perp-x"], "no stored series fits perp-x"),
        (["data.symbols=parp-*"], "perp-a"),  # near names
        (["data.universe_top=4"], "4 of 3 symbols"),
        (["data.symbols=perp-a,ETH/BTC,ETH/USDT:USDT"], "mix"),
        (["data.symbols=perp-a,perp-a"], "twice"),
        (["data.series=perp-a"], "data.series"),
        (["universe.symbol=true", "universe.scaling=symbol"], "pooled"),
    ],
)
def test_bad_universes_are_refused_before_there_is_a_run(home, overrides, said):
    before = len(home.all())
    with pytest.raises(ChangeSettingsError) as refused:
        home.create("run", make({}, [*QUICK, *overrides]))
    assert said in f"{refused.value} {getattr(refused.value, 'remedy', '')}"
    assert len(home.all()) == before


@pytest.mark.parametrize("mode", [name for name, mode in MODES.items() if not mode.universe])
def test_what_knows_one_symbol_only_refuses_several(home, mode):
    with pytest.raises(ChangeSettingsError, match="knows one symbol"):
        home.create(mode, make({}, QUICK))


@pytest.mark.parametrize("said", [[], ["data.timeframe=1h"], ["data.timeframe=4h"]])
@pytest.mark.parametrize("name", ["perp-b", "*-b"])
def test_one_name_is_the_symbol_alone(home, name, said):
    one = home.create("run", make({}, [*QUICK, *said, f"data.symbols={name}"]))
    named = [each for each in QUICK if "symbols" not in each]
    other = home.create("run", make({}, [*named, *said, "data.series=perp-b"]))
    assert one.settings_path.read_bytes() == other.settings_path.read_bytes()


def test_a_market_alone_has_the_settings_of_a_symbol():
    market = Data(symbols=("ETH/USDT", "BTC/USDT"), exchange="demo")
    assert for_symbol(make({"data": market.model_dump()}), "ETH/USDT").data == Data(
        symbol="ETH/USDT", exchange="demo"
    )


def test_a_walk_forward_goes_on_with_the_folds_that_lack(home, monkeypatch):
    monkeypatch.setattr(fold_forecasts, "results", lambda work, tasks, *_: (work(*task) for task in tasks))
    job = job_of(
        home, "walkforward", "data.universe_top=2", "data.universe_days=3", "universe.balance=symbols"
    )
    first = folds.walk_forward(job)
    files = {path.name: path.read_bytes() for path in job.run.path.glob("*.*") if path.suffix != ".json"}
    (job.run.path / "fold-002.npz").unlink()
    again = universe_walk_forward.walk_forward(job)
    assert first.metrics == again.metrics
    assert len(again.folds) == 2
    assert all((job.run.path / name).read_bytes() == content for name, content in files.items())


def simulated_markets():
    return {id(each) for each in gc.get_objects() if type(each) is DemoMarket}


def test_a_market_under_two_names_is_named(tmp_path):
    home = Home(tmp_path)
    stored(home.data, one=(1, 0, 400), two=(1, 0, 400), three=(2, 0, 400), late=(1, 350, 45))
    job = job_of(home, "run", settings=make({}, [*QUICK, "data.symbols=one,two,three,late"]))
    notes = preparation.prepare(job).notes
    (said,) = [note.text for note in notes if note.code == "symbols move as one"]
    assert ": one and two." in said


def test_shorter_bars_are_joined_to_the_length_that_is_said(tmp_path):
    home = Home(tmp_path)
    store = stored(home.data, hours=(1, 0, 200))
    half = candles(2, 0, 400)
    half.index = time_index(FIRST_MS + np.arange(400) * STEP // 2)
    with store.locked("halves"):
        store.write(Series("halves", "candles", "", "HALVES/USDT", "30m", simulated=False, frame=half))
    job = job_of(home, "run", settings=make({}, [*QUICK, "data.symbols=hours,halves", "data.timeframe=1h"]))
    found = preparation.prepare(job).markets
    assert {name: (market.step_ms, len(market.frame)) for name, market in found.items()} == {
        "hours": (STEP, 200), "halves": (STEP, 200),
    }  # fmt: skip


def test_a_symbol_without_a_bar_in_the_range_loses_nothing_of_the_others(home):
    start = pd.Timestamp(FIRST_MS + 700 * STEP, unit="ms").isoformat()
    job = job_of(home, "run", f"data.start={start}")
    with pytest.raises(ChangeSettingsError, match=r"1 of 3 symbols cannot be had, perp-b: .* it has 2020-"):
        preparation.prepare(job)
    goes_on = make({}, [*QUICK, f"data.start={start}", "data.when_source_fails=go-on"])
    found = preparation.prepare(replace(job, settings=goes_on))
    assert list(found.markets) == ["perp-a", "perp-c"]
    assert [note.text.split()[0] for note in found.notes if note.code == "symbol lost"] == ["perp-b"]


def test_a_line_that_is_lost_on_one_symbol_loses_nothing_of_the_others(tmp_path, monkeypatch):
    whole = DemoMarket.candles

    def broken(self, symbol, timeframe, from_ms, to_ms, **rest):
        if symbol == "XRP/USDT" and from_ms > 1_552_000_000_000:
            raise ConnectionResetError
        return whole(self, symbol, timeframe, from_ms, to_ms, **rest)

    monkeypatch.setattr(DemoMarket, "candles", broken)
    home = Home(tmp_path)
    wanted = [
        "data.exchange=demo", "data.start=2019-03-01", "data.end=2019-05-10", "data.retries=1",
        'data.symbols=["BTC/USDT","XRP/USDT","SOL/USDT"]',
    ]  # fmt: skip
    job = replace(job_of(home, "update", settings=make({}, wanted)), now_ms=1_580_000_000_000)
    with pytest.raises(QuantdeckError, match="1 of 3 symbols cannot be had, XRP/USDT") as lost:
        pipeline.update(job)
    assert "those of the other 2 are stored" in str(lost.value)
    store = Store(home.data)
    rows = sorted(store.facts(name).rows for name in store.names())
    assert rows[-2:] == [1680, 1680]
    assert all(row < 1680 for row in rows[:-2])
    goes_on = make({}, [*wanted, "data.when_source_fails=go-on"])
    updated = pipeline.update(replace(job, settings=goes_on))
    assert [(note.code, note.text.split()[0]) for note in updated.notes] == [("symbol lost", "XRP/USDT")]
    monkeypatch.undo()
    before = simulated_markets()
    assert not pipeline.update(job).notes
    assert simulated_markets() <= before  # with all that one keeps of what it has served
    assert {store.facts(name).rows for name in store.names()} == {1680}


def test_seeds_are_runs_on_all_symbols_and_their_mean_trades_as_one(home, monkeypatch):
    def carried_out(path, seed):
        run = RunFolder(Path(path))
        job = Job(load(run.settings_path), run, home, NOW, quiet)
        result = pipeline.train_and_backtest(job)
        run.result_path.write_text(json.dumps(plain(result)))
        write_manifest(run.path, [*outcome.FILES, run.result_path.name])
        return seed, None

    monkeypatch.setattr(seeds, "results", lambda _, tasks, *__: (carried_out(*task) for task in tasks))
    before = {run.id for run in home.all()}
    found = seeds.train_seeds(job_of(home, "seeds", "training.seeds=2"))
    runs = [home.find(each.run) for each in found.seeds]
    assert [load(run.settings_path).training.seed for run in runs] == [1, 2]
    assert {run.id for run in home.all()} - before >= {run.id for run in runs}
    # A ridge regression knows no seed: the mean of equal forecasts trades as each of them does.
    for name, value in found.ensemble.items():
        assert value == pytest.approx(found.seeds[0].figures[name], rel=1e-9, nan_ok=True), name
    assert found.ensemble["trades"] > 0


def test_the_run_is_audited_with_its_own_model_and_forecasts(home, traded, monkeypatch):
    monkeypatch.setattr(universe_audit, "SHARES", ())
    monkeypatch.setattr(universe_audit, "EDGES", 1)
    run = traded[0].run
    report = audit_run(run, home, quiet)
    assert [each.text for each in report.findings] == []
    assert report.status == "passed"
    assert report.histories > len(report.cuts_ms) >= 3
    seen = json.loads((run.path / "audit.json").read_text())
    assert seen["status"] == "passed"
    moved = pd.read_parquet(run.path / "predictions.parquet")
    moved["prediction"] += moved["prediction"].std()
    monkeypatch.setattr(
        audited_run, "traded_by_symbol", lambda _: dict(iter(moved.groupby("symbol")["prediction"]))
    )
    assert {each.stage for each in audit_run(run, home, quiet).findings} == {"predict"}


def test_a_trade_and_the_prices_are_of_the_symbol_alone(traded):
    job, _ = traded
    run = {"run": str(job.run.path)}
    bars = pd.read_parquet(job.run.path / "bars.parquet")
    trades = pd.read_csv(job.run.path / "trades.csv", parse_dates=["entry_time"])
    for symbol in SYMBOLS:
        own = bars[bars["symbol"] == symbol]
        number = int(trades.loc[trades["symbol"] == symbol, "trade"].iloc[0])
        found = trade.one({**run, "number": number})
        opens = own["open"].reindex(pd.to_datetime(found.candles.time_ms, unit="ms", utc=True))
        assert found.bars_per_candle == 1
        assert list(found.candles.open) == opens.tolist()
        entered = pd.Timestamp(found.candles.time_ms[found.entry], unit="ms", tz="UTC")
        assert entered == trades.loc[trades["trade"] == number, "entry_time"].iloc[0]
        shown = price.chart({**run, "symbol": symbol, "filter": f"symbol={symbol}", "candles": 100})
        assert shown.all == len(own)
        assert {each.trade for each in shown.trades} <= set(trades.loc[trades["symbol"] == symbol, "trade"])
        assert shown.trades
    with pytest.raises(ChangeSettingsError, match="none of the run's"):
        price.chart({**run, "symbol": "absent"})


def test_charts_are_of_the_symbol_that_is_asked_for(traded, tmp_path):
    job, _ = traded
    asked = {"run": str(job.run.path), "folder": str(tmp_path / "charts"), "replace": True}
    first, own = (charts.write({**asked, "symbol": symbol}).paths for symbol in ("", "perp-b"))
    prices = [Path(paths[-1]) for paths in (first, own)]
    assert [path.name for path in prices] == [f"{job.run.id}-price{end}.svg" for end in ("", "-perp-b")]
    assert [name in path.read_text() for path in prices for name in ("perp-a, bars", "perp-b, bars")] == [
        True, False, False, True,
    ]  # fmt: skip
    with pytest.raises(ChangeSettingsError, match="none of the run's"):
        charts.write({**asked, "symbol": "absent"})


def test_exposure_counts_a_bar_once(traded):
    _, result = traded
    assert 0 < METRICS["exposure"].of(result.metrics) <= 1
    assert METRICS["exposure"].of(result.benchmark) <= 1
