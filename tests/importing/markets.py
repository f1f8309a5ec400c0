"""Candles with known numbers, and the cells in which files write them."""

import io
import zipfile

import numpy as np
import pandas as pd

PRICES = ("open", "high", "low", "close")
OHLCV = (*PRICES, "volume")


def candles(seed, times, *, places=2, first=100.0, move=0.004, whole_volume=False, suffixed=False):
    """Candles at these times (UTC without a zone), each within its low and high, rounded to `places`."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((len(times), 4)) * move
    close = first * np.exp(np.cumsum(steps[:, 0]))
    opened = np.r_[first, close[:-1]]
    top = np.maximum(opened, close) * (1 + np.abs(steps[:, 1]) / 2) + 10.0**-places
    bottom = np.minimum(opened, close) * (1 - np.abs(steps[:, 2]) / 2) - 10.0**-places
    volume = rng.gamma(2.0, 4000.0, len(times)) + 1
    frame = pd.DataFrame(
        {"open": opened, "high": top, "low": bottom, "close": close}, pd.DatetimeIndex(times)
    )
    frame = frame.round(places)
    frame["volume"] = np.ceil(volume) if whole_volume else np.round(volume, 4)
    if suffixed:  # two decimals of thousands, or of millions, say all of it
        frame["volume"] = np.ceil(volume / 10) * np.where(np.arange(len(times)) % 2, 10, 10_000)
    return frame


def cells(value, places):
    """A number as most programs write it."""
    return "" if np.isnan(value) else f"{value:.{places}f}"


def lines(frame, columns, places, *, stamp, delimiter=",", volume_places=4):
    """A line of each candle: its stamp, and the columns by name; text that is no column stays as it is."""
    for number, (time, row) in enumerate(frame.iterrows()):
        values = []
        for column in columns:
            if column in OHLCV:
                values.append(cells(row[column], volume_places if column == "volume" else places))
            else:
                values.append(column(time, row, number) if callable(column) else column)
        yield delimiter.join([stamp(time), *values])


def seconds(time):
    """Seconds since 1970 of a time without a zone, which is UTC."""
    return int(time.value // 10**9)


def grouped(value, places, thousands, decimal):
    """1234567.5 with marks of thousands and a decimal mark."""
    return f"{value:,.{places}f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)


def packed(name, content):
    """A ZIP archive of one file."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return whole.getvalue()
