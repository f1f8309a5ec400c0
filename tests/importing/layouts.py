"""Every layout that is read: a writer of each, which knows its candles. docs/data.md lists them."""

import gzip
import io
import json
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from tests.importing.markets import OHLCV, PRICES, candles, cells, grouped, lines, packed, seconds

MINUTES = pd.date_range("2024-01-29 21:00", periods=150, freq="min")
HOURS = pd.date_range("2024-01-29", periods=150, freq="h")
DAYS = pd.date_range("2023-11-20", periods=150)
BUSINESS = pd.bdate_range("2023-11-20", periods=150)
WEEK = pd.date_range("2024-01-29", periods=240, freq="h")
MONDAYS = pd.date_range("2020-06-01", periods=150, freq="W-MON")
OPEN_HOURS = WEEK[WEEK.day_of_week < 5]
WEEKS = pd.date_range("2024-01-29", periods=150, freq="4h")
OPEN_HOURS_OF_WEEKS = WEEKS[WEEKS.day_of_week < 5]


@dataclass(frozen=True)
class Variant:
    """One way to write a layout: the order of its rows, their decimals, the encoding of text."""

    order: str
    places: int
    encoding: str
    seed: int


VARIANTS = (
    Variant("oldest first", 2, "utf-8", 1),
    Variant("newest first", 5, "utf-8-sig", 2),
    Variant("shuffled", 7, "utf-16", 3),
)


@dataclass(frozen=True)
class Layout:
    """A layout: its name in the docs, what it looks like, and its writer."""

    name: str
    looks: str
    read_as: str  # what the report calls it
    make: object  # Variant -> (file name, content or text, candles)
    hints: dict = field(default_factory=dict)
    zone: str = ""  # of the times that are written


LAYOUTS = []


def layout(name, looks, read_as="plain candles", times=HOURS, **more):
    """Register a writer `frame, places -> (file name, content)`; text has its lines in the frame's order."""
    whole_volume, hints, zone = more.pop("whole_volume", False), more.pop("hints", {}), more.pop("zone", "")
    suffixed = more.pop("suffixed", False)
    first, most = more.pop("first", 100.0), more.pop("places", 99)

    def registered(write):
        def make(variant):
            places = min(variant.places, most)
            frame = candles(
                variant.seed, times, places=places, first=first, whole_volume=whole_volume, suffixed=suffixed
            )
            ordered = frame
            if variant.order == "newest first":
                ordered = frame[::-1]
            elif variant.order == "shuffled":
                ordered = frame.sample(frac=1, random_state=variant.seed)
            file, content = write(ordered, places)
            if isinstance(content, list):
                content = "\n".join(content) + "\n"
            if isinstance(content, str):
                content = content.encode(variant.encoding)
            return file, content, frame

        LAYOUTS.append(Layout(name, looks, read_as, make, hints, zone))
        return write

    return registered


def plain(frame, places, header, stamp, columns=OHLCV, **more):
    return [header, *lines(frame, columns, places, stamp=stamp, **more)]


@layout("pandas", "`,open,high,low,close,volume`: an index without a name")
def _(frame, places):
    return "a.csv", plain(frame, places, ",open,high,low,close,volume", str)


@layout("R", "a header that is one name shorter than the rows, which begin with their names")
def _(frame, places):
    rows = [f"{number},{line}" for number, line in enumerate(lines(frame, OHLCV, places, stamp=str))]
    return "a.csv", ["date,open,high,low,close,volume", *rows]


@layout("yfinance", "three lines of header: field, ticker, `Date`", "Yahoo Finance", DAYS, whole_volume=True)
def _(frame, places):
    names = ("close", "high", "low", "open", "volume")
    head = ["Price,Close,High,Low,Open,Volume", "Ticker,QDX,QDX,QDX,QDX,QDX", "Date,,,,,"]
    return "a.csv", head + list(lines(frame, names, places, stamp="{:%Y-%m-%d}".format, volume_places=0))


@layout("yfinance", "two lines of header: field, ticker", "Yahoo Finance", DAYS, whole_volume=True)
def _(frame, places):
    names = ("close", "high", "low", "open", "volume")
    head = ["Price,Close,High,Low,Open,Volume", "Ticker,QDX,QDX,QDX,QDX,QDX"]
    return "a.csv", head + list(lines(frame, names, places, stamp="{:%Y-%m-%d}".format, volume_places=0))


@layout("yfinance", "Parquet with columns of two levels, (field, ticker)", "Yahoo Finance", DAYS)
def _(frame, places):
    shown = frame.rename(columns=str.title)
    shown.columns = pd.MultiIndex.from_product([shown.columns, ["QDX"]], names=["Price", "Ticker"])
    shown.index.name = "Date"
    return "a.parquet", parquet(shown)


@layout(
    "Yahoo Finance", "`Date,Open,High,Low,Close,Adj Close,Volume`", "Yahoo Finance", DAYS, whole_volume=True
)
def _(frame, places):
    names = (*PRICES, lambda _, row, __: cells(row.close * 0.9, 4), "volume")
    head = "Date,Open,High,Low,Close,Adj Close,Volume"
    return "QDX.csv", plain(frame, places, head, "{:%Y-%m-%d}".format, names, volume_places=0)


