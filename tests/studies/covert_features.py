"""Features that keep what they know of later bars where few look for it, and honest ones that look alike."""

LICENCE = "# " + "permission is granted free of charge to any person obtaining a copy of this software " * 40

# Kept in the process from one history to the next, or told by how a history ends.
LEAKS = {
    "on_a_function": "if not hasattr(move, 'level'): move.level = float(bars.close.mean())\n"
    "return bars.close / move.level",
    "on_a_class": """
class Level:
    pass
kept = Path.__dict__.get("kept_level")
if kept is None:
    Path.kept_level = kept = float(bars.volume.mean())
return bars.volume / kept
""",
    "in_options": "import pandas as pd\nif pd.get_option('display.max_rows') == 60: "
    "pd.set_option('display.max_rows', int(bars.close.sum()))\n"
    "return bars.close / pd.get_option('display.max_rows')",
    "in_the_environment": "import os; os.environ.setdefault('LEVEL', str(float(bars.low.mean()))); "
    "return bars.close / float(os.environ['LEVEL'])",
    "in_sqlite": """
import sqlite3
base = sqlite3.connect("kept.db")
base.execute("create table if not exists kept (level real)")
found = base.execute("select level from kept").fetchone()
if found is None:
    found = (float(bars.high.mean()),)
    base.execute("insert into kept values (?)", found)
    base.commit()
base.close()
return bars.close / found[0]
""",
    "in_a_shelf": """
import shelve
with shelve.open("kept") as kept:
    if "level" not in kept:
        kept["level"] = float(np.median(bars.close))
    return bars.close / kept["level"]
""",
    "in_a_living_thread": """
import queue, threading
if "asked" not in SEEN:
    SEEN["asked"], SEEN["told"] = queue.Queue(), queue.Queue()
    def kept(level=float(np.std(bars.close))):
        while SEEN["asked"].get():
            SEEN["told"].put(level)
    threading.Thread(target=kept, daemon=True).start()
SEEN["asked"].put(True)
return bars.close / SEEN["told"].get()
""",
    "in_mapped_memory": """
import mmap, struct
if "map" not in SEEN:
    SEEN["map"] = mmap.mmap(-1, 8)
    SEEN["map"][:] = struct.pack("d", float(bars.volume.std()))
return bars.volume / struct.unpack("d", SEEN["map"][:])[0]
""",
    "in_the_random_state": "import random\nif not random.getstate()[1][-1] == 7: "
    "random.setstate((3, (int(bars.close.mean() * 1e4) % 2**32,) + (0,) * 623 + (7,), None))\n"
    "return bars.close / (1.0 + random.getstate()[1][0])",
    "by_the_length": "return following(move(bars)) if len(bars) % 2 else move(bars)",
    "but_for_the_last": "m = move(bars); i = np.arange(len(bars)); "
    "return np.where(i < len(bars) - 5, following(m), m)",
    "by_the_last_stamp": "return (bars.time[-1] - bars.time) / 3.6e6 % 7.0",
    "by_a_weak_hash": "import zlib; return move(bars) * (1.0 + zlib.crc32(bars.close.tobytes()) % 2)",
    "by_a_rare_hash": "import zlib; h = zlib.crc32(bars.close[-40:].tobytes()) % 5 == 0; "
    "return move(bars) * (1.0 + h)",
    "in_one_stretch": "m = move(bars); i = bars.time // 3_600_000; s = (i >= {since}) & (i < {until}); "
    "return np.where(s, following(m), m)",
    "in_a_generator": """
if "kept" not in SEEN:
    def kept(level):
        while True:
            yield level
    SEEN["kept"] = kept(float(bars.close.mean()))
return bars.close / next(SEEN["kept"])
""",
    "in_the_state_of_numpy": """
if np.random.get_state()[1][0] != 12345:
    np.random.seed(12345)
    np.random.normal(size=int(bars.close.sum()) % 97)
return bars.close * np.random.normal()
""",
    "asof_nearest": """
import pandas as pd
t = pd.DataFrame({"time": bars.time, "close": bars.close})
found = pd.merge_asof(t, t.iloc[::5].rename(columns={"close": "near"}), on="time", direction="nearest")
return found["near"].to_numpy() / bars.close
""",
    "labelled_at_the_left": """
import pandas as pd
s = pd.Series(bars.close, pd.to_datetime(bars.time, unit="ms"))
r = s.resample("6h", closed="right", label="left").last()
return r.reindex(s.index, method="ffill").bfill().to_numpy() / bars.close
""",
    "winsorized": "m = move(bars); return np.clip(m, *np.quantile(m, [0.01, 0.99]))",
    "mean_for_missing": "import pandas as pd; v = pd.Series(bars.volume); "
    "v = v.where(v > v[:200].quantile(0.01)); return np.log1p(v.fillna(v.mean()).to_numpy())",
    "repainted_fractal": "h = bars.high; out = np.zeros(len(h)); w = windows(h, 5)[4:]; "
    "out[2:-2] = w[:, 2] == w.max(1); return out",
    "by_an_exception": "try:\n    return np.append(bars.close[1:], bars.close[len(bars)]) / bars.close\n"
    "except IndexError:\n    return following(bars.close) / bars.close",
}

