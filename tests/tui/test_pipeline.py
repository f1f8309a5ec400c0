"""demo, run, train, backtest: settings, following, summary, document."""

import json

import pytest

from engine.settings import changed, load

FIVE = [
    "Final Portfolio Value: $12,841.07",
    "Total Return: 28.41%",
    "Sharpe Ratio: 1.12",
    "Max Drawdown: 14.20%",
    "Number of Trades: 214",
]


def test_run_ends_with_the_summary(deck):
    out, err = deck("run", "-s", "training.epochs=3")
    (run,) = deck.home.all()
    lines = out.splitlines()
    assert lines[:6] == [*FIVE, f"Detailed trades saved to: {run.path}/trades.csv"]
    assert lines[7].startswith("SIMULATED")
    assert "2025-01-01T00:00:00Z → 2025-03-01T00:00:00Z   1,416 bars   fills at next-open" in lines[8]
    rows = {label.strip(): rest.split() for label, _, rest in (line.partition("  ") for line in lines[9:])}
    assert rows["Sharpe"] == ["1.12", "2.04", "-0.92", "daily"]
    assert rows["Sortino"] == ["n/a", "n/a", "n/a"]
    assert rows["volatility"] == ["40.00", "40.00", "0.00", "%", "a", "year"]
    assert "fees 1,204.11 (10 bps)   slippage 240.00 (2 bps)" in out
    assert "direction 51.20 % (p n/a)   IC n/a (p n/a)   R² 0.0008" in out
    assert "note: costs are [b]modelled[/b]\\x1b[2J" in out

    assert f"run {run.id} started" in err
    assert "SIMULATED market: the demo exchange" in err
    assert "collect: 0.2 s" in err
    assert "epoch 3/3  loss 0.1667  val loss 0.2000 *" in err
    assert "fit: 3 m 12 s" in err
    assert "\x1b" not in out + err


def test_document_of_a_run(deck):
    document = deck.json("run", "-s", "training.epochs=1", "--name", "first")
    (run,) = deck.home.all()
    assert document["run"] == run.id
    assert document["state"] == "done"
    assert document["folder"] == str(run.path)
    assert document["simulated"] is True
    assert document["trades_path"] == str(run.path / "trades.csv")
    assert document["equity_path"] == str(run.path / "equity.parquet")
    result = document["result"]
    assert result["trades"] == 214
    assert result["sortino"] is None
    assert result["benchmark"]["final_value"] == 26102.33
    assert run.name == "first"


def test_train_then_backtest(deck):
    out, _ = deck("train", "-s", "training.epochs=2", "-s", "window.lookback=30")
    (trained,) = deck.home.all()
    assert out.splitlines()[0] == "SIMULATED market"
    assert "Epochs: 2, best 2" in out
    assert "Validation Loss: 0.3000" in out
    assert f"Saved: {trained.path}/model.keras" in out

    (deck.folder / "quantdeck.toml").write_text("[window]\nlookback = 99\n")
    (deck.folder / "costs.toml").write_text("[backtest]\nfee_bps = 0.0\n")
    out, _ = deck("backtest", "-c", "costs.toml", "-s", "signal.entry_threshold=0.01")
    assert out.splitlines()[:5] == FIVE
    assert "note: costs are off" in out
    run = deck.home.all()[-1]
    assert run.mode == "backtest"
    assert run.of == trained.id
    settings = load(run.settings_path)
    assert settings.window.lookback == 30
    assert settings.backtest.fee_bps == 0
    assert settings.signal.entry_threshold == 0.01

    document = deck.json("backtest", run.id[:6])
    again = deck.home.find(document["run"])
    assert again.of == trained.id
    assert (
        load(again.settings_path).signal.entry_threshold == load(trained.settings_path).signal.entry_threshold
    )


def test_document_of_a_training(deck):
    document = deck.json("train", "-s", "training.epochs=2")
    assert document["result"]["best_epoch"] == 2
    assert document["result"]["val_loss"] == 0.3
    assert document["result"]["stopped_early"] is False


def test_backtest_without_a_model(deck):
    assert "there is no" in deck("backtest", code=2)[1]
    assert deck.json("backtest", "ffffffff", code=2)["error"]["exit_code"] == 2


def test_demo_has_its_own_settings_and_yields_to_the_users(deck):
    (deck.folder / "quantdeck.toml").write_text("[data]\nseries = 'mine'\n")
    deck("demo", "-s", "training.epochs=2")
    (run,) = deck.home.all()
    settings = load(run.settings_path)
    assert settings.data.exchange == "demo"
    assert settings.data.series == ""
    assert settings.data.funding
    assert settings.data.second_exchange
    assert settings.data.end
    assert settings.training.epochs == 2
    assert settings.label.horizon == 1


def test_settings_file_then_overrides(deck):
    (deck.folder / "quantdeck.toml").write_text("[training]\nepochs = 2\nseed = 3\n")
    deck("run", "-s", "training.seed=4", "--detach")
    (run,) = deck.home.all()
    assert changed(load(run.settings_path)) == {"training.epochs": 2, "training.seed": 4}


def test_detach_prints_the_id_and_the_run_goes_on(deck):
    out, err = deck("run", "--detach", scenario="endless")
    (run,) = deck.home.all()
    assert out == f"{run.id}\n"
    assert not err
    assert deck.json()["live"] == [run.id]
    assert "stopped" in deck("runs", "stop", "last")[0]

    document = deck.json("run", "--detach", scenario="endless")
    assert set(document) == {"run", "state", "folder"}
    assert document["state"] == "queued"
    deck("runs", "stop", document["run"])


@pytest.mark.parametrize(("scenario", "code"), [("fails", 1), ("wrong-settings", 2), ("crashes", 1)])
def test_runs_that_do_not_come_to_their_end(deck, scenario, code):
    out, err = deck("run", scenario=scenario, code=code)
    (run,) = deck.home.all()
    assert not out
    assert "error: " in err
    assert "\x1b" not in err
    if scenario == "fails":
        assert "error: series \\x1b[31mred: has 3 rows, 62 are needed\n  remedy: Fetch more" in err
    if scenario == "wrong-settings":
        assert "  window.lookback = 60: the model was trained with 30" in err
    if scenario == "crashes":
        assert str(run.log_path) in err
        assert "cannot allocate [bold]anything[/bold]" in err
        assert f"runs resume {run.id}" in err

    document = deck.json("run", scenario=scenario, code=code)
    assert document["state"] == ("crashed" if scenario == "crashes" else "failed")
    assert document["error"]["exit_code"] == code
    assert "result" not in document


def test_result_that_is_no_result(deck):
    deck("run", "-s", "training.epochs=1")
    (run,) = deck.home.all()
    run.result_path.write_text("{")
    assert "result.json: is truncated" in deck("runs", "follow", "last", code=1)[1]
    run.manifest_path.unlink()
    assert "result.json: cannot be read" in deck("runs", "follow", "last", code=1)[1]
    run.result_path.write_text(json.dumps({"metrics": None}))
    assert "is no proper BacktestResult" in deck("runs", "follow", "last", code=1)[1]