@layout(
    "MetaTrader 5",
    "tabs, `<DATE> <TIME> … <TICKVOL> <VOL> <SPREAD>`; tick volume where `<VOL>` is 0",
    "MetaTrader 5",
    OPEN_HOURS,
    whole_volume=True,
)
def _(frame, places):
    head = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
    return "a.csv", plain(
        frame,
        places,
        head,
        "{:%Y.%m.%d\t%H:%M:%S}".format,
        (*OHLCV, "0", "7"),
        delimiter="\t",
        volume_places=0,
    )


@layout("MetaTrader 5", "the same with real volume", "MetaTrader 5", OPEN_HOURS, whole_volume=True)
def _(frame, places):
    head = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
    columns = (*PRICES, "12", "volume", "7")
    stamp = "{:%Y.%m.%d\t%H:%M:%S}".format
    return "a.csv", plain(frame, places, head, stamp, columns, delimiter="\t", volume_places=0)


@layout(
    "MetaTrader 4",
    "no header, `2024.01.02,09:30,open,high,low,close,volume`",
    "MetaTrader 4",
    OPEN_HOURS,
    whole_volume=True,
)
def _(frame, places):
    return "EURUSD60.csv", list(
        lines(frame, OHLCV, places, stamp="{:%Y.%m.%d,%H:%M}".format, volume_places=0)
    )


@layout("Stooq", "`Date,Open,High,Low,Close,Volume`", times=BUSINESS)
def _(frame, places):
    return "a.csv", plain(frame, places, "Date,Open,High,Low,Close,Volume", "{:%Y-%m-%d}".format)


@layout("Stooq", "bulk, `<TICKER>,<PER>,<DATE>,<TIME>,…,<OPENINT>`", "Stooq")
def _(frame, places):
    head = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"
    return "a.txt", plain(frame, places, head, "QDX,60,{:%Y%m%d,%H%M%S}".format, (*OHLCV, "0"))


@layout("Finam", "`<TICKER>;<PER>;<DATE>;<TIME>;…;<VOL>`", "Finam")
def _(frame, places):
    head = "<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>"
    return "a.csv", plain(frame, places, head, "QDX;60;{:%Y%m%d;%H%M%S}".format, delimiter=";")


@layout("Kraken", "OHLCVT, no header, 7 columns", "Kraken", MINUTES)
def _(frame, places):
    return "XBTUSD_1.csv", list(lines(frame, (*OHLCV, "3"), places, stamp=lambda t: str(seconds(t))))


def binance(unit, step="3599"):
    """Lines of Binance's klines with stamps of the unit, given by its digits behind the second."""
    nines = "9" * len(unit)
    more = (lambda t, _, __: f"{seconds(t) + int(step)}{nines}", "1.5", "7", "1.5", "2.5", "0")
    return lambda frame, places: list(
        lines(frame, (*OHLCV, *more), places, stamp=lambda t: f"{seconds(t)}{unit}")
    )


BINANCE = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore"
)


@layout("Binance", "klines of 12 columns, no header, ms", "Binance public data")
def _(frame, places):
    return "QDXUSDT-1h-2024-01.csv", binance("000")(frame, places)


@layout("Binance", "the same with its header, microseconds (since 2025)", "Binance public data")
def _(frame, places):
    return "QDXUSDT-1h-2025-01.csv", [BINANCE, *binance("000000")(frame, places)]


@layout("Binance", "the ZIP that is published", "Binance public data")
def _(frame, places):
    name = "QDXUSDT-1h-2025-01"
    return f"{name}.zip", packed(f"{name}.csv", "\n".join(binance("000000")(frame, places)))


@layout(
    "CryptoDataDownload", "an address, then `unix,date,symbol,…,Volume QDX,Volume USD`", "CryptoDataDownload"
)
def _(frame, places):
    head = [
        "https://www.CryptoDataDownload.com",
        "unix,date,symbol,open,high,low,close,Volume USD,Volume QDX",
    ]
    columns = (*PRICES, lambda _, row, __: f"{row.volume * row.close:.2f}", "volume")
    stamp = lambda t: f"{seconds(t)}000,{t},QDX/USD"  # noqa: E731
    return "Bitstamp_QDXUSD_1h.csv", head + list(lines(frame, columns, places, stamp=stamp))


@layout("CryptoCompare", "`VolumeFrom` in base, `VolumeTo` in quote currency", "CryptoCompare")
def _(frame, places):
    columns = (*PRICES, "volume", lambda _, row, __: f"{row.volume * row.close:.2f}")
    return "a.csv", plain(frame, places, "Date,Symbol,Open,High,Low,Close,VolumeFrom,VolumeTo",
                          "{:%Y-%m-%d %H:%M:%S},QDXUSD".format, columns)  # fmt: skip


@layout("Coinbase", "no header, time, low, high, open, close, volume", "Coinbase")
def _(frame, places):
    columns = ("low", "high", "open", "close", "volume")
    return "a.csv", list(lines(frame, columns, places, stamp=lambda t: str(seconds(t))))


@layout("Bitfinex, jesse", "no header, time, open, close, high, low, volume", "Bitfinex or jesse", MINUTES)
def _(frame, places):
    columns = ("open", "close", "high", "low", "volume")
    return "a.csv", list(lines(frame, columns, places, stamp=lambda t: f"{seconds(t)}000"))


