"""Tables that people have: as pandas prints them, with breaks in cells, sums and holidays among rows."""

import pandas as pd
import pytest

from engine.errors import RepairDataError
from tests.importing.markets import OHLCV, PRICES, candles, lines
from tests.importing.test_random_files import difference

HOURS = pd.date_range("2024-01-29", periods=60, freq="h")
WEEKDAYS = pd.bdate_range("2023-11-20", periods=60)
HEAD = "time,open,high,low,close,volume"


def rows_of(frame):
    return list(lines(frame, OHLCV, 2, stamp=str))


PRINTED = {
    "with an index": lambda frame: frame.to_string(),
    "with the name of an index": lambda frame: frame.rename_axis("Date").to_string(),
    "with numbers of rows": lambda frame: frame.rename_axis("Date").reset_index().to_string(),
    "without an index": lambda frame: frame.rename_axis("Date").reset_index().to_string(index=False),
    "with a zone": lambda frame: frame.tz_localize("UTC").rename_axis("time").to_string(),
    "with names of two words": lambda frame: frame.rename(columns="{} price".format).to_string(),
    "with dates and clocks": lambda frame: (
        frame.assign(
            Time=[f"{time:%H:%M}" for time in frame.index], Date=[f"{time:%Y-%m-%d}" for time in frame.index]
        )
        .reset_index(drop=True)
        .to_string()
    ),
}


@pytest.mark.parametrize("times", [HOURS, WEEKDAYS], ids=["hours", "days"])
@pytest.mark.parametrize("how", PRINTED)
def test_what_pandas_prints(read, how, times):
    frame = candles(5, times)
    assert not difference(read(PRINTED[how](frame))[0], frame)


def test_a_printed_table_that_leaves_rows_out_is_refused(read):
    with pytest.raises(RepairDataError, match="leaves rows out"):
        read(str(candles(5, pd.date_range("2024-01-29", periods=100, freq="h"))))


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_breaks_within_quoted_cells(read, place, end):
    frame = candles(5, HOURS)
    note = f'"Up, says{end}""a"" broker{end}{end}of 2"'
    rows = [f"{note},{row}" if place == "first" else f"{row},{note}" for row in rows_of(frame)]
    header = f"note,{HEAD}" if place == "first" else f"{HEAD},note"
    stored, *_ = read(end.join([header, *rows]) + end)
    assert not difference(stored, frame)


@pytest.mark.parametrize("apart", [1, 2, 20])
@pytest.mark.parametrize("cell", [1, 5, 6])
def test_a_stray_quotation_mark_is_no_line_break(read, apart, cell):
    rows = [f"{row},ok" for row in rows_of(candles(5, HOURS))]
    first, last = rows[20].split(","), rows[20 + apart].split(",")
    first[cell] = '"' + first[cell]
    last[cell] += '"'
    rows[20], rows[20 + apart] = ",".join(first), ",".join(last)
    with pytest.raises(RepairDataError, match="swallows lines"):
        read([f"{HEAD},note", *rows])


def test_marks_without_width_in_names(read):
    frame = candles(5, HOURS)
    head = "\u200btime,\u00a0open,hi\u00adgh,low\u2060,close\u200b,volume\u200e"
    assert not difference(read([head, *rows_of(frame)])[0], frame)


@pytest.mark.parametrize("word", ["Total", "Average", "Mean:", "Summe", "25%", "合計", "grand total"])
@pytest.mark.parametrize("place", [0, 30, 60])
def test_rows_that_sum_others_up_are_left_out_and_told(read, word, place):
    frame = candles(5, HOURS)
    rows = rows_of(frame)
    rows[place:place] = [f"{word},101.1,102.2,99.3,100.4,5000"] * 2
    stored, notes, report = read([HEAD, *rows])
    assert not difference(stored, frame)
    assert notes["summary rows"] == {"rows": 2, "text": word}
    assert report.rejected == 0


@pytest.mark.parametrize("blank", ["", ".", "NaN"])
@pytest.mark.parametrize("kind", ["candles", "values"])
def test_holidays_without_numbers_are_no_loss(read, blank, kind):
    frame = candles(5, WEEKDAYS)[list(PRICES)]
    shown = frame if kind == "candles" else frame[["close"]].rename(columns={"close": "value"})
    rows = [
        f"{time:%Y-%m-%d}," + ",".join(blank if at % 9 == 4 else f"{value:.2f}" for value in row)
        for at, (time, row) in enumerate(zip(shown.index, shown.to_numpy(), strict=True))
    ]
    there = [at % 9 != 4 for at in range(len(frame))]
    stored, _, report = read([",".join(["DATE", *shown]), *rows])
    assert not difference(stored, shown[there])
    assert report.rejected_by == {"no prices" if kind == "candles" else "no value": there.count(False)}


@pytest.mark.parametrize("name", ["expiry", "contract", "Contract Month", "delivery"])
def test_contracts_that_follow_each_other_are_told(read, name):
    frame = candles(5, WEEKDAYS)
    rows = [f"{row},{'ESH4' if at < 30 else 'ESM4'}" for at, row in enumerate(rows_of(frame))]
    stored, notes, _ = read([f"{HEAD},{name}", *rows])
    assert not difference(stored, frame)
    assert notes["contracts in a row"] == {"column": name, "count": 2}
    assert "contracts in a row" not in read([f"{HEAD},{name}", *(f"{row},ESH4" for row in rows_of(frame))])[1]


@pytest.mark.parametrize("form", ["one a statement", "one a row"])
def test_statements_of_sql_are_told_as_such(read, form):
    rows = [f"('{row[:19]}'{row[19:]})" for row in rows_of(candles(5, HOURS))]
    one = "INSERT INTO `candles` (`time`, `open`, `high`, `low`, `close`, `volume`) VALUES "
    with pytest.raises(RepairDataError, match="SQL statements"):
        read([f"{one}{row};" for row in rows] if form == "one a row" else one + ",\n".join(rows) + ";")


@pytest.mark.parametrize("units", ["-,USD,USD,USD,USD,shares", "date,float,float,float,float,int"])
def test_a_line_of_units_is_no_ticker(read, units):
    frame = candles(5, HOURS)
    stored, notes, report = read([HEAD, units, *rows_of(frame)])
    assert not difference(stored, frame)
    assert (report.layout, "prices adjusted" in notes) == ("plain candles", False)


def test_a_line_of_units_is_applied_and_told(read):
    frame = candles(5, HOURS)
    stored, notes, _ = read([HEAD, "-,cents,cents,cents,cents,thousands", *rows_of(frame)])
    assert stored["volume"].tolist() == (frame["volume"] * 1000).round(8).tolist()
    assert stored["close"].tolist() == frame["close"].tolist()
    assert notes["prices in a unit"] == {"unit": "cents"}


MULTIPLES = {
    "成交量(千股)": 1000, "出来高(千株)": 1000, "거래량(천주)": 1000, "Wolumen (tys. szt.)": 1000,
    "Объём (тыс.)": 1000, "Wolumen [tys.]": 1000, "成交量(万股)": 10_000, "成交量(手)": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", MULTIPLES)
def test_multiples_of_volumes_in_other_tongues(read, name):
    frame = candles(5, HOURS)
    stored, *_ = read([HEAD.replace("volume", name), *rows_of(frame)])
    assert stored["volume"].tolist() == (frame["volume"] * MULTIPLES[name]).round(8).tolist()
