"""runs list, show, stop, resume, delete, verify."""

import pytest

from engine.runs.launch import alive
from engine.settings import Settings


@pytest.fixture
def done(deck):
    deck("run", "-s", "training.epochs=2", "-s", "data.symbol=ETH/USDT", "--name", "first")
    return deck.home.all()[0]


def test_list(deck, done):
    deck("train", scenario="fails", code=1)
    out, _ = deck("runs", "list")
    header, first, second = out.splitlines()
    assert header.split()[:5] == ["run", "name", "mode", "state", "created"]
    assert first.split()[:4] == [done.id, "first", "run", "done"]
    assert "ETH/USDT SIMULATED" in first
    assert "+28.41 %" in first
    assert "training.epochs=2" in first
    assert second.split()[1:3] == ["train", "failed"]

    one, two = deck.json("runs", "list")["runs"]
    assert one["run"] == done.id
    assert one["result"]["trades"] == 214
    assert one["settings_differ"] == {"data.symbol": "ETH/USDT", "training.epochs": 2}
    assert two["state"] == "failed"


def test_show(deck, done):
    out, _ = deck("runs", "show", done.id[:5])
    for text in (
        done.id,
        "done",
        "ETH/USDT",
        "collect 0.2 s",
        "val loss",
        "Final Portfolio Value: $12,841.07",
    ):
        assert text in out
    document = deck.json("runs", "show", "last")
    assert document["state"] == "done"
    assert document["stages"] == {"collect": 0.25, "fit": 192.0}
    assert [epoch["val_loss"] for epoch in document["history"]] == [0.6, 0.3]
    assert document["result"]["sharpe"] == 1.1234


def test_show_tells_why_a_run_failed(deck):
    deck("run", scenario="fails", code=1)
    out, _ = deck("runs", "show", "last")
    assert "failed" in out
    assert "remedy: Fetch more" in out
    assert deck.json("runs", "show", "last")["failure"]["class"] == "RepairDataError"


def test_show_a_run_that_was_never_started(deck):
    run = deck.home.create("run", Settings())
    assert "queued" in deck("runs", "show", run.id)[0]


def test_settings_of_a_run_that_cannot_be_read_hide_no_run(deck, done):
    done.settings_path.write_text("[nonsense]\n")
    assert done.id in deck("runs", "list")[0]


def test_no_such_run_names_near_ones(deck, done):
    err = deck("runs", "show", "ffffffff", code=2)[1]
    assert done.id in err


def test_stop_waits_and_resume_goes_on(deck):
    deck("run", "-s", "training.epochs=1", "--detach", scenario="endless")
    (run,) = deck.home.all()
    assert deck.json("runs", "stop", "last")["state"] == "stopped"
    assert not alive(run)
    assert "stopped" in deck("runs", "stop", "last")[0]

    assert "keeps its settings" in deck("runs", "resume", "last", "-s", "training.epochs=2", code=2)[1]
    out, _ = deck("runs", "resume", "last")
    assert out.startswith("Final Portfolio Value")
    assert "is done" in deck("runs", "resume", "last", code=2)[1]


def test_resume_refuses_a_live_run(deck):
    deck("run", "--detach", scenario="endless")
    assert "running already" in deck("runs", "resume", "last", code=1)[1]


def test_delete(deck, done):
    assert deck.json("runs", "delete", done.id) == {"run": done.id, "deleted": True}
    assert not done.path.exists()


def test_delete_refuses_a_live_run_and_paths(deck):
    deck("run", "--detach", scenario="endless")
    (run,) = deck.home.all()
    assert "still running" in deck("runs", "delete", "last", code=1)[1]
    assert run.path.exists()
    deck("runs", "delete", "../runs", code=2)


def test_verify(deck, done):
    assert deck.json("runs", "verify")["intact"] is True
    assert "as they were saved" in deck("runs", "verify", done.id)[0]
    (done.path / "model.keras").write_bytes(b"contenT")
    out, err = deck("runs", "verify", code=1)
    assert not out
    assert "model.keras" in err
    document = deck.json("runs", "verify", code=1)
    assert document["intact"] is False
    assert document["error"]["problems"][0]["key"] == "model.keras"