@layout("TradingView", "`time,open,high,low,close,Volume,…` with stamps of seconds")
def _(frame, places):
    head = "time,open,high,low,close,Volume,Volume MA,Plot,Plot"
    return "BINANCE_QDXUSDT, 60.csv", plain(
        frame, places, head, lambda t: str(seconds(t)), (*OHLCV, "1.5", "2.5", "3.5")
    )


@layout("TradingView", "the same with ISO times of another zone")
def _(frame, places):
    stamp = lambda t: t.tz_localize("UTC").tz_convert("Europe/Berlin").isoformat()  # noqa: E731
    return "a.csv", plain(frame, places, "time,open,high,low,close,Volume,RSI", stamp, (*OHLCV, "50.5"))


@layout("freqtrade", "Feather")
def _(frame, places):
    shown = frame.tz_localize("UTC").reset_index(names="date")
    whole = io.BytesIO()
    pa.feather.write_feather(pa.Table.from_pandas(shown, preserve_index=False), whole)
    return "QDX_USDT-1h.feather", whole.getvalue()


@layout("freqtrade", "JSON, `[[ms, open, high, low, close, volume], …]`")
def _(frame, places):
    rows = [
        [seconds(time) * 1000, *map(float, row)]
        for time, row in zip(frame.index, frame.to_numpy(), strict=True)
    ]
    return "QDX_USDT-1h.json", json.dumps(rows).encode()


@layout("freqtrade", "the same, gzipped")
def _(frame, places):
    rows = [
        [seconds(time) * 1000, *map(float, row)]
        for time, row in zip(frame.index, frame.to_numpy(), strict=True)
    ]
    return "QDX_USDT-1h.json.gz", gzip.compress(json.dumps(rows).encode())


@layout("JSON", "a list of records")
def _(frame, places):
    rows = [
        {"time": seconds(time), **dict(zip(OHLCV, map(float, row), strict=True))}
        for time, row in zip(frame.index, frame.to_numpy(), strict=True)
    ]
    return "a.json", json.dumps(rows).encode()


@layout("Dukascopy", "`Gmt time`, `31.01.2024 22:00:00.000`", "Dukascopy", MINUTES)
def _(frame, places):
    return "a.csv", plain(
        frame, places, "Gmt time,Open,High,Low,Close,Volume", "{:%d.%m.%Y %H:%M:%S.000}".format
    )


@layout("HistData", "no header, `20240131 093000;open;high;low;close;0`", "HistData or NinjaTrader", MINUTES)
def _(frame, places):
    return "DAT_ASCII_EURUSD_M1_2024.csv", list(
        lines(frame, OHLCV, places, stamp="{:%Y%m%d %H%M%S}".format, delimiter=";")
    )


@layout(
    "NinjaTrader",
    "the same with volume in whole numbers",
    "HistData or NinjaTrader",
    MINUTES,
    whole_volume=True,
)
def _(frame, places):
    return "QDX 03-24.Last.txt", list(
        lines(frame, OHLCV, places, stamp="{:%Y%m%d %H%M%S}".format, delimiter=";", volume_places=0)
    )


@layout(
    "LEAN",
    "ZIP, no header, `20131001 00:00,open,high,low,close,volume`; prices as they are written",
    "LEAN",
    first=1_000_000.0,
    whole_volume=True,
    places=2,
)
def _(frame, places):
    rows = list(lines(frame, OHLCV, places, stamp="{:%Y%m%d %H:%M}".format, volume_places=0))
    return "qdx.zip", packed("qdx.csv", "\n".join(rows))


@layout(
    "Nasdaq",
    "`Date,Close/Last,Volume,Open,High,Low` with `$`, month first",
    "Nasdaq",
    BUSINESS,
    whole_volume=True,
)
def _(frame, places):
    columns = tuple(
        (lambda _, row, __, name=name: f"${row[name]:.{places}f}")
        for name in ("close", "open", "high", "low")
    )
    columns = (columns[0], "volume", *columns[1:])
    return "a.csv", plain(
        frame, places, "Date,Close/Last,Volume,Open,High,Low", "{:%m/%d/%Y}".format, columns, volume_places=0
    )


def scaled(value):
    """A volume with two decimals and K or M, which is exact if the volume is."""
    return f"{value / 1e3:.2f}K" if value < 1e6 else f"{value / 1e6:.2f}M"


@layout(
    "investing.com",
    "`Date,Price,Open,High,Low,Vol.,Change %`, thousands, K, M and B",
    "investing.com",
    DAYS,
    first=39_000.0,
    suffixed=True,
)
def _(frame, places):
    head = '"Date","Price","Open","High","Low","Vol.","Change %"'
    rows = [
        ",".join(
            f'"{cell}"'
            for cell in (
                f"{time:%m/%d/%Y}",
                *(grouped(row[name], places, ",", ".") for name in ("close", "open", "high", "low")),
                scaled(row.volume), "-0.52%",
            )
        )
        for time, row in frame.iterrows()
    ]  # fmt: skip
    return "a.csv", [head, *rows]


