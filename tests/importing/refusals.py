"""Kinds of files that are refused, each with its reason, and the hints with which it is read."""

from dataclasses import dataclass, field

import pandas as pd

from tests.importing.markets import OHLCV, PRICES, candles, grouped, lines, packed

HEAD = "time,open,high,low,close,volume"
HOURS = pd.date_range("2024-01-29", periods=150, freq="h")
EARLY = pd.date_range("2024-02-01", periods=150, freq="h")  # all days up to the twelfth
FRAME, EARLY_FRAME = candles(5, HOURS), candles(6, EARLY)
WEEKLY = candles(9, pd.date_range("2020-06-01", periods=150, freq="W-MON"))
WEEKS_OF_A_YEAR = candles(9, pd.date_range("2025-01-06", periods=50, freq="W-MON"))
EARLY_DAYS = candles(4, pd.bdate_range("2003-11-20", periods=150))
QUOTED = "{:%m/%d/%Y,%H:%M}".format
DAILY = candles(8, pd.date_range("2024-02-01", periods=150))
THOUSANDS = candles(7, HOURS, places=0, first=29_000.0, whole_volume=True).clip(lower=1000)


@dataclass(frozen=True)
class Refused:
    """A file, why it is refused, and the candles that the hints give."""

    looks: str
    reason: str  # how the error puts it
    content: bytes
    file: str = "a.csv"
    hints: dict = field(default_factory=dict)
    frame: pd.DataFrame | None = None


def text(*rows):
    return ("\n".join(rows) + "\n").encode()


def plain(frame, stamp=str, columns=OHLCV, delimiter=","):
    return list(lines(frame, columns, 2, stamp=stamp, delimiter=delimiter))


def german(frame):
    rows = (
        f"{time};" + ";".join(grouped(row[name], 0, ".", ",") for name in OHLCV)
        for time, row in frame.iterrows()
    )
    return text(HEAD.replace(",", ";"), *rows)


def broken(frame, share):
    """Rows whose high is below their low."""
    rows = plain(frame)
    for place in range(0, len(rows), round(1 / share)):
        cells = rows[place].split(",")
        rows[place] = ",".join([*cells[:2], cells[3], cells[2], *cells[4:]])
    return text(HEAD, *rows)


def kept(frame, share):
    return frame.drop(frame.index[:: round(1 / share)])


def stray(frame):
    rows = plain(frame)
    rows[20] = rows[20].replace(",", ',"', 1)
    rows[40] = rows[40].replace(",", '",', 1)
    return text(HEAD, *rows)


TWO_STEPS = pd.date_range("2023-06-01", periods=60).union(pd.date_range("2023-07-31", periods=150, freq="h"))
STEPS = candles(8, TWO_STEPS)
FLAT = pd.DataFrame(dict.fromkeys(OHLCV, 5.5), HOURS)
CONTRADICTING = pd.concat([FRAME, (FRAME * 2).iloc[::20]])

NEXT = candles(5, pd.date_range("2024-03-01", periods=150, freq="h"), first=7.0)
CENTS = pd.concat([FRAME.iloc[:75], FRAME.iloc[75:] * [100, 100, 100, 100, 1]])
EVERY_DAY = candles(8, pd.date_range("2024-01-01", periods=150))
MONTHS = candles(8, pd.date_range("2009-01-01", periods=12, freq="MS"))
SINCE_2000_S = 946_684_800

