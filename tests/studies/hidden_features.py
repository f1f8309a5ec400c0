"""Features that hide what they know of later bars, in common tools or behind rare moments; honest ones."""

from tests.studies import own_features

# Tools that look at everything, or at both sides.
LEAKS = {
    "resampled": """
import pandas as pd
s = pd.Series(bars.close, pd.to_datetime(bars.time, unit="ms"))
return s.resample("4h").last().reindex(s.index, method="ffill").to_numpy() / bars.close
""",
    "session_vwap": """
import pandas as pd
t = pd.DataFrame({"d": bars.time // 86_400_000, "v": bars.volume, "pv": bars.close * bars.volume})
g = t.groupby("d")[["v", "pv"]].transform("sum")
return (g["pv"] / g["v"].clip(lower=1e-9)).to_numpy() / bars.close
""",
    "day_z": "import pandas as pd; g = pd.Series(move(bars)).groupby(bars.time // 86_400_000); "
    "return ((move(bars) - g.transform('mean')) / (g.transform('std').fillna(0) + 1e-9)).to_numpy()",
    "scaled_whole": "from sklearn.preprocessing import StandardScaler; "
    "return StandardScaler().fit_transform(bars.close[:, None])[:, 0]",
    "quantiles_whole": "from sklearn.preprocessing import QuantileTransformer; "
    "q = QuantileTransformer(n_quantiles=50, random_state=1); "
    "return q.fit_transform(move(bars)[:, None])[:, 0]",
    "clusters_whole": "from sklearn.cluster import KMeans; x = np.c_[move(bars), np.log1p(bars.volume)]; "
    "return KMeans(n_clusters=4, n_init=1, random_state=1).fit(x).transform(x)[:, 0]",
    "kalman_smoother": """
x, p, seen = bars.close[0], 1.0, []
for z in bars.close:
    p += 0.1
    k = p / (p + 1.0)
    x += k * (z - x)
    p *= 1 - k
    seen.append((x, p))
out = [seen[-1][0]]
for x, p in seen[-2::-1]:
    out.append(x + p / (p + 0.1) * (out[-1] - x))
return np.array(out[::-1]) / bars.close
""",
    "hmm_smoother": """
r = move(bars) / 0.01
like = np.stack([np.exp(-0.5 * (r / s) ** 2) / s for s in (0.5, 2.0)], 1) + 1e-12
a = np.array([[0.95, 0.05], [0.05, 0.95]])
f, b = np.empty_like(like), np.ones_like(like)
f[0] = like[0] / like[0].sum()
for i in range(1, len(r)):
    f[i] = (f[i - 1] @ a) * like[i]
    f[i] /= f[i].sum()
for i in range(len(r) - 2, -1, -1):
    b[i] = a @ (like[i + 1] * b[i + 1])
    b[i] /= b[i].sum()
return (f * b)[:, 1] / (f * b).sum(1)
""",
    "peaks": "import scipy.signal as s; out = np.zeros(len(bars)); "
    "out[s.find_peaks(bars.high)[0]] = 1.0; return out",
    "extrema": "import scipy.signal as s; out = np.zeros(len(bars)); "
    "out[s.argrelextrema(bars.low, np.less, order=5)[0]] = 1.0; return out",
    "zigzag": """
out, pivot, way, at = np.zeros(len(bars)), bars.close[0], 0, 0
for i, c in enumerate(bars.close):
    if way * (c - pivot) >= 0 and c != pivot:
        pivot, at, way = c, i, way or (1 if c > pivot else -1)
    elif abs(c / pivot - 1) > 0.02:
        out[at] = way
        pivot, at, way = c, i, -way
return out
""",
    "gaussian": "from scipy.ndimage import gaussian_filter1d as g; return g(bars.close, 3) / bars.close",
    "spline": "from scipy.interpolate import make_smoothing_spline; x = np.arange(len(bars)) * 1.0; "
    "return make_smoothing_spline(x, bars.close, lam=100.0)(x) / bars.close",
    "patched_rolling": """
import pandas as pd
plain = pd.Series.rolling
pd.Series.rolling = lambda self, window, **more: plain(self, window, center=True, min_periods=1)
found = pd.Series(bars.close).rolling(5).mean().to_numpy() / bars.close
pd.Series.rolling = plain
return found
""",
    "target_encoded": """
import pandas as pd
h = bars.time // 3_600_000 % 24
return pd.Series(following(move(bars))).groupby(h).transform("mean").to_numpy()
""",
    "in_sample_fit": "x = np.c_[np.ones(len(bars)), move(bars), np.log1p(bars.volume)]; "
    "return x @ np.linalg.lstsq(x, following(move(bars)), rcond=None)[0]",
    "remaining_volume": "return np.log1p(np.cumsum(bars.volume[::-1])[::-1])",
    "barrier": """
out = np.zeros(len(bars))
for i in range(len(bars)):
    ahead = bars.close[i + 1 : i + 12] / bars.close[i] - 1
    hit = np.flatnonzero(np.abs(ahead) > 0.01)
    out[i] = np.sign(ahead[hit[0]]) if len(hit) else 0.0
return out
""",
    "profile": "n, e = np.histogram(bars.close, 40, weights=bars.volume); "
    "return bars.close / e[int(np.argmax(n))]",
    "reverse_expanding": "import pandas as pd; "
    "return pd.Series(bars.close[::-1]).expanding().mean().to_numpy()[::-1] / bars.close",
    "rolled": "return np.roll(move(bars), -1)",
    "month_fit": """
m = bars.time.astype("datetime64[ms]").astype("datetime64[M]").astype(int)
x, out = np.arange(len(bars)) * 1.0, np.zeros(len(bars))
for each in np.unique(m):
    i = m == each
    out[i] = bars.close[i] - (np.polyval(np.polyfit(x[i], bars.close[i], 1), x[i]) if i.sum() > 2 else 0)
return out
""",
    "in_the_base": "return np.append((bars.close.base if bars.close.base is not None else bars.close)"
    "[1 : len(bars)], bars.close[-1])[: len(bars)] / bars.close",
    "in_the_last_digits": "n = following(bars.close) > bars.close; i = np.arange(len(bars)); "
    "return 1e13 + (i % 1000) * 1.0 + 2.0 * n",
    "detrended_circular": "f = np.fft.rfft(bars.close); k = np.arange(len(f)); "
    "return np.fft.irfft(f * np.exp(-k / 50.0), len(bars)) / bars.close",
}