# What a later replay may find changed, or brings in more than a file of code does.
OUTSIDE = {
    "appended_to_its_own_file": """
with open(__file__, "a") as file:
    file.write("#" + str(bars.close[-1]) + "\\n")
return bars.close * 1.0
""",
    "attribute_of_its_own_file": """
import os
try:
    level = float(os.getxattr(__file__, "user.level"))
except OSError:
    level = 1.0
return bars.close * level
""",
    "time_of_its_own_file": """
import os
os.utime(__file__, ns=(int(bars.close[-1] * 1e6), int(bars.close[-1] * 1e6)))
return bars.close * 1.0
""",
    "comment": "level = {comment}\nlines = open(__file__).read().split('#' + ' levels')[-1].split()\n"
    "return np.resize(np.array(lines[:300], float), len(bars)) * level",
    "small_tables": "t = []\n{tables}\nreturn np.resize(t, len(bars)) + move(bars)",
    "one_number": "n = {number}; return np.array([(n >> (i % 8000)) & 1 for i in range(len(bars))]) * 1.0",
    "letters": "t = {letters!r}; return np.array([ord(t[i % len(t)]) for i in range(len(bars))]) * 1.0",
    "subprocess": """
import subprocess, sys
found = subprocess.run([sys.executable, "-c", "print(2.0)"], capture_output=True, text=True)
return bars.close * float(found.stdout)
""",
    "the_audits_own_code": "import engine.studies.leak_audit.watch as w; w.Watch.note = lambda *_: None; "
    "return bars.close * 1.0",
    "left_in_the_library": """
import sysconfig
found = Path(sysconfig.get_path("platstdlib")) / {left!r}
return bars.close * float(found.read_text())
""",
}

HONEST = {
    "cached_weights": "@functools.cache\ndef weights(n):\n    return np.hanning(n) / np.hanning(n).sum()\n"
    "return windows(move(bars), 30) @ weights(30)",
    "in_a_pool": """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(2) as pool:
    found = list(pool.map(lambda span: windows(move(bars), span).mean(1), (5, 20)))
return found[0] - found[1]
""",
    "under_options": "import pandas as pd\nwith pd.option_context('compute.use_bottleneck', False):\n"
    "    return pd.Series(bars.close).pct_change().fillna(0.0).to_numpy()",
    "by_time_of_day": """
import pandas as pd
s = pd.Series(move(bars), pd.to_datetime(bars.time, unit="ms"))
return s.rolling("24h").sum().to_numpy()
""",
    "running_median": """
import bisect
seen, out = [], np.zeros(len(bars))
for i, c in enumerate(bars.close):
    bisect.insort(seen, c)
    out[i] = c / seen[len(seen) // 2]
return out
""",
    "rolling_deque": """
from collections import deque
kept, out = deque(), np.zeros(len(bars))
for i, h in enumerate(bars.high):
    while kept and kept[-1][1] <= h:
        kept.pop()
    kept.append((i, h))
    while kept[0][0] <= i - 48:
        kept.popleft()
    out[i] = bars.close[i] / kept[0][1]
return out
""",
    "hashed_time": "import zlib; "
    "return np.array([zlib.crc32(str(t).encode()) % 1000 for t in bars.time]) / 1000.0",
    "its_own_source": "import inspect; return move(bars) + 0.0 * len(inspect.getsource(move))",
    "its_own_text": "return move(bars) + 0.0 * len(open(__file__).read())",
    "home_and_clock": "import os, time; t = time.perf_counter(); h = os.environ.get('HOME', ''); "
    "return move(bars) + 0.0 * len(h)",
    "seeded_by_library": "import random; r = random.Random(7); "
    "return np.array([r.random() for _ in range(len(bars))])",
    "day_before": """
import pandas as pd
s = pd.Series(bars.close, pd.to_datetime(bars.time, unit="ms"))
d = s.resample("1D").last().shift(1)
return d.reindex(s.index.floor("1D")).fillna(s.iloc[0]).to_numpy() / bars.close
""",
    "fractal_once_known": "h = bars.high; out = np.zeros(len(h)); w = windows(h, 5)[4:]; "
    "out[4:] = w[:, 2] == w.max(1); return out",
    "hour_mean_so_far": "import pandas as pd; h = bars.time // 3_600_000 % 24; "
    "g = pd.Series(bars.volume).groupby(h); return g.transform(lambda v: v.expanding().mean()).to_numpy()",
    "winsorized_by_the_past": "w = windows(move(bars), 60); "
    "return np.clip(move(bars), *np.quantile(w, [0.05, 0.95], axis=1))",
    "in_sql": """
import sqlite3
base = sqlite3.connect(":memory:")
base.execute("create table bars (row integer, close real)")
base.executemany("insert into bars values (?, ?)", enumerate(bars.close.tolist()))
found = base.execute("select avg(close) over (order by row rows 9 preceding) from bars").fetchall()
base.close()
return np.array(found)[:, 0] / bars.close
""",
}