REFUSED = [
    Refused(
        "days up to the twelfth alone, `01/02/2024`",
        "both fit all rows",
        text(HEAD, *plain(EARLY_FRAME, "{:%d/%m/%Y %H:%M}".format)),
        hints={"dates": "day-first"},
        frame=EARLY_FRAME,
    ),
    Refused(
        "the same, month first",
        "both fit all rows",
        text(HEAD, *plain(EARLY_FRAME, "{:%m/%d/%Y %H:%M}".format)),
        hints={"dates": "month-first"},
        frame=EARLY_FRAME,
    ),
    Refused(
        "three digits behind every mark, `29.000`",
        "both fit all rows",
        german(THOUSANDS),
        hints={"decimal": "comma"},
        frame=THOUSANDS,
    ),
    Refused(
        "four prices that are alike in every row, without a header",
        "more than one order fits",
        text(*plain(FLAT)),
    ),
    Refused(
        "prices in an order that nobody is known to use, without a header",
        "no order that is known",
        text(*plain(FRAME, columns=("high", "open", "close", "low", "volume"))),
    ),
    Refused(
        "more than 1 % of the rows impossible",
        "would lose 8 of its 150 rows",
        broken(FRAME, 0.05),
        hints={"accept_losses": True},
        frame=kept(FRAME, 0.05),
    ),
    Refused(
        "more than 1 % of the rows contradicted by another of their time",
        "rows of 158 that contradict",
        text(HEAD, *plain(CONTRADICTING)),
        hints={"accept_losses": True},
        frame=CONTRADICTING.groupby(level=0).last(),
    ),
    Refused(
        "a step that changes",
        "changes its step",
        text(HEAD, *plain(STEPS)),
        hints={"part": "finer"},
        frame=STEPS[STEPS.index >= "2023-07-31"],
    ),
    Refused("a stray quotation mark", "that swallows lines", stray(FRAME)),
    Refused(
        "times of a zone that several places use, `CST`",
        "which is not known for certain",
        text(HEAD, *plain(FRAME, "{:%Y-%m-%d %H:%M:%S CST}".format)),
    ),
    Refused(
        "a zone in the header whose clocks may change, `Time (EST)`",
        "names the zone EST",
        text(HEAD.replace("time", "Time (EST)"), *plain(FRAME, lambda t: str(t - pd.Timedelta("5h")))),
        hints={"timezone": "America/New_York"},
        frame=FRAME,
    ),
    Refused(
        "several tickers in two lines of header",
        "holds several symbols",
        text("Price,Close,Close,Open,High,Low", "Ticker,ABC,QDX,QDX,QDX,QDX", "2024-01-01,1,2,3,4,5"),
    ),
    Refused(
        "decimal commas between commas",
        "rows of 11 cells under a header of 6",
        text(HEAD, *(row.replace(".", ",") for row in plain(FRAME))),
    ),
    Refused("a web page", "is a web page", b"<!DOCTYPE html><html><body>404</body></html>"),
    Refused(
        "an answer that tells an error",
        "is JSON, and no list of rows",
        b'{"code": -1121, "msg": "Invalid symbol."}',
    ),
    Refused(
        "an archive that is cut off", "is damaged", packed("a.csv", text(HEAD, *plain(FRAME)))[:-30], "a.zip"
    ),
    Refused("nothing", "is empty", b""),
    Refused(
        "volumes below 0 in all rows",
        "150 times negative volume",
        text(HEAD, *plain(FRAME.assign(volume=-FRAME.volume))),
    ),
    Refused(
        "Heikin-Ashi bars, by their names",
        "at which nobody traded",
        text("time,ha_open,ha_high,ha_low,ha_close,volume", *plain(FRAME)),
    ),
    Refused(
        "days and months that a spreadsheet has swapped up to the twelfth",
        "a spreadsheet has swapped",
        text(HEAD, *plain(DAILY, lambda t: t.strftime("%d/%m/%Y" if t.day > 12 else "%m/%d/%Y"))),
    ),
    Refused(
        "bid and ask prices without a header, as LEAN's and Kibot's quotes are; read with the names it tells",
        "write date,time,bid_open",
        text(*(f"{row},{','.join(row.split(',')[2:])}" for row in plain(FRAME, QUOTED, PRICES))),
    ),
    Refused("Feather of version 1", "write it with version 2", b"FEA1" + bytes(100), "a.feather"),
    Refused(
        "days that are counted: weeks alone do not tell since when",
        "write its times as dates",
        text(HEAD, *plain(WEEKLY, lambda t: str(t.value // 86_400 // 10**9))),
    ),
    Refused(
        "days such as `031120` that have lost their zero",
        "if it has lost a zero",
        text(HEAD, *plain(EARLY_DAYS, lambda t: f"{t:%y%m%d}".lstrip("0"))),
    ),
    Refused(
        "weeks that are not those of ISO 8601: one lacks where a year ends",
        "not those of ISO 8601",
        text(HEAD, *plain(WEEKLY, "{:%Y-W%W}".format)),
    ),
    Refused(
        "weeks of one year, `2025-W05`, that are 27 January by ISO 8601 and 3 February by `%W`",
        "begins on 2025-01-06 by ISO 8601 and on 2025-01-13",
        text(HEAD, *plain(WEEKS_OF_A_YEAR, "{:%G-W%V}".format)),
    ),
    Refused(
        "rows of several series, whichever column tells them apart",
        "holds several of column Kontrakt: A, B",
        text(
            f"{HEAD},Kontrakt",
            *(f"{row},{mark}" for mark in "AB" for row in plain(FRAME * (1.001 + (mark == "A")))),
        ),
    ),
    Refused(
        "two markets that a blank line separates",
        "has a blank line between rows where prices go from",
        text(HEAD, *plain(FRAME), "", *plain(NEXT)),
    ),
    Refused(
        "prices that go on in another unit, as cents behind euros",
        "a change of unit",
        text(HEAD, *plain(CENTS)),
    ),
    Refused(
        "a column of a scale other than 1, `price_scale`",
        "says 100 in column price_scale",
        text(f"{HEAD},price_scale", *(f"{row},100" for row in plain(FRAME))),
    ),
    Refused(
        "a currency at one price among bare ones",
        "of which currency the others are",
        text(HEAD, *plain(FRAME[:9]), plain(FRAME[9:10])[0].replace(",", ",€", 1), *plain(FRAME[10:])),
    ),
    Refused(
        "stamps of another epoch: all days of the week in 1994",
        "from 2024-01-01T00:00:00 since 2000",
        text(HEAD, *plain(EVERY_DAY, lambda t: str(t.value // 10**9 - SINCE_2000_S))),
    ),
    Refused(
        "months and years, `01/09`, that may be days without a year",
        "which is 2009-01 or 2001-09 or 1 September without a year or 9 January without a year",
        text(HEAD, *plain(MONTHS, "{:%m/%y}".format)),
    ),
    Refused(
        "a zone in a line beside the rows whose clocks may change, `All times are Eastern Time`",
        "names the zone Eastern",
        text(HEAD, *plain(FRAME, lambda t: str(t - pd.Timedelta("5h"))), "All times are Eastern Time"),
        hints={"timezone": "America/New_York"},
        frame=FRAME,
    ),
    Refused(
        "several columns of values",
        "and one of the others, a file each",
        text("observation_date,DGS10,DGS2", "2024-01-02,4.25,4.5", "2024-01-03,4.26,4.5"),
    ),
    Refused(
        "names that no code page makes known",
        "was read as cp1252",
        text(",".join(["time", *(f"яблоко{number}" for number in range(5))]), *plain(FRAME))
        .decode()
        .encode("cp1251"),
    ),
    Refused(
        "days without a year, `20/01`",
        "1 January without a year",
        text(HEAD, *plain(EVERY_DAY[:20], "{:%d/%m}".format)),
    ),
    Refused(
        "two columns of one name that differ",
        "has two columns named volume that differ",
        text(f"{HEAD},volume", *(f"{row},1" for row in plain(FRAME))),
    ),
    Refused(
        "several lists of candles in one JSON document",
        "a, b",
        b'{"a": [[1, 2], [3, 4]], "b": [[1, 2], [3, 4]]}',
    ),
    Refused(
        "seconds that lie in the future, since 1904 perhaps",
        "if counted from 1904",
        text(HEAD, *plain(FRAME, lambda t: str(t.value // 10**9 + 24_107 * 86_400))),
    ),
    Refused(
        "a row between others that names the columns anew",
        "names its columns anew",
        text(HEAD, *plain(FRAME[:75]), "time,low,high,open,close,volume", *plain(FRAME[75:])),
    ),
    Refused(
        "funding rates that come oftener than they are paid",
        "these are forecasts of a rate",
        text(
            "time,funding_rate",
            *(f"{t},0.0001" for t in pd.date_range("2024-01-01", periods=90, freq="1min")),
        ),
    ),
    Refused(
        "a multiple of a volume that is not certain, `Volume K`",
        "Volume K",
        text(HEAD.replace("volume", "Volume K"), *plain(FRAME)),
    ),
    Refused(
        "prices of two currencies, by their names",
        "prices of several currencies",
        text("time,open (USD),high (USD),low (USD),close (EUR),volume", *plain(FRAME)),
    ),
]
