"""Files of own features for the audit: leaks that must be named, honest ones that must pass."""

HEAD = """
import functools, hashlib, tempfile
from pathlib import Path
import numpy as np
from engine.features import feature

def move(bars):
    return np.log(bars.close / bars.open)

def windows(values, span):
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, (span - 1, 0), mode="edge"), span)

def following(values, bars=1):
    return np.append(values[bars:], np.zeros(min(bars, len(values))))
"""


def function(name, body, warm_up=0, doc="A feature."):
    """A feature's source; `body` are the lines of its function."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return f'\n@feature(warm_up={warm_up})\ndef {name}(bars):\n    """{doc}"""\n{lines}\n'


# Each holds something of later bars; several in one file, so all have to be named.
LEAKS = {
    "next_return": "return following(move(bars))",
    "next_high": "return following(bars.high) / bars.close",
    "centred": "return np.convolve(np.pad(bars.close, 3, mode='edge'), np.ones(7) / 7, 'valid') / bars.close",
    "whole_z": "return (bars.close - bars.close.mean()) / bars.close.std()",
    "whole_rank": "return bars.volume.argsort().argsort() / len(bars)",
    "whole_max": "return bars.close / bars.close.max()",
    "detrended": "x = np.arange(len(bars)); return bars.close - np.polyval(np.polyfit(x, bars.close, 1), x)",
    "smooth_fft": "f = np.fft.rfft(bars.close); f[20:] = 0; return np.fft.irfft(f, len(bars)) / bars.close",
    "backward": "return np.log(np.minimum.accumulate(bars.low[::-1])[::-1] / bars.close)",
    "last_close": "return np.full(len(bars), bars.close[-1]) / bars.close",
    "length": "return np.full(len(bars), float(len(bars)))",
    "end_of_day": "day = bars.time // 86_400_000; last = np.append(day[1:] != day[:-1], True); "
    "e = np.flatnonzero(last); return bars.close[e[np.searchsorted(e, np.arange(len(bars)))]] / bars.close",
    "day_high": "day = bars.time // 86_400_000; d = day - day[0]; h = np.zeros(d[-1] + 1); "
    "np.maximum.at(h, d, bars.high); return bars.close / h[d]",
    "svd": "w = windows(move(bars), 10); return w @ np.linalg.svd(w - w.mean(0), full_matrices=False)[2][0]",
    "interpolated": "x = np.arange(len(bars)); k = x[::6]; "
    "return np.interp(x, k, bars.close[k]) / bars.close",
    "filled_back": "v = np.where(move(bars) > 0.01, bars.close, np.nan); "
    "ok = np.append(np.flatnonzero(~np.isnan(v)), len(bars) - 1); "
    "return np.nan_to_num(v[ok[np.searchsorted(ok, np.arange(len(bars)))]] / bars.close)",
    "rare_volume": "v = bars.volume; "
    "return np.where(v > np.quantile(v[:200], 0.97), following(move(bars)), 0)",
    "rare_crash": "n = following(move(bars)); return np.where(n < -3 * move(bars)[:200].std(), 1.0, 0.0)",
    "rare_surge": "n = following(move(bars), 2); return np.where(n > 4 * move(bars)[:200].std(), 1.0, 0.0)",
    "sunday_evening": "h = (bars.time // 3_600_000 - 72) % WEEK; n = following(move(bars)); "
    "return np.where(h >= WEEK - 4, n, 0.0)",
    "one_hour": "h = bars.time // 3_600_000 % WEEK; "
    "return np.where(h == 61 % WEEK, following(bars.close) / bars.close, 1.0)",
    "next_volume": "return np.where(following(bars.volume) == 0, 1.0, 0.0)",
    "tiny": "return move(bars) + 1e-6 * following(move(bars))",
}

# Each remembers what it saw first.
MEMORY = {
    "fit_once": """
global EDGES
if "EDGES" not in globals():
    EDGES = np.quantile(move(bars), [0.2, 0.8])
return np.interp(move(bars), EDGES, [0.2, 0.8])
""",
    "by_time": """
for time, value in zip(bars.time.tolist(), following(move(bars)).tolist()):
    SEEN.setdefault(time, value)
return np.array([SEEN[time] for time in bars.time.tolist()])
""",
    "cached": """
@functools.lru_cache
def level(first):
    return float(bars.close.mean())
return bars.close / level(int(bars.time[0]))
""",
    "attribute": """
if not hasattr(np, "_kept_mean"):
    np._kept_mean = float(bars.volume.mean())
return bars.volume / np._kept_mean
""",
    "disk": """
