"""data status, update, import, export, verify, repair."""

from dataclasses import replace
from pathlib import Path

from engine.results.codec import from_json
from engine.results.series import PastRepair, RepairReport, StoredSeries
from tui.commands.data import origin, repair_text


def test_import_tells_the_repair_report(deck):
    (deck.folder / "BTC.csv").write_text("x")
    out, err = deck("data", "import", "BTC.csv")
    assert out.splitlines()[:5] == [
        "Imported as BTC",
        "  rows       36,062 read, 33,413 stored",
        "  duplicates 2,649 merged, 12 of them conflicting",
        "  rejected   0",
        "  missing    16 in 8 gaps",
    ]
    assert "CryptoDataDownload" in out
    assert out.endswith("  gaps:\n    from 2018-01-04T03:00:00Z  to 2018-01-04T06:00:00Z  bars 3\n")
    assert "reading" in err


def test_import_document_is_the_report(deck):
    (deck.folder / "BTC.csv").write_text("x")
    document = deck.json("data", "import", "BTC.csv", "--name", "mine")
    assert document["series"] == "mine"
    expected = {
        "rows_read": 36062,
        "rows_stored": 33413,
        "duplicates": 2649,
        "conflicting": 12,
        "rejected": 0,
    }
    expected |= {
        "missing": 16,
        "gaps": 8,
        "flagged": 1,
        "first": "2017-08-17T04:00:00Z",
        "last": "2021-06-10T00:00:00Z",
    }
    assert expected.items() <= document.items()


def test_import_of_nothing(deck):
    out, err = deck("data", "import", "absent.csv", code=2)
    assert not out
    assert f"error: {deck.folder}/absent.csv: there is no such file" in err
    assert deck.json("data", "import", "absent.csv", code=2)["error"]["class"] == "ChangeSettingsError"


def test_status(deck):
    assert "no series stored yet" in deck("data", "status")[0]
    deck.home.runs.mkdir(parents=True)
    out, _ = deck("data", "status")
    header, first, second = out.splitlines()
    assert header.split() == [
        "series",
        "kind",
        "rows",
        "first",
        "last",
        "gaps",
        "calendar",
        "simulated",
        "origin",
    ]
    assert first.split() == [
        "a",
        "open",
        "interest",
        "33,413",
        "2017-08-17",
        "2021-06-10",
        "8",
        "SIMULATED",
        "x.csv",
    ]
    assert second.split() == ["b\\x1b[31m", "candles", "0", "n/a", "n/a", "n/a", "no"]
    assert deck.json("data", "status")["series"][0]["rows"] == 33413


def test_export(deck):
    out, _ = deck("data", "export", "mine", "out.csv")
    assert (deck.folder / "out.csv").read_text() == "mine"
    assert "2,000 rows" in out


def test_update_is_a_run(deck):
    out, _ = deck("data", "update")
    assert "demo_BTC-USDT_1h_candles" in out
    assert "2,000" in out
    assert "SIMULATED" in out
    assert "up to date" in out
    (run,) = deck.home.all()
    assert run.mode == "update"
    document = deck.json("data", "update")
    assert document["result"]["sources"]["demo_BTC-USDT_1h_candles"]["rows"] == 2000


def test_verify(deck):
    assert deck("data", "verify")[0] == "2 series: all are as they were stored\n"
    deck.home.path.mkdir(parents=True, exist_ok=True)
    (deck.home.path / "spoilt").touch()
    out, err = deck("data", "verify", code=1)
    assert not out
    assert "error: data: 1 of 2 series not as stored" in err
    assert "  b: its rows are not those that were stored" in err
    assert deck.json("data", "verify", code=1)["broken"][0]["series"] == "b"


REPAIRED = {
    "series": "mine", "rows": 1200, "second": "other", "repairs": 1,
    "policy": {"gaps": "second", "spikes": "leave", "conflicts": "leave"},
    "found": {
        "gaps": 1, "missing": 3, "spikes": 2, "confirmed": 4, "conflicts": 0, "compared": 1100,
        "duplicates": 5, "rejected": 6,
    },
    "done": {"refetched": 0, "taken": 3, "filled": 0},
    "left": {"gaps": 0, "missing": 0, "spikes": 2, "confirmed": 4, "conflicts": 0, "compared": 1100},
    "details": [{"from": "2021-01-01", "to": "2021-01-02", "bars": 3, "was": "gaps", "now": "taken"}],
}  # fmt: skip


def test_a_repair_is_told_in_numbers():
    lines = repair_text(from_json(RepairReport, REPAIRED, "mine"), Path("/my home")).splitlines()
    assert lines == [
        "mine: 1,200 candles",
        "  gaps       3 candles in 1 gaps: second",
        "  spikes     2 against other (1,100 compared, 4 more confirmed): leave",
        "  conflicts  0: leave",
        "  arrival    5 duplicates merged, 6 rows rejected",
        "  repaired   0 sent again, 3 taken from other, 0 filled flat",
        "  left       0 missing in 0 gaps, 2 spikes, 0 conflicts",
        "    from 2021-01-01  to 2021-01-02  bars 3  was gaps  now taken",
        "Take it back with: quantdeck --home '/my home' data repair mine --undo",
    ]


def test_the_origin_of_a_series_tells_repairs():
    once = (PastRepair("2021-01-01T00:00:00Z", {}, {}, {}),)
    series = StoredSeries("mine", exchange="kraken", repairs=once)
    assert origin(series) == "kraken, repaired"
    assert origin(replace(series, repairs=once * 2)) == "kraken, repaired 2 times"