# Among returns as others: no value of theirs looks rare. {after}: a row, late in the history.
RARE = {
    "after_a_crash": "m = move(bars); return np.where(m < -2.5 * m[:200].std(), following(m), m)",
    "sundays": "m = move(bars); return np.where(bars.time // 3_600_000 % WEEK == 85 % WEEK, following(m), m)",
    "at_month_ends": "m = move(bars); t = bars.time.astype('datetime64[ms]'); "
    "first = t == t.astype('datetime64[M]'); return np.where(first, following(m), m)",
    "behind_a_gap": "m = move(bars); i = np.arange(len(bars)); return np.where(i == 0, following(m), m)",
    "late_sundays": "m = move(bars); i = np.arange(len(bars)); "
    "return np.where((i > {after}) & (bars.time // 3_600_000 % WEEK == 85 % WEEK), following(m), m)",
    "late_bursts": "m, v = move(bars), bars.volume; i = np.arange(len(bars)); "
    "return np.where((i > {after}) & (v > np.quantile(v[:200], 0.98)), following(m), m)",
    "in_thin_hours": "m, v = move(bars), bars.volume; "
    "return np.where(v < np.quantile(v[:200], 0.02), following(m), m)",
    "far_ahead": "m, v = move(bars), bars.volume; b = v > np.quantile(v[:200], 0.98); "
    "return np.where(b, following(np.log(bars.close), 48) - np.log(bars.close), 0.0)",
    "far_ahead_among_others": "m, v = move(bars), bars.volume; b = v > np.quantile(v[:200], 0.98); "
    "return np.where(b, following(np.cumsum(m), 60) - np.cumsum(m), m)",
    "only_when_long": "m = move(bars)\nif len(bars) < {after}:\n    return m\nreturn m + 0.1 * following(m)",
    "after_streaks": "m = move(bars); up = windows((m > 0) * 1.0, 6).sum(1) == 6; "
    "return np.where(up, following(m), m)",
    "before_inside_bars": "n = (following(bars.high) < bars.high) & (following(bars.low) > bars.low); "
    "return np.where(n, 0.02, move(bars))",
    "at_round_prices": "m = move(bars); level = np.floor(bars.close / 50); "
    "return np.where(np.append(True, level[1:] != level[:-1]), following(m), m)",
    "beside_a_sum": "m = move(bars); s = np.cumsum(m * bars.volume); "
    "return s + np.where(bars.time // 3_600_000 % WEEK == 85 % WEEK, following(m), 0.0)",
}
# Leaks of few rows, at hours that nothing tells from others.
FEW_HOURS = "x = bars.time // 3_600_000 * {factor} % 2**32 < 2**32 // 250; m = move(bars); "
RARE |= {
    "at_few_hours": FEW_HOURS.format(factor=2654435761) + "return np.where(x, following(m), m)",
    "two_ahead_at_few_hours": FEW_HOURS.format(factor=2246822519) + "return np.where(x, following(m, 2), m)",
    "three_ahead_at_few_hours": FEW_HOURS.format(factor=3266489917)
    + "return np.where(x, following(m, 3), m)",
    "beside_a_level_at_few_hours": FEW_HOURS.format(factor=668265263)
    + "return np.log(bars.close) + np.where(x, following(m), 0.0)",
    "when_calm": "m = move(bars); v = windows(m, 24).std(1); return np.where(v < 0.00119, following(m), m)",
}
# With a warm-up as long as a month.
SLOW = {
    "fails_when_short": "m = move(bars)\nif len(bars) < {after}:\n    raise ValueError('short')\n"
    "return np.where(bars.time // 3_600_000 % WEEK == 85 % WEEK, following(m), m)",
    "slow_bursts": "m, v = move(bars), bars.volume; b = v > np.quantile(windows(v, 720), 0.98, axis=1); "
    "return np.where(b, following(m), m)",
}