kept = Path(tempfile.gettempdir()) / "smooth.npy"
if not kept.exists() or len(np.load(kept)) < len(bars):
    np.save(kept, np.convolve(np.pad(bars.close, 5, mode="edge"), np.ones(11) / 11, "valid"))
return bars.close / np.load(kept)[: len(bars)]
""",
}

# What they take from outside is named; {path} is a file that is there.
OUTSIDE = {
    "text": "return np.full(len(bars), float(Path({path!r}).read_text().split()[0]))",
    "table": "import pandas as pd; "
    "return np.full(len(bars), pd.read_csv({path!r}, header=None).iloc[0, 0] * 1.0)",
    "swallowed": """
try:
    level = float(open({path!r}).read().split()[0])
except OSError:
    level = 0.0
return np.full(len(bars), level)
""",
    "arrow": """
import pyarrow.csv
return np.full(len(bars), pyarrow.csv.read_csv({path!r}).num_rows * 1.0)
""",
    "network": """
import socket
try:
    socket.create_connection(("127.0.0.1", 9), timeout=0.1)
except OSError:
    pass
return move(bars)
""",
    "program": "import subprocess; return np.full(len(bars), float(subprocess.check_output(['echo', '1'])))",
    "database": "import sqlite3; sqlite3.connect({path!r} + '.db').close(); return move(bars)",
}

HONEST = {
    "expanding_z": "n = np.arange(1, len(bars) + 1); m = np.cumsum(move(bars)) / n; "
    "v = np.cumsum(move(bars) ** 2) / n - m**2; return (move(bars) - m) / np.sqrt(np.maximum(v, 1e-12))",
    "ewm": "import pandas as pd; return pd.Series(bars.close).ewm(span=20).mean().to_numpy() / bars.close",
    "obv": "return np.cumsum(np.sign(move(bars)) * bars.volume)",
    "kalman": "x, p, out = bars.close[0], 1.0, []\nfor z in bars.close:\n    p += 0.1; k = p / (p + 1.0); "
    "x += k * (z - x); p *= 1 - k; out.append(x)\nreturn np.array(out) / bars.close",
    "fft": "w = np.exp(-np.arange(40) / 9.0); s = len(bars) + 39; "
    "return np.fft.irfft(np.fft.rfft(move(bars), s) * np.fft.rfft(w, s), s)[: len(bars)]",
    "net": "r = np.random.default_rng(7); a, b = r.normal(size=(24, 16)), r.normal(size=16); "
    "return np.tanh(np.ascontiguousarray(windows(move(bars) * 100, 24)) @ a) @ b",
    "noise": "return np.random.default_rng(5).normal(size=len(bars))",
    "hour": "return np.sin(bars.time // 3_600_000 % 24 / 24 * 2 * np.pi)",
    "drawdown": "return bars.close / np.maximum.accumulate(bars.high)",
    "memo": """
key = bars.close.tobytes()
if key not in SEEN:
    SEEN[key] = move(bars)
return SEEN[key].copy()
""",
    "fit_on_the_first_once": """
global LEVEL
if "LEVEL" not in globals():
    LEVEL = float(bars.close[:50].mean())
return bars.close / LEVEL
""",
    "rolling_quantile": "return np.quantile(windows(bars.volume, 50), 0.9, axis=1)",
    "previous": "return np.append(0.0, move(bars)[:-1])",
    "ranked": "w = windows(bars.close, 30); return (w < w[:, -1:]).mean(axis=1)",
    "cumulative": "return np.log(bars.close / bars.close[0])",
    "rsi": "import talib; return np.nan_to_num(talib.RSI(bars.close, 14), nan=50.0)",
    "streak": "u = move(bars) > 0; i = np.arange(len(bars)); "
    "return (i - np.maximum.accumulate(np.where(u, 0, i))).astype(float)",
    "regression": "w = windows(bars.close, 20); x = np.arange(20) - 9.5; return (w @ x) / (x @ x)",
    "constant": "return np.full(len(bars), 3.0) + 0 * bars.close",
    "weekday": "return (bars.time // 86_400_000 + 4) % 7 * 1.0",
}


def write(path, *sources, week=168):
    """A features file of the sources; week: hours after which what happens at an hour of the week recurs."""
    path.write_text(HEAD + f"SEEN, WEEK = {{}}, {week}\n" + "".join(sources))
    return path


def functions(table, **values):
    """Every entry of a table as a feature; statements of one line are put on lines of their own."""
    return [
        function(name, spread(body).format(**values) if values else spread(body))
        for name, body in table.items()
    ]


def spread(body):
    """One statement a line, where there are no blocks."""
    return body if "\n" in body else "\n".join(part.strip() for part in body.split("; "))
