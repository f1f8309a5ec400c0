"""Random files of kinds beside those of the generator, each with its truth and its readings.

Rates in per cent, JSON with a zone in its metadata, a base volume beside its turnover, adjusted closes,
days of Excel, ends of months, volumes that are not known, months of many tongues, digits of other scripts,
columns between blanks, and days that a spreadsheet swapped.
"""

import json

import numpy as np
import pandas as pd

from engine.data.importing.months import TONGUES
from tests.importing.generator import RandomFile, market
from tests.importing.markets import PRICES, candles, cells

DIGITS = (0x660, 0x6F0, 0x966, 0xFF10)  # the zeros of other scripts
BASE_AND_QUOTE = (
    ("amount", "vol"), ("vol", "turnover"), ("volume", "quote_volume"), ("volume_qdx", "volume"),
    ("quantity", "value"), ("baseVolume", "volume"), ("volCcy", "volCcyQuote"),
)  # fmt: skip
ZONES = ("Asia/Tokyo", "Asia/Kolkata", "UTC", "America/Bogota")  # whose clocks do not change


def further_file(seed):
    """The file of a seed."""
    rng = np.random.default_rng(seed)
    kind = KINDS[seed // 3 % len(KINDS)]
    content, frame, readings = kind(rng)
    rows = frame.attrs.get("rows", len(frame))
    return RandomFile(content.encode(), frame, rows, readings, f"{kind.__name__} of seed {seed}")


def drawn(rng):
    """Candles, and the decimals of their prices."""
    frame, _ = market(rng)
    return frame, int(frame.attrs["places"])


def table(rng, frame, places, stamp, delimiter=",", more=(), header=True):
    """A text of candles in random order of columns; `more`: (name, cells) of further ones."""
    columns = [(name, [cells(value, places) for value in frame[name]]) for name in PRICES]
    if "volume" in frame and not any(name == "volume" for name, _ in more):
        columns.append(("volume", [cells(value, 4) for value in frame["volume"]]))
    columns += more
    order = rng.permutation(len(columns)) if header else range(len(columns))
    columns = [("time", [stamp(time) for time in frame.index]), *(columns[at] for at in order)]
    lines = [delimiter.join(row) for row in zip(*(each for _, each in columns), strict=True)]
    head = [delimiter.join(name for name, _ in columns)] if header else []
    return "\n".join([*head, *lines]) + "\n"


def daily(rng, freq="D"):
    """Candles of a daily or longer step over 150 bars, and their decimals."""
    first = pd.Timestamp(int(rng.integers(1990, 2016)), int(rng.integers(1, 13)), int(rng.integers(1, 28)))
    times = pd.date_range(first, periods=150, freq=freq)
    return candles(int(rng.integers(1 << 30)), times, places=3, first=float(10 ** rng.uniform(1, 4)))


def months_of_a_tongue(rng):
    frame, places = drawn(rng)
    names = TONGUES[int(rng.integers(len(TONGUES)))].split()
    form = str(rng.choice(["{0.day} {1} {0.year}", "{0.day:02}-{1}-{0.year}", "{0.day}. {1}. {0.year}"]))
    clock = str(rng.choice([" %H:%M:%S", " %H:%M", " %I:%M %p"]))
    stamp = lambda t: form.format(t, names[t.month - 1]) + t.strftime(clock)  # noqa: E731
    return table(rng, frame, places, stamp, ";"), frame, 1


def digits_of_a_script(rng):
    frame, places = drawn(rng)
    zero = int(rng.choice(DIGITS))
    text = table(rng, frame, places, str, ";")
    return text.translate({ord(each): chr(zero + int(each)) for each in "0123456789"}), frame, 1


def base_beside_quote(rng):
    frame, places = drawn(rng)
    base, quote = BASE_AND_QUOTE[int(rng.integers(len(BASE_AND_QUOTE)))]
    turnover = frame["volume"] * (frame["high"] + frame["low"]) / 2
    pair = [
        (base, [cells(value, 4) for value in frame["volume"]]),
        (quote, [cells(value, 6) for value in turnover]),
    ]
    apart = bool((frame["low"] > 1.05).all())
    text = table(rng, frame.drop(columns="volume"), places, str, more=pair)
    return text, frame, 1 if apart else 2


def adjusted_close(rng):
    frame, places = drawn(rng)
    share = np.where(np.arange(len(frame)) < len(frame) // 2, float(rng.uniform(0.2, 0.9)), 1.0)
    name = str(rng.choice(["Adj Close", "Adj. Close", "adjusted_close", "adjClose"]))
    more = [(name, [f"{value:.6f}" for value in frame["close"] * share])]
    return table(rng, frame, places, str, more=more), frame, 1


def volumes_not_known(rng):
    frame, places = drawn(rng)
    known = rng.random(len(frame)) < 0.3
    written = [cells(value, 4) if here else "-1" for value, here in zip(frame["volume"], known, strict=True)]
    frame = frame.assign(volume=frame["volume"].where(known))
    return table(rng, frame, places, str, more=[("volume", written)]), frame, 1


def zone_in_metadata(rng):
    frame, _ = drawn(rng)
    zone = str(rng.choice(ZONES))
    local = frame.index.tz_localize("UTC").tz_convert(zone).tz_localize(None)
    rows = [
        {"datetime": str(time), **{name: value for name, value in row.items() if value == value}}  # noqa: PLR0124
        for time, (_, row) in zip(local, frame.iterrows(), strict=True)
    ]
    key = str(rng.choice(["timezone", "6. Time Zone", "exchange_timezone"]))
    return json.dumps({"meta": {"symbol": "QDX", key: zone}, "values": rows}), frame, 1


def days_of_excel(rng):
    frame = daily(rng, "B")
    late = bool(rng.random() < 0.5)
    zero = pd.Timestamp("1904-01-01" if late else "1899-12-30")
    return table(rng, frame, 3, lambda t: str((t - zero).days)), frame, 2 if late else 1


def ends_of_months(rng):
    frame = daily(rng, str(rng.choice(["ME", "BME", "QE", "YE"])))[:60]
    frame = frame[frame.index < "2026"]
    each = {1: 1, 3: 3, 12: 12}[round((frame.index[1] - frame.index[0]).days / 30.5)]
    first = (frame.index.to_period("M") - (each - 1)).to_timestamp()
    return table(rng, frame, 3, str), frame.set_axis(first), 1


def rates_in_per_cent(rng):
    times = pd.date_range("2024-01-01", periods=120, freq=str(rng.choice(["1h", "4h", "8h"])))
    basis = rng.integers(-200, 400, len(times))  # of a basis point's hundredth
    if rng.random() < 0.5:
        lines = ["time,funding_rate", *(f"{t},{n / 10_000:.4f}%" for t, n in zip(times, basis, strict=True))]
    else:
        lines = ["time,Rate (%)", *(f"{t},{n / 10_000:.4f}" for t, n in zip(times, basis, strict=True))]
    return "\n".join(lines), pd.DataFrame({"value": basis / 1e6}, times), 1


def between_blanks(rng):
    frame, places = drawn(rng)
    frame = frame.dropna()
    wide = " " * int(rng.integers(1, 5))
    return table(rng, frame, places, lambda t: f"{t:%Y-%m-%dT%H:%M:%S}", wide), frame, 1


def days_swapped(rng):
    frame = daily(rng)
    stamp = lambda t: t.strftime("%d/%m/%Y" if t.day > 12 else "%m/%d/%Y")  # noqa: E731
    return table(rng, frame, 3, stamp), frame, 2


KINDS = (
    months_of_a_tongue, digits_of_a_script, base_beside_quote, adjusted_close, volumes_not_known,
    zone_in_metadata, days_of_excel, ends_of_months, rates_in_per_cent, between_blanks, days_swapped,
)  # fmt: skip
