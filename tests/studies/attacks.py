"""More of what `own_features` holds: leaks by libraries and at rare moments, what is outside, honest ones."""

LEAKS = {
    "centred_rolling": "import pandas as pd; "
    "return pd.Series(bars.close).rolling(9, center=True, min_periods=1).mean().to_numpy() / bars.close",
    "group_mean": "import pandas as pd; d = bars.time // 86_400_000; "
    "return pd.Series(bars.close).groupby(d).transform('mean').to_numpy() / bars.close",
    "asof_forward": """
import pandas as pd
t = pd.DataFrame({"time": bars.time, "close": bars.close})
later = t.iloc[::5].rename(columns={"close": "next"})
found = pd.merge_asof(t, later, on="time", direction="forward")["next"].ffill()
return found.to_numpy() / bars.close
""",
    "interpolate": "import pandas as pd; s = pd.Series(bars.close).where(np.arange(len(bars)) % 7 == 0); "
    "return s.interpolate(limit_direction='both').to_numpy() / bars.close",
    "backfilled": "import pandas as pd; s = pd.Series(bars.volume).where(bars.time // 3_600_000 % 5 == 0); "
    "return np.log1p(s.bfill().ffill().to_numpy())",
    "ranked_whole": "import pandas as pd; return pd.Series(bars.close).rank(pct=True).to_numpy()",
    "quantile_whole": "return (bars.close > np.quantile(bars.close, 0.8)) * 1.0",
    "filtfilt": "import scipy.signal as s; b, a = s.butter(2, 0.1); "
    "return s.filtfilt(b, a, bars.close) / bars.close",
    "month_end": "import pandas as pd; m = pd.to_datetime(bars.time, unit='ms').is_month_end; "
    "return np.where(m, following(move(bars)), 0.0)",
    "at_new_highs": "h = bars.close >= np.maximum.accumulate(bars.high) * 0.995; "
    "return np.where(h, following(move(bars)), 0.0)",
    "after_three_sigma": "m = move(bars); e = np.abs(m) > 3 * m[:200].std(); "
    "return np.where(e, following(m), 0.0)",
    "savgol": "import scipy.signal as s; return s.savgol_filter(bars.close, 11, 2) / bars.close",
    "gradient": "return np.gradient(bars.close) / bars.close",
    "pca_whole": "w = windows(move(bars), 5); return (w - w.mean(0)) @ np.linalg.eigh(np.cov(w.T))[1][:, -1]",
    "seed_of_end": "return np.random.default_rng(int(bars.close[-1] * 1e6)).normal(size=len(bars))",
    "diff_back": "import pandas as pd; return -pd.Series(np.log(bars.close)).diff(-1).fillna(0).to_numpy()",
    "thread": """
import threading
kept = []
worker = threading.Thread(target=lambda: kept.append(following(move(bars))))
worker.start()
worker.join()
return kept[0]
""",
    "hilbert": "import scipy.signal as s; return np.abs(s.hilbert(move(bars)))",
}

# Each takes something that one run leaves for a next one, or that only the system knows.
OUTSIDE = {
    "shared_memory": """
import pickle
place = Path("/dev/shm/quantdeck-attack.pickle")
if place.exists():
    seen = pickle.loads(place.read_bytes())
else:
    seen = following(move(bars))
    place.write_bytes(pickle.dumps(seen))
return np.resize(seen, len(bars))
""",
    "mapped": "import mmap; f = open({path!r}, 'rb'); m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ); "
    "return np.full(len(bars), float(m[:1]))",
    "from_c": """
import ctypes
c = ctypes.CDLL(None)
f = c.open({path!r}.encode(), 0)
b = ctypes.create_string_buffer(1)
n = c.read(f, b, 1)
return np.full(len(bars), float(n))
""",
    "clock": "import time; return np.full(len(bars), time.time() % 1)",
    "listed": "import os; return np.full(len(bars), float(len(os.listdir(os.path.dirname({path!r})))))",
}

HONEST = {
    "rolling_pandas": "import pandas as pd; "
    "return pd.Series(bars.close).rolling(20, min_periods=1).std().fillna(0).to_numpy()",
    "expanding_rank": "import pandas as pd; "
    "return pd.Series(bars.volume).expanding().rank(pct=True).to_numpy()",
    "asof_backward": """
import pandas as pd
t = pd.DataFrame({"time": bars.time, "close": bars.close})
found = pd.merge_asof(t, t.iloc[::5].rename(columns={"close": "last"}), on="time")["last"]
return found.to_numpy() / bars.close
""",
    "lfilter": "import scipy.signal as s; b, a = s.butter(2, 0.1); return s.lfilter(b, a, move(bars))",
    "group_so_far": "import pandas as pd; d = bars.time // 86_400_000; "
    "return pd.Series(bars.volume).groupby(d).cumsum().to_numpy()",
    "forward_fill": "import pandas as pd; s = pd.Series(bars.close).where(bars.time // 3_600_000 % 5 == 0); "
    "return s.ffill().fillna(0.0).to_numpy()",
    "in_a_thread": """
import threading
kept = []
worker = threading.Thread(target=lambda: kept.append(move(bars)))
worker.start()
worker.join()
return kept[0]
""",
    "sqlite_in_memory": """
import sqlite3
base = sqlite3.connect(":memory:")
found = base.execute("select 2 + 2").fetchone()[0]
base.close()
return np.full(len(bars), float(found))
""",
    "temporary_file": """
import os
with tempfile.NamedTemporaryFile(delete=False) as file:
    np.save(file, move(bars))
found = np.load(file.name)
os.unlink(file.name)
return found
""",
    "fitted_on_past": "n = len(bars); m = move(bars); out = np.zeros(n)\n"
    "for i in range(200, n, 50):\n"
    "    x, y = m[i - 200 : i - 1], m[i - 199 : i]\n"
    "    out[i : i + 50] = (x @ y) / (x @ x) * m[i : i + 50]\n"
    "return out",
    "sklearn_on_first": "from sklearn.preprocessing import StandardScaler; v = move(bars)[:, None]; "
    "return StandardScaler().fit(v[:100]).transform(v)[:, 0]",
    "time_zone": "import pandas as pd; t = pd.to_datetime(bars.time, unit='ms', utc=True); "
    "return t.tz_convert('America/New_York').hour.to_numpy() * 1.0",
}

# Compiled anew in every replay, a second each.
COMPILED = {
    "numba_loop": """
import numba
@numba.njit(cache=True)
def smoothed(values):
    out = np.empty_like(values)
    level = values[0]
    for row in range(len(values)):
        level += 0.1 * (values[row] - level)
        out[row] = level
    return out
return smoothed(bars.close) / bars.close
""",
}
