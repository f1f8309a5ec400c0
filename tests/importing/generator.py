"""Random files of candles over everything that files differ in, each with its truth and its readings.

`random_file(seed)` draws names and order of columns, what separates cells, the locale of numbers, the form
and zone of times, gaps, duplicates, blank cells, order of rows and encoding; it knows whether one reading
exists.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.importing.markets import OHLCV, PRICES, candles, grouped

STEPS = {"1min": 60, "5min": 300, "15min": 900, "1h": 3600, "4h": 14_400, "1D": 86_400}
NAMES = {
    "open": ("open", "Open", "OPEN", "o", "price_open", "<OPEN>", "Open Price"),
    "high": ("high", "High", "HIGH", "h", "price_high", "<HIGH>", "High Price"),
    "low": ("low", "Low", "LOW", "l", "price_low", "<LOW>", "Low Price"),
    "close": ("close", "Close", "CLOSE", "c", "price_close", "<CLOSE>", "Close Price"),
}
VOLUMES = ("volume", "Volume", "VOL", "v", "base_volume", "Volume QDX", "<VOL>", "VolumeFrom", "tick_volume")
TIMES = ("time", "Time", "date", "Date", "timestamp", "Datetime", "<DATE>", "open_time", "")
MORE = ("count", "trades", "VWAP", "RSI", "quote_volume", "Volume USD", "Change", "spread", "marketCap")
LOCALES = {  # decimal mark and that of thousands
    "plain": (".", ""), "English": (".", ","), "German": (",", "."), "decimal comma": (",", ""),
    "French": (",", " "), "hard space": (",", "\u00a0"), "Swiss": (".", "'"), "point and space": (".", " "),
}  # fmt: skip
DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d",
    "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%d/%m/%y", "%m/%d/%y",
)  # fmt: skip
CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.000", "%I:%M %p", "%I:%M:%S %p", "%H%M%S", "%H%M")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
UNITS = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True)
class RandomFile:
    """A file, what it holds, and how many readings it has."""

    content: bytes
    frame: pd.DataFrame  # in order of time, in UTC without a zone
    rows: int
    readings: int  # 1, or more
    drawn: str  # what was drawn, for a failure's message


def random_file(seed):
    """The file of a seed."""
    rng = np.random.default_rng(seed)
    frame, step = market(rng)
    rows = in_some_order(rng, frame)
    times, time_form, times_clear = written_times(rng, rows.index, step)
    locale = str(rng.choice(list(LOCALES), p=[0.44, *[0.08] * 7]))
    header = bool(rng.random() < 0.85)
    columns, names, order_clear = arranged(rng, rows, times, header=header)
    places = int(frame.attrs["places"])
    numbers, numbers_clear = written_numbers(rows, places, locale)
    delimiter = str(rng.choice([",", ";", "\t", "|"], p=[0.55, 0.25, 0.15, 0.05]))
    table = [[cells(rng, column, times, numbers, row) for column in columns] for row in range(len(rows))]
    lines = [joined(row, delimiter, all_quoted=bool(seed % 7 == 0)) for row in table]
    if header:
        lines.insert(0, joined(names, delimiter, all_quoted=bool(seed % 7 == 0)))
    if rng.random() < 0.1:
        lines.insert(0, "# exported by a program")
    end = "\r\n" if rng.random() < 0.3 else "\n"
    encoding = str(rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"], p=[0.6, 0.2, 0.1, 0.1]))
    content = (end.join(lines) + (end if rng.random() < 0.8 else "")).encode(encoding)
    drawn = (
        f"{time_form}; {locale}; {delimiter!r}; {names if header else columns}; {encoding}; {places} places"
    )
    readings = 1 if times_clear and numbers_clear and order_clear else 2
    return RandomFile(content, frame, len(rows), readings, drawn)


def market(rng):
    """Candles with gaps and unknown volumes, and their step in seconds."""
    name = str(rng.choice(list(STEPS)))
    first = pd.Timestamp(int(rng.integers(1983, 2025)), int(rng.integers(1, 13)), int(rng.integers(1, 28)))
    times = pd.date_range(first, periods=int(rng.integers(60, 160)), freq=name)
    places = int(rng.integers(0, 7))
    price = float(10.0 ** rng.uniform(max(0.0, 3 - places), 5))
    seed = int(rng.integers(1 << 30))
    frame = candles(seed, times, places=places, first=price, whole_volume=bool(rng.random() < 0.3))
    frame = frame.astype(float)
    if rng.random() < 0.3:
        blank = rng.random(len(frame)) < 0.1
        frame.loc[blank, "volume"] = np.nan
    if rng.random() < 0.4:
        gone = {
            int(at) + more
            for at in rng.integers(5, len(frame) - 10, 3)
            for more in range(int(rng.integers(1, 5)))
        }
        frame = frame.drop(frame.index[sorted(gone)])
    frame.attrs["places"] = places
    return frame, STEPS[name]


def in_some_order(rng, frame):
    """The rows oldest first, newest first or shuffled, some of them twice."""
    rows = frame
    if rng.random() < 0.2:
        rows = pd.concat([rows, rows.iloc[rng.integers(0, len(rows), 3)]]).sort_index()
    way = rng.random()
    return rows if way < 0.5 else rows[::-1] if way < 0.8 else rows.iloc[rng.permutation(len(rows))]


def written_times(rng, index, step):
    """Columns of cells of times, what their form is called, and whether it has one reading."""
    if rng.random() < 0.3:
        unit = str(rng.choice(list(UNITS)))
        # they may count from 2000 or 2001
        early = 1995 if step < 86_400 else 1997 if step == 86_400 else 0
        since_2001 = unit in {"s", "us"} and index.max().year < early
        return [[str(int(t.value // 10**9) * UNITS[unit]) for t in index]], unit, not since_2001
    day, clock = str(rng.choice(DAYS)), str(rng.choice(CLOCKS))
    if step == 86_400 and rng.random() < 0.7:
        clock = ""
    if day == "%Y%m%d" and clock in {"%I:%M %p", "%I:%M:%S %p"}:
        clock = "%H%M%S"
    zone = str(rng.choice(ZONES)) if clock and rng.random() < 0.3 else ""
    local = index.tz_localize("UTC").tz_convert(zone) if zone else index
    days = [t.strftime(day) for t in local]
    if clock and not zone and rng.random() < 0.3:
        return [days, [t.strftime(clock) for t in local]], f"{day} and {clock}", order_is_clear(day, local)
    if not clock:
        return [days], day, order_is_clear(day, local)
    if clock in {"%H%M%S", "%H%M"} and day != "%Y%m%d":
        clock = "%H:%M:%S"
    between = "T" if day == "%Y-%m-%d" and rng.random() < 0.5 and "%p" not in clock else " "
    offsets = [offset(t, rng.random() < 2) for t in local] if zone else [""] * len(index)
    shown = [f"{t.strftime(f'{day}{between}{clock}')}{off}" for t, off in zip(local, offsets, strict=True)]
    return [shown], f"{day}{between}{clock} {zone}", order_is_clear(day, local)


def offset(time, colon):
    """+02:00, of a time in a zone."""
    text = time.strftime("%z")
    return f"{text[:3]}:{text[3:]}" if colon else text


def order_is_clear(form, index):
    """Whether the days of dates of numbers alone can be told from their months, and from short years."""
    if "%b" in form or "%B" in form or form.startswith("%Y"):
        return True
    days, months, years = index.day, index.month, index.year % 100
    if "%y" in form:
        return bool(
            (days > 12).any()
            and ((months > 12).any() or (days > 31).any() or years.max() > 31 or years.min() == 0)
        )
    return bool((days > 12).any() or (days == months).all())


def arranged(rng, rows, times, *, header):
    """Columns in some order, their names, and whether the order has one reading."""
    if not header:
        orders = (PRICES, ("low", "high", "open", "close"), ("open", "close", "high", "low"))
        order = orders[int(rng.integers(3))]
        columns = [*[f"time {at}" for at in range(len(times))], *order, "volume"]
        fits = 0
        for each in orders:
            named = {name: rows[order[each.index(name)]] for name in PRICES}
            top = named["high"] >= np.maximum(named["open"], named["close"])
            bottom = named["low"] <= np.minimum(named["open"], named["close"])
            fits += bool((top & bottom).all())
        return columns, [], fits == 1
    style = int(rng.integers(7))
    names = {name: NAMES[name][style] for name in PRICES}
    names["volume"] = str(rng.choice(VOLUMES))
    names["time 0"] = str(rng.choice(TIMES))
    more = [str(each) for each in rng.choice(MORE, int(rng.integers(0, 3)), replace=False)]
    columns = [*PRICES, "volume", *(f"more {name}" for name in more)]
    columns = [columns[at] for at in rng.permutation(len(columns))] if rng.random() < 0.5 else columns
    if len(times) == 2:
        names["time 0"], names["time 1"] = ("<DATE>", "<TIME>") if rng.random() < 0.5 else ("Date", "Time")
    place = 0 if names["time 0"] == "" or rng.random() < 0.8 else int(rng.integers(len(columns)))
    columns[place:place] = [f"time {at}" for at in range(len(times))]
    return columns, [names.get(column, column.removeprefix("more ")) for column in columns], True


def written_numbers(rows, places, locale):
    """Cells of each column, and whether they have one reading."""
    decimal, thousands = LOCALES[locale]
    cells_of = {}
    for name in OHLCV:
        digits = places if name in PRICES else 0 if (rows["volume"].dropna() % 1 == 0).all() else 4
        cells_of[name] = [
            "" if np.isnan(value) else grouped(value, digits, thousands, decimal) for value in rows[name]
        ]
    every = [re.sub("[ '\u00a0]", "", cell) for column in cells_of.values() for cell in column if cell]
    if all(reading(cell, ".") == reading(cell, ",") for cell in every):
        return cells_of, True
    return cells_of, any(reading(cell, ".") is None or reading(cell, ",") is None for cell in every)


def reading(cell, decimal):
    """The number that a cell is with this decimal mark, None if it is none."""
    thousands = "," if decimal == "." else "."
    if not re.fullmatch(rf"(\d+|\d{{1,3}}([{thousands}]\d{{3}})+)([{decimal}]\d*)?", cell):
        return None
    return float(cell.replace(thousands, "").replace(decimal, "."))


def cells(rng, column, times, numbers, row):
    """One cell."""
    if column.startswith("time "):
        return times[int(column[5:])][row]
    return numbers[column][row] if column in numbers else str(int(rng.integers(1, 1000)))


def joined(row, delimiter, *, all_quoted):
    """A line; a cell is quoted where it has to be, or all are."""
    return delimiter.join(f'"{cell}"' if all_quoted or delimiter in cell else cell for cell in row)