@layout(
    "investing.com",
    "the German one: `1.234,56`, `Zuletzt`, `Eröffn.`",
    times=DAYS,
    first=39_000.0,
    suffixed=True,
)
def _(frame, places):
    head = '"Datum","Zuletzt","Eröffn.","Hoch","Tief","Vol.","+/- %"'
    rows = [
        ",".join(
            f'"{cell}"'
            for cell in (
                f"{time:%d.%m.%Y}",
                *(grouped(row[name], places, ".", ",") for name in ("close", "open", "high", "low")),
                scaled(row.volume).replace(".", ","), "-0,52%",
            )
        )
        for time, row in frame.iterrows()
    ]  # fmt: skip
    return "a.csv", [head, *rows]


@layout(
    "barchart",
    "`Time,Open,High,Low,Last,Change,%Chg,Volume`, month first, a footer",
    "barchart",
    BUSINESS,
    whole_volume=True,
)
def _(frame, places):
    columns = (*PRICES, "0.1", "0.2%", "volume")
    rows = plain(
        frame,
        places,
        "Time,Open,High,Low,Last,Change,%Chg,Volume",
        "{:%m/%d/%Y}".format,
        columns,
        volume_places=0,
    )
    return "a.csv", [*rows, '"Downloaded from Barchart.com as of 06-14-2024 10:12am CDT"']


@layout("CoinMarketCap", "`timeOpen` before `timeClose` before `timestamp`", "CoinMarketCap", DAYS)
def _(frame, places):
    head = "timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;timestamp"
    stamp = lambda t: ";".join(  # noqa: E731
        [f"{t.isoformat()}.000Z", f"{t:%Y-%m-%d}T23:59:59.999Z", f"{t:%Y-%m-%d}T07:05:00.000Z",
         f"{t:%Y-%m-%d}T19:05:00.000Z", "2781"]
    )  # fmt: skip
    columns = (*OHLCV, "12345.5", lambda t, _, __: f"{t:%Y-%m-%d}T23:59:59.999Z")
    return "a.csv", plain(frame, places, head, stamp, columns, delimiter=";")


@layout("CoinAPI", "`time_period_start;time_period_end;time_open;…;volume_traded`", "CoinAPI")
def _(frame, places):
    head = (
        "time_period_start;time_period_end;time_open;time_close;price_open;price_high;price_low;price_close;"
        "volume_traded;trades_count"
    )
    iso = lambda t: f"{t.isoformat()}.0000000Z"  # noqa: E731
    stamp = lambda t: ";".join(  # noqa: E731
        [iso(t), iso(t + pd.Timedelta("1h")), iso(t + pd.Timedelta("3s")), iso(t + pd.Timedelta("59min"))]
    )
    return "a.csv", plain(frame, places, head, stamp, (*OHLCV, "17"), delimiter=";")


@layout("Polygon", "`v,vw,o,c,h,l,t,n`", "Polygon")
def _(frame, places):
    rows = [
        f"{row.volume:.4f},{row.close:.4f},"
        + ",".join(cells(row[name], places) for name in ("open", "close", "high", "low"))
        + f",{seconds(time)}000,12"
        for time, row in frame.iterrows()
    ]
    return "a.csv", ["v,vw,o,c,h,l,t,n", *rows]


@layout("Alpha Vantage", "`timestamp,open,high,low,close,adjusted_close,volume,…`", "Alpha Vantage", BUSINESS)
def _(frame, places):
    head = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
    columns = (*PRICES, "12.3400", "volume", "0.0000", "1.0")
    return "a.csv", plain(frame, places, head, "{:%Y-%m-%d}".format, columns)


@layout("Quandl", "`Date,Open,…,Ex-Dividend,Split Ratio,Adj. Open,…`", "Quandl", BUSINESS)
def _(frame, places):
    adjusted = "Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume"
    head = f"Date,Open,High,Low,Close,Volume,{adjusted}"
    columns = (*OHLCV, "0.0", "1.0", "1.1", "1.2", "1.0", "1.1", "9.0")
    return "a.csv", plain(frame, places, head, "{:%Y-%m-%d}".format, columns)


@layout("Kaggle", "`Timestamp,Open,…,Volume_(BTC),Volume_(Currency),Weighted_Price`", "Kaggle", MINUTES)
def _(frame, places):
    head = "Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price"
    return "a.csv", plain(frame, places, head, lambda t: str(seconds(t)), (*OHLCV, "1234.5", "99.1"))


@layout("Kaggle", "`SNo,Name,Symbol,Date,High,Low,Open,Close,Volume,Marketcap`", times=DAYS)
def _(frame, places):
    columns = ("high", "low", "open", "close", "volume", "123456.5")
    rows = lines(frame, columns, places, stamp="Quadex,QDX,{:%Y-%m-%d 23:59:59}".format)
    numbered = [f"{number},{line}" for number, line in enumerate(rows, 1)]
    return "coin_Quadex.csv", ["SNo,Name,Symbol,Date,High,Low,Open,Close,Volume,Marketcap", *numbered]


@layout("quantmod", "prefixes: `QDX.Open,QDX.High,…`", times=BUSINESS)
def _(frame, places):
    head = '"Index","QDX.Open","QDX.High","QDX.Low","QDX.Close","QDX.Volume","QDX.Adjusted"'
    return "a.csv", plain(frame, places, head, "{:%Y-%m-%d}".format, (*OHLCV, "1.5"))