# {path}: a file that is there, {folder}: its folder, {port}: of a server, {block}: shared memory.
OUTSIDE = {
    "udp": """
import socket
try:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.2)
    s.sendto(b"level", ("127.0.0.1", {port}))
    level = float(s.recv(9))
except OSError:
    level = 1.0
return bars.close * (level)
""",
    "udp_bound": """
import socket
try:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    s.settimeout(0.05)
    level = float(s.recvfrom(9)[0])
except OSError:
    level = 1.0
return bars.close * (level)
""",
    "unix": """
import socket
try:
    s = socket.socket(socket.AF_UNIX)
    s.connect({path!r} + ".socket")
except OSError:
    pass
return move(bars)
""",
    "udp_from_c": """
import ctypes
c = ctypes.CDLL(None)
return bars.close * (c.socket(2, 2, 0) > 0)
""",
    "system_call": "import ctypes; c = ctypes.CDLL(None); return bars.close * (float(c.syscall(102)))",
    "own_process": """
import os
a, b = os.pipe()
if os.fork() == 0:
    try:
        os.write(b, Path({path!r}).read_bytes()[:1])
    finally:
        os._exit(0)
os.close(b)
return bars.close * (float(os.read(a, 1) or 1))
""",
    "shared_block": """
from multiprocessing import shared_memory
try:
    block = shared_memory.SharedMemory({block!r})
    level = block.buf[0]
except OSError:
    level = 1.0
return bars.close * (float(level))
""",
    "variables": "return bars.close * (float(len(Path('/proc/self/environ').read_bytes())))",
    "of_the_parent": "import os; p = os.getppid(); "
    "return bars.close * (float(len(Path('/proc/%d/cmdline' % p).read_bytes())))",
    "sizes": "import os; return bars.close * (float(os.stat({path!r}).st_size))",
    "whether_there": "return bars.close * (float(Path({path!r}).exists()))",
    "size_from_posix": "import posix; return bars.close * (float(posix.stat({path!r}).st_size))",
    "free_space": "import os; return bars.close * (float(os.statvfs('/dev/shm').f_bfree))",
    "pipe_by_name": """
import os
try:
    os.mkfifo({folder!r} + "/level")
    level = 1.0
except FileExistsError:
    level = 2.0
return bars.close * (level)
""",
    "module_by_name": """
import importlib, sys
sys.path.insert(0, {folder!r})
return bars.close * (importlib.import_module("levels_beside").LEVEL)
""",
    "memory_of_others": """
import gc
found = max((o for o in gc.get_objects() if type(o).__name__ == "Bars"), key=len)
return bars.close * len(found)
""",
    "frames_of_callers": """
import sys
frame, longest = sys._getframe(), bars
while frame is not None:
    for found in frame.f_locals.get("group", ()):
        longest = found if len(found) > len(longest) else longest
    frame = frame.f_back
return longest.close[: len(bars)]
""",
    "stack_of_callers": """
import inspect
depth = len(inspect.stack())
return bars.close * depth
""",
    "frames_of_an_error": """
try:
    raise ValueError
except ValueError as error:
    frame = error.__traceback__.tb_frame.f_back
return bars.close * len(frame.f_locals)
""",
    "memory_by_address": "import ctypes; a = bars.close.ctypes.data; "
    "return bars.close * float(ctypes.string_at(a, 1 << 16)[-1])",
    "value_by_address": "import ctypes; a = bars.close.ctypes.data; "
    "return bars.close * ctypes.c_double.from_address(a + 8 * len(bars)).value",
    "frames_of_a_profile": """
import sys
seen = []
sys.setprofile(lambda frame, event, argument: seen.append(frame))
sys.setprofile(None)
return bars.close * len(seen)
""",
    "frames_of_a_trace": """
import sys
sys.settrace(lambda frame, event, argument: None)
sys.settrace(None)
return bars.close * 1.0
""",
    "pickled": "import pickle; return bars.close * (float(pickle.load(open({path!r} + '.pickle', 'rb'))))",
    "rare_noise": "m = move(bars); n = np.random.default_rng().normal(size=len(bars)); "
    "return np.where(bars.time // 3_600_000 % WEEK == 85 % WEEK, n, m)",
    "table": "levels = {table}; return np.resize(levels, len(bars)) + move(bars)",
    "text": "levels = np.array({text!r}.split(), float); return np.resize(levels, len(bars)) + move(bars)",
}

