"""Answers of exchanges in JSON: what is not finished is left out and said, errors are told."""

import json

import pytest

from engine.data.importing.files import read
from engine.errors import RepairDataError

START, HOUR, COUNT = 1_706_486_400, 3600, 50


def okx(confirms, code="0", message=""):
    """An answer of OKX, a candle an hour, newest first, each with this last field."""
    rows = [
        [f"{START + HOUR * hour}000", "1.5", "2", "1.25", "1.75", "9", "15", "15", confirm]
        for hour, confirm in enumerate(confirms)
    ]
    return {"code": code, "msg": message, "data": rows[::-1]}


def oanda(complete, sides=("mid",)):
    """An answer of OANDA, a candle an hour."""
    prices = {
        "bid": {"o": "1.5", "h": "2", "l": "1.25", "c": "1.75"},
        "mid": {"o": "1.6", "h": "2.1", "l": "1.35", "c": "1.85"},
        "ask": {"o": "1.7", "h": "2.2", "l": "1.45", "c": "1.95"},
    }
    candles = [
        {
            "complete": each, "volume": 7, "time": f"{START + HOUR * hour}.000000000",
            **{side: prices[side] for side in sides},
        }
        for hour, each in enumerate(complete)
    ]  # fmt: skip
    return {"instrument": "EUR_USD", "granularity": "H1", "candles": candles}


@pytest.fixture
def found(tmp_path):
    def of(document):
        path = tmp_path / "a.json"
        path.write_text(json.dumps(document))
        return read(path)

    return of


@pytest.mark.parametrize("unfinished", [0, 1, 3])
@pytest.mark.parametrize("publisher", ["OKX", "OANDA"])
def test_candles_that_are_not_finished_are_left_out_and_said(found, publisher, unfinished):
    done = COUNT - unfinished
    answer = okx(["1"] * done + ["0"] * unfinished)
    if publisher == "OANDA":
        answer = oanda([True] * done + [False] * unfinished)
    series = found(answer)
    assert series.layout == publisher
    assert sorted(series.frame.index.as_unit("s").asi8) == [START + HOUR * hour for hour in range(done)]
    said = [note.values["rows"] for note in series.notes if note.code == "unfinished candles"]
    assert said == ([unfinished] if unfinished else [])


@pytest.mark.parametrize(
    ("sides", "opened"), [(("mid",), 1.6), (("bid", "ask"), 1.5), (("ask",), 1.7), (("mid", "ask"), 1.6)]
)
def test_one_side_of_the_prices_is_read_and_said(found, sides, opened):
    series = found(oanda([True] * COUNT, sides))
    assert set(series.frame["open"]) == {opened}
    assert {"prices of a side", "tick volume"} <= {note.code for note in series.notes}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (okx([], "51001", "Instrument ID does not exist"), "51001 Instrument ID does not exist"),
        (okx([]), "without candles"),
        (okx(["0", "0"]), "2 that are not finished"),
        (oanda([False]), "1 that are not finished"),
        (oanda([True] * COUNT, ()), "no side"),
        ({**oanda([True]), "candles": [{"time": "1"}]}, "no field complete"),
    ],
)
def test_an_answer_without_candles_is_refused_with_its_reason(found, document, reason):
    with pytest.raises(RepairDataError, match=reason):
        found(document)