@layout("Excel", "`sep=;`, decimal comma")
def _(frame, places):
    rows = plain(frame, places, "Date;Open;High;Low;Close;Volume", "{:%d.%m.%Y %H:%M}".format, delimiter=";")
    return "a.csv", ["sep=;", rows[0], *(dots_of_numbers(row) for row in rows[1:])]


def dots_of_numbers(row):
    """A row whose numbers have a comma for their point; the first cell stays."""
    stamp, _, rest = row.partition(";")
    return f"{stamp};{rest.replace('.', ',')}"


@layout("pipes", "`|` between the cells")
def _(frame, places):
    return "a.csv", plain(frame, places, "time|open|high|low|close|volume", str, delimiter="|")


@layout("trailing comma", "behind each row and the header")
def _(frame, places):
    rows = plain(frame, places, "time,open,high,low,close,volume", str)
    return "a.csv", [f"{row}," for row in rows]


@layout("trailing comma", "behind each row alone")
def _(frame, places):
    rows = plain(frame, places, "time,open,high,low,close,volume", str)
    return "a.csv", [rows[0], *(f"{row}," for row in rows[1:])]


@layout("German numbers", "`1.234,56` between semicolons", times=DAYS, first=1010.0)
def _(frame, places):
    rows = [
        f"{time:%Y-%m-%d};"
        + ";".join(grouped(row[name], 4 if name == "volume" else places, ".", ",") for name in OHLCV)
        for time, row in frame.iterrows()
    ]
    return "a.csv", ["Datum;Eröffnung;Hoch;Tief;Schluss;Volumen", *rows]


@layout("French numbers", "`1 234,56`, with a space that does not break", times=DAYS, first=1010.0)
def _(frame, places):
    rows = [
        f"{time:%d/%m/%Y};"
        + ";".join(grouped(row[name], 4 if name == "volume" else places, "\u00a0", ",") for name in OHLCV)
        for time, row in frame.iterrows()
    ]
    return "a.csv", ["Date;Ouverture;Plus haut;Plus bas;Clôture;Volume", *rows]


@layout("English numbers", '`"1,234.56"`', times=DAYS, first=1010.0)
def _(frame, places):
    rows = [
        f"{time:%Y-%m-%d},"
        + ",".join(f'"{grouped(row[name], 4 if name == "volume" else places, ",", ".")}"' for name in OHLCV)
        for time, row in frame.iterrows()
    ]
    return "a.csv", ["Date,Open,High,Low,Close,Volume", *rows]


@layout("dates", "`31/01/2024` and `13:30` in two columns")
def _(frame, places):
    head = "Date,Time,Open,High,Low,Close,Volume"
    return "a.csv", plain(frame, places, head, "{:%d/%m/%Y,%H:%M}".format)


@layout("dates", "a date and an hour")
def _(frame, places):
    head = "Date,Hour,Open,High,Low,Close,Volume"
    return "a.csv", plain(frame, places, head, lambda t: f"{t:%Y-%m-%d},{t.hour}")


@layout("dates", "`1/31/2024 9:30:00 PM`")
def _(frame, places):
    return "a.csv", plain(frame, places, "Date,Open,High,Low,Close,Volume", "{:%m/%d/%Y %I:%M:%S %p}".format)


@layout("dates", "`Jan 31, 2024`", times=DAYS)
def _(frame, places):
    return "a.csv", plain(frame, places, "Date,Open,High,Low,Close,Volume", '"{:%b %d, %Y}"'.format)


@layout("dates", "days of Excel, `45322.5`")
def _(frame, places):
    origin = pd.Timestamp("1899-12-30")
    stamp = lambda t: f"{(t - origin) / pd.Timedelta('1D'):.9f}"  # noqa: E731
    return "a.csv", plain(frame, places, "Date,Open,High,Low,Close,Volume", stamp)


@layout("dates", "before 1970", times=pd.bdate_range("1962-01-02", periods=150))
def _(frame, places):
    return "a.csv", plain(frame, places, "Date,Open,High,Low,Close,Volume", "{:%Y-%m-%d}".format)


@layout("dates", "ends of bars: `close_time` alone")
def _(frame, places):
    stamp = lambda t: f"{seconds(t) + 3599}999"  # noqa: E731
    return "a.csv", plain(frame, places, "close_time,open,high,low,close,volume", stamp)


@layout(
    "dates",
    "local times without a zone, said by `--timezone`",
    hints={"timezone": "America/New_York"},
    zone="America/New_York",
)
def _(frame, places):
    stamp = lambda t: str(t.tz_localize("UTC").tz_convert("America/New_York").tz_localize(None))  # noqa: E731
    return "a.csv", plain(frame, places, "time,open,high,low,close,volume", stamp)


@layout("dates", "ends of bars, said by `--label close`", hints={"label": "close"})
def _(frame, places):
    stamp = lambda t: str(t + pd.Timedelta("1h"))  # noqa: E731
    return "a.csv", plain(frame, places, "time,open,high,low,close,volume", stamp)


@layout("dates", "bars of months, `2014-02`", times=pd.date_range("2012-01-01", periods=150, freq="MS"))
def _(frame, places):
    return "a.csv", plain(frame, places, "Month,Open,High,Low,Close,Volume", "{:%Y-%m}".format)