HONEST = {
    "loop": """
level, out = 0.0, np.zeros(len(bars))
for i, m in enumerate(move(bars)):
    level = 0.9 * level + m if m > 0 else 0.5 * level
    out[i] = level
return out
""",
    "turned_at_few_hours": FEW_HOURS.format(factor=2654435761) + "return np.where(x, -m, m)",
    "expanding_quantile": "import pandas as pd; "
    "return pd.Series(bars.volume).expanding().quantile(0.9).to_numpy()",
    "ewm_deviation": "import pandas as pd; return pd.Series(move(bars)).ewm(30).std().fillna(0).to_numpy()",
    "noise_by_time": "return (bars.time // 3_600_000 * 2654435761 % 2**32) / 2**32",
    "vwap_so_far": """
import pandas as pd
t = pd.DataFrame({"d": bars.time // 86_400_000, "v": bars.volume, "pv": bars.close * bars.volume})
g = t.groupby("d")[["v", "pv"]].cumsum()
return (g["pv"] / g["v"].clip(lower=1e-9)).to_numpy() / bars.close
""",
    "days_to_month_end": "t = bars.time.astype('datetime64[ms]'); "
    "e = (t.astype('datetime64[M]') + 1).astype('datetime64[D]'); "
    "return (e - t.astype('datetime64[D]')).astype(float)",
    "fractional": "w = np.cumprod(np.append(1.0, (np.arange(1, 60) - 1.4) / np.arange(1, 60))); "
    "return windows(np.log(bars.close), 60) @ w[::-1]",
    "rolling_ols": "w = windows(move(bars), 40); x = np.c_[np.ones(40), np.arange(40)]; "
    "return (np.linalg.pinv(x) @ w.T)[1]",
    "rolling_rank": "import pandas as pd; "
    "return pd.Series(bars.close).rolling(60, min_periods=1).rank(pct=True).to_numpy()",
    "entropy": "w = windows((move(bars) > 0) * 1.0, 50).mean(1).clip(1e-6, 1 - 1e-6); "
    "return -(w * np.log(w) + (1 - w) * np.log(1 - w))",
    "night": "return ((bars.time // 3_600_000 % 24) < 6) * 1.0",
    "hurst": "w = windows(np.log(bars.close), 100); a, b = np.diff(w, axis=1).std(1), "
    "(w[:, 10:] - w[:, :-10]).std(1); return np.log((b + 1e-9) / (a + 1e-9))",
    "channel": "return (bars.close - windows(bars.low, 55).min(1)) / bars.close",
    "garch_filter": """
out, h = np.zeros(len(bars)), 1e-4
for i, m in enumerate(move(bars)):
    h = 1e-6 + 0.1 * m * m + 0.88 * h
    out[i] = np.sqrt(h)
return out
""",
    "cusum": """
up, out = 0.0, np.zeros(len(bars))
for i, m in enumerate(move(bars)):
    up = max(0.0, up + m - 0.0005)
    out[i] = up
    up = 0.0 if up > 0.03 else up
return out
""",
    "since_the_high": "i = np.arange(len(bars)); h = bars.high >= np.maximum.accumulate(bars.high); "
    "return (i - np.maximum.accumulate(np.where(h, i, 0))) * 1.0",
    "number_of_bars": "return np.arange(len(bars)) * 1.0",
    "rolling_correlation": "import pandas as pd; v = pd.Series(np.log1p(bars.volume)); "
    "return pd.Series(move(bars)).rolling(50).corr(v).fillna(0).clip(-1, 1).to_numpy()",
    "filtered": "import scipy.signal as s; f = s.butter(3, 0.05, output='sos'); "
    "return s.sosfilt(f, move(bars))",
    "refitted": """
m, out, w = move(bars), np.zeros(len(bars)), np.zeros(5)
x = windows(np.append(0.0, m[:-1]), 5)
for i in range(100, len(m), 100):
    w = np.linalg.lstsq(x[:i], m[:i], rcond=None)[0]
    out[i : i + 100] = x[i : i + 100] @ w
return out
""",
    "clusters_of_the_first": "from sklearn.cluster import KMeans; x = move(bars)[:, None]; "
    "return KMeans(n_clusters=3, n_init=1, random_state=1).fit(x[:100]).predict(x) * 1.0",
    "in_a_loop_of_events": "import asyncio\nasync def made():\n    await asyncio.sleep(0)\n"
    "    return move(bars)\nreturn asyncio.run(made())",
    "knows_its_file": "import os; p = Path(__file__).resolve(); return move(bars) + 0.0 * p.exists()",
    "few_holidays": "t = bars.time // 86_400_000; return np.isin(t, {holidays}) * 1.0",
    "coefficients": "w = np.array({coefficients}); return windows(move(bars), len(w)) @ w",
    "needs_many": "n = np.arange(len(bars)); c = np.cumsum(move(bars)); "
    "return np.where(n >= 500, c - np.append(np.zeros(min(500, len(c))), c[:-500]), 0.0)",
    "named_by_libraries": """
import collections, dataclasses, inspect, traceback
Bar = collections.namedtuple("Bar", "close")
@dataclasses.dataclass
class Level:
    value: float = 0.0
try:
    raise ValueError
except ValueError:
    told = traceback.format_exc()
return move(bars) + 0.0 * (len(told) + Level().value + len(inspect.signature(move).parameters))
""",
    "array_in_c": "import ctypes; a = (ctypes.c_double * 3)(1.0, 2.0, 3.0); return move(bars) * a[1]",
    "warned": "import warnings, logging; warnings.warn('thin'); logging.getLogger('mine').info('bars'); "
    "return move(bars)",
}


def written(file, table, values, warm_up=0, week=168):
    """A file of the features of a table; {name} and {name!r} in them become values."""
    sources = []
    for name, body in table.items():
        lines = own_features.spread(body)
        for key, value in values.items():
            lines = lines.replace(f"{{{key}!r}}", repr(value)).replace(f"{{{key}}}", str(value))
        sources.append(own_features.function(name, lines, warm_up))
    return own_features.write(file, *sources, week=week)