@layout("dates", "a date and hours from 1 to 24")
def _(frame, places):
    head = "Date,Hour,Open,High,Low,Close,Volume"
    return "a.csv", plain(frame, places, head, lambda t: f"{t:%Y-%m-%d},{t.hour + 1}")


@layout(
    "dates", "offsets of a zone whose clocks change", times=pd.date_range("2024-03-28", periods=150, freq="h")
)
def _(frame, places):
    stamp = lambda t: t.tz_localize("UTC").tz_convert("Europe/Berlin").isoformat()  # noqa: E731
    return "a.csv", plain(frame, places, "time,open,high,low,close,volume", stamp)


@layout("dates", "off the minute by milliseconds")
def _(frame, places):
    stamp = lambda t: f"{seconds(t)}{seconds(t) // 3600 % 17:03d}"  # noqa: E731
    return "a.csv", plain(frame, places, "time,open,high,low,close,volume", stamp)


@layout("Stooq", "the Polish one: `Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen`", times=BUSINESS)
def _(frame, places):
    head = "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen"
    return "a.csv", plain(frame, places, head, "{:%Y-%m-%d}".format)


@layout("Bybit", "`startTime,openPrice,highPrice,lowPrice,closePrice,volume,turnover`")
def _(frame, places):
    head = "startTime,openPrice,highPrice,lowPrice,closePrice,volume,turnover"
    return "a.csv", plain(frame, places, head, lambda t: f"{seconds(t)}000", (*OHLCV, "12.5"))


@layout("Kraken", "the answer of its REST interface, JSON", "Kraken")
def _(frame, places):
    rows = [
        [seconds(time), *(cells(row[name], places) for name in PRICES), "100.5", cells(row.volume, 4), 7]
        for time, row in frame.iterrows()
    ]
    return "a.json", json.dumps({"error": [], "result": {"QDXUSD": rows, "last": 1}}).encode()


FLAT = ("volume", "open", "close", "high", "low")
MONTHS = pd.date_range("2005-01-01", periods=150, freq="MS")


def turnover(_, row, __):
    """The volume in quote currency."""
    return f"{row.volume * (row.high + row.low) / 2:.6f}"


def contracts(_, row, __):
    """The volume in contracts of a hundredth."""
    return f"{row.volume * 100:.0f}"


def okx(frame, places, volumes):
    rows = [
        [f"{seconds(time)}000", *(cells(row[name], places) for name in PRICES), *volumes(row), "1"]
        for time, row in frame.iterrows()
    ]
    return "a.json", json.dumps({"code": "0", "msg": "", "data": rows}).encode()


@layout("OKX", "the answer of its REST interface for a spot market, JSON", "OKX")
def _(frame, places):
    return okx(frame, places, lambda row: [cells(row.volume, 4), *[cells(row.volume * row.close, 2)] * 2])


@layout("OKX", "the same for a perpetual: contracts before the volume in base currency", "OKX")
def _(frame, places):
    return okx(
        frame,
        places,
        lambda row: [str(round(row.volume * 100)), cells(row.volume, 4), cells(row.volume * row.close, 2)],
    )


@layout(
    "OANDA",
    "the answer of its REST interface, JSON: `candles` of records with `mid`",
    "OANDA",
    whole_volume=True,
)
def _(frame, places):
    rows = [
        {
            "complete": True,
            "volume": int(row.volume),
            "time": f"{time:%Y-%m-%dT%H:%M:%S}.000000000Z",
            "mid": {name[0]: cells(row[name], places) for name in PRICES},
        }
        for time, row in frame.iterrows()
    ]
    return "a.json", json.dumps({"instrument": "EUR_USD", "granularity": "H1", "candles": rows}).encode()


@layout("Alpha Vantage", "JSON, a record of each day with `1. open`", times=DAYS)
def _(frame, places):
    days = {
        f"{time:%Y-%m-%d}": {
            f"{number}. {name}": cells(row[name], 4 if name == "volume" else places)
            for number, name in enumerate(OHLCV, 1)
        }
        for time, row in frame.iterrows()
    }
    return "a.json", json.dumps({"Meta Data": {"2. Symbol": "QDX"}, "Time Series (Daily)": days}).encode()


@layout("Deribit", "the answer of its REST interface, JSON: `ticks` and a list of each price", "Deribit")
def _(frame, places):
    columns = {name: frame[name].round(4 if name == "volume" else places).tolist() for name in OHLCV}
    ticks = [seconds(time) * 1000 for time in frame.index]
    return "a.json", json.dumps({"result": {**columns, "ticks": ticks, "status": "ok"}}).encode()


@layout(
    "BitMEX", "`timestamp,symbol,…,trades,volume,vwap,…,homeNotional,foreignNotional`: ends of bars", "BitMEX"
)
def _(frame, places):
    behind = "trades,volume,vwap,lastSize,turnover,homeNotional,foreignNotional"
    head = f"timestamp,symbol,open,high,low,close,{behind}"
    stamp = lambda t: f"{t + pd.Timedelta('1h'):%Y-%m-%dT%H:%M:%S.000Z},QDXUSD"  # noqa: E731
    columns = (*PRICES, "7", contracts, "1", "1", "99", "volume", turnover)
    return "a.csv", plain(frame, places, head, stamp, columns)


@layout("Huobi", "`id,open,close,low,high,amount,vol,count`: `amount` in base, `vol` in quote currency")
def _(frame, places):
    columns = ("open", "close", "low", "high", "volume", turnover, "7")
    return "a.csv", plain(
        frame, places, "id,open,close,low,high,amount,vol,count", lambda t: f"{seconds(t)}", columns
    )


@layout("OKX", "`ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm`: contracts, base and quote currency")
def _(frame, places):
    columns = (*PRICES, contracts, "volume", turnover, "1")
    head = "ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm"
    return "a.csv", plain(frame, places, head, lambda t: f"{seconds(t)}000", columns)


@layout("Polygon", "flat files: `ticker,volume,open,close,high,low,window_start,transactions`", "Polygon")
def _(frame, places):
    rows = [
        ",".join(["QDX", *(cells(row[name], 4 if name == "volume" else places) for name in FLAT),
                  f"{seconds(time)}000000000", "7"])
        for time, row in frame.iterrows()
    ]  # fmt: skip
    return "a.csv", ["ticker,volume,open,close,high,low,window_start,transactions", *rows]


@layout("barchart", "the newer one: `Time,Open,High,Low,Latest,…,Open Int`, a footer", "barchart", times=DAYS)
def _(frame, places):
    head = 'Time,Open,High,Low,Latest,Change,%Change,Volume,"Open Int"'
    columns = (*PRICES, "0.5", "+0.12%", "volume", "120")
    rows = plain(frame, places, head, "{:%Y-%m-%d}".format, columns)
    return "a.csv", [*rows, '"Downloaded from Barchart.com as of 11-26-2023 08:11am CST"']


@layout("dates", "bars of months by their last days, `2014-02-28`", times=MONTHS)
def _(frame, places):
    stamp = lambda t: f"{t + pd.offsets.MonthEnd(0):%Y-%m-%d}"  # noqa: E731
    return "a.csv", plain(frame, places, "Date,Open,High,Low,Close,Volume", stamp)


@layout("dates", "bars of quarters", times=pd.date_range("1990-01-01", periods=120, freq="QS"))
def _(frame, places):
    return "a.csv", plain(frame, places, "Date,Open,High,Low,Close,Volume", "{:%Y-%m-%d}".format)


@layout(
    "Databento", "`ts_event,rtype,publisher_id,instrument_id,…`: ns, prices in billionths", "Databento",
    whole_volume=True, places=6,
)  # fmt: skip
def _(frame, places):
    prices = [lambda _, row, __, name=name: f"{round(row[name] * 1e9)}" for name in PRICES]
    rows = lines(frame, ("34", "1", "5482", *prices, "volume", "QDX"), places, stamp=lambda t: str(t.value))
    return "a.csv", ["ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol", *rows]


@layout("Gate", "no header, time, turnover, close, high, low, open, volume", "Gate")
def _(frame, places):
    columns = (turnover, "close", "high", "low", "open", "volume")
    return "a.csv", list(lines(frame, columns, places, stamp=lambda t: str(seconds(t))))


def answered(frame, places, columns, stamp):
    """Rows of texts as an exchange answers them."""
    return [line.split(",") for line in lines(frame, columns, places, stamp=stamp)]


@layout(
    "KuCoin",
    "the answer of its REST interface, JSON: time, open, close, high, low, volume, turnover",
    "Bitfinex or jesse",
)
def _(frame, places):
    columns = ("open", "close", "high", "low", "volume", turnover)
    rows = answered(frame, places, columns, lambda t: str(seconds(t)))
    return "a.json", json.dumps({"code": "200000", "data": rows})


@layout("Bitget", "the answer of its REST interface, JSON: volume, turnover, and turnover in USDT")
def _(frame, places):
    columns = (*PRICES, "volume", turnover, turnover)
    rows = answered(frame, places, columns, lambda t: f"{seconds(t)}000")
    return "a.json", json.dumps({"code": "00000", "msg": "success", "requestTime": 1, "data": rows})


@layout("Hyperliquid", "JSON: records of `t,T,s,i,o,c,h,l,v,n`")
def _(frame, places):
    rows = [
        {"T": seconds(time) * 1000 + 3_599_999, "t": seconds(time) * 1000, "s": "QDX", "i": "1h", "n": 9,
         **{name[0]: cells(row[name], 4 if name == "volume" else places) for name in OHLCV}}
        for time, row in frame.iterrows()
    ]  # fmt: skip
    return "a.json", json.dumps(rows)


@layout("Refinitiv", "tick history: `#RIC,Date[G],Time[G],GMT Offset,Type,Open,High,Low,Last,Volume`")
def _(frame, places):
    stamp = lambda t: f"QDX.L,{t:%d-%b-%Y},{t:%H:%M:%S}.000000,-5,Intraday 1Hour"  # noqa: E731
    rows = lines(frame, OHLCV, places, stamp=stamp)
    return "a.csv", ["#RIC,Date[G],Time[G],GMT Offset,Type,Open,High,Low,Last,Volume", *rows]


@layout("R", "`write.table`: quoted names, blanks between the columns", times=DAYS)
def _(frame, places):
    rows = lines(frame, OHLCV, places, stamp='"{:%Y-%m-%d}"'.format, delimiter=" ")
    head = '"date" "open" "high" "low" "close" "volume"'
    return "a.txt", [head, *(f'"{number}" {row}' for number, row in enumerate(rows, 1))]


@layout("psql", "columns between `|`, a rule below the names, `(150 rows)`")
def _(frame, places):
    rows = lines(frame, OHLCV, places, stamp=str, delimiter=" | ")
    head = [
        "        time         | open | high | low | close | volume",
        "-----+------+------+-----+-------+------",
    ]
    return "a.txt", [*head, *rows, "(150 rows)"]


@layout("pandas", 'JSON, `orient="split"`')
def _(frame, places):
    index = [str(time) for time in frame.index]
    data = frame[list(OHLCV)].to_numpy().tolist()
    return "a.json", json.dumps({"columns": list(OHLCV), "index": index, "data": data})


@layout("dates", "days with two digits of the year, `240131`", times=BUSINESS)
def _(frame, places):
    return "a.csv", plain(frame, places, "Date,Open,High,Low,Close,Volume", "{:%y%m%d}".format)


@layout("dates", "the same beside a clock, `240131,0930`, without a header", times=OPEN_HOURS)
def _(frame, places):
    return "a.csv", list(lines(frame, OHLCV, places, stamp="{:%y%m%d,%H%M}".format))


@layout(
    "dates", "the same before 2000, `991220,0930`", times=pd.date_range("1999-12-20", periods=300, freq="h")
)
def _(frame, places):
    head = "Date,Time,Open,High,Low,Close,Volume"
    return "a.csv", plain(frame, places, head, "{:%y%m%d,%H%M}".format)


@layout("dates", "weeks of ISO 8601, `2024-W05`: stored at their Mondays", times=MONDAYS)
def _(frame, places):
    return "a.csv", plain(frame, places, "week,open,high,low,close,volume", "{:%G-W%V}".format)


def by_days(name, counts, zero, form="{:.0f}", times=BUSINESS):
    """Register days that are counted from so many before 1970."""

    @layout(name, f"{counts}, told from other counts by their weekdays", times=times)
    def _(frame, places):
        head = "date,open,high,low,close,volume"
        return "a.csv", plain(frame, places, head, lambda t: form.format(zero + seconds(t) / 86_400))


by_days("R", "days since 1970, `19753`", 0)
by_days("Stata, SAS", "days since 1960, `23406`", 3_653)
by_days("Matlab", "days since the year 0, `739282.5625`", 719_529, "{:.10f}", OPEN_HOURS_OF_WEEKS)
by_days("Python", "days since the year 1, `738916`", 719_163)


@layout("dates", "quarters, `2024Q1`", times=pd.date_range("1990-01-01", periods=120, freq="QS"))
def _(frame, places):
    stamp = lambda t: f"{t.year}Q{t.quarter}"  # noqa: E731
    return "a.csv", plain(frame, places, "date,open,high,low,close,volume", stamp)


@layout("dates", "days of years, `2024-031`", times=BUSINESS)
def _(frame, places):
    return "a.csv", plain(frame, places, "date,open,high,low,close,volume", "{:%Y-%j}".format)


@layout("pandas", "periods, `2020-06-01/2020-06-07`", times=MONDAYS)
def _(frame, places):
    stamp = lambda t: f"{t:%Y-%m-%d}/{t + pd.Timedelta(days=6):%Y-%m-%d}"  # noqa: E731
    return "a.csv", plain(frame, places, ",open,high,low,close,volume", stamp)


@layout("kdb+", "`2024.01.31D09:30:00.000000000`")
def _(frame, places):
    stamp = "{:%Y.%m.%dD%H:%M:%S.000000000}".format
    return "a.csv", plain(frame, places, "time,open,high,low,close,volume", stamp)


@layout("Go", "`2024-01-31 10:30:00 +0100 CET`")
def _(frame, places):
    stamp = lambda t: f"{t + pd.Timedelta('1h')} +0100 CET"  # noqa: E731
    return "a.csv", plain(frame, places, "time,open,high,low,close,volume", stamp)


@layout("CRSP", "`PERMNO,date,OPENPRC,ASKHI,BIDLO,PRC,VOL`", times=BUSINESS)
def _(frame, places):
    return "a.csv", plain(frame, places, "PERMNO,date,OPENPRC,ASKHI,BIDLO,PRC,VOL", "10107,{:%Y%m%d}".format)


@layout("IG", "the answer of its REST interface, version 3, JSON: bid and ask; the bid is read", "IG",
        whole_volume=True)  # fmt: skip
def _(frame, places):
    rows = [
        {
            "snapshotTime": f"{time + pd.Timedelta('1h'):%Y/%m/%d %H:%M:%S}",
            "snapshotTimeUTC": f"{time:%Y-%m-%dT%H:%M:%S}",
            **{
                f"{name}Price": {"bid": float(row[name]), "ask": float(row[name]) + 0.5, "lastTraded": None}
                for name in PRICES
            },
            "lastTradedVolume": int(row.volume),
        }
        for time, row in frame.iterrows()
    ]
    return "a.json", json.dumps({"prices": rows, "instrumentType": "CURRENCIES", "metadata": {}})


def parquet(frame):
    """A frame as Parquet, its index with it."""
    whole = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pandas(frame), whole)
    return whole.getvalue()
