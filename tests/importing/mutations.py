"""Sound files whose bytes were changed at random, imported; settings files likewise, read."""

import random
import time
import traceback
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from engine import settings
from engine.data.importing.files import import_file
from engine.data.importing.hints import Hints
from engine.data.store import Store
from engine.errors import InternalError, QuantdeckError
from tests.importing.markets import candles
from tests.importing.test_random_files import NOW

WRITERS = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "csv.gz": lambda table, path: table.to_csv(path, index=False),
    "csv.xz": lambda table, path: table.to_csv(path, index=False),
    "csv.zip": lambda table, path: table.to_csv(path, index=False),
    "json": lambda table, path: table.to_json(path, orient="records", date_format="iso"),
    "parquet": lambda table, path: table.to_parquet(path),
    "feather": lambda table, path: table.to_feather(path),
}
PIECES = (b"", b"\0", b'"', b"\xff\xfe", b"1e999", b"-", b"\n" * 9, b"9" * 400, b"\x1b[31m", b"[" * 3000)


@dataclass
class Tally:
    """What became of the cases: how many were taken, and by seed those that were our own fault."""

    taken: int = 0
    slowest_s: float = 0.0  # of CPU: a busy machine is no fault of the file
    wrong: dict[int, str] = field(default_factory=dict)


def mutated(content, rng):
    """The content with a few changes: bits flipped, pieces cut, doubled, moved or put in."""
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(content) + 1)
        to = min(len(content), at + int(rng.expovariate(1 / 30)))
        match rng.randrange(6):
            case 0 if at < len(content):
                content = content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
            case 1:
                content = content[:at] + content[to:]
            case 2:
                content = content[:to] + content[at:]
            case 3:
                content = content[:at] + rng.choice(PIECES) + content[to:]
            case 4:
                content = content[:at] + rng.randbytes(to - at) + content[to:]
            case 5 if rng.random() < 0.1:
                content = content[:at]
    return content


def imports(seeds, folder):
    """Import a mutated file for each seed over a stored series, which a refusal must leave as it was."""
    store, tally = Store(folder / "store"), Tally()
    hints = Hints(memory_limit="0.5")
    for seed in seeds:
        rng = random.Random(seed)
        kind = sorted(WRITERS)[seed % len(WRITERS)]
        path = folder / f"a.{kind}"
        times = pd.date_range("2023-03-20", periods=rng.choice((1, 30, 600)), freq=rng.choice(("1h", "1D")))
        frame = candles(seed, times, first=float(np.exp(rng.uniform(-5, 9))))
        WRITERS[kind](frame.rename_axis("time").reset_index(), path)
        path.write_bytes(mutated(path.read_bytes(), rng))
        before, began = stored(store), time.process_time()
        try:
            import_file(path, store, "a", now_ms=NOW, hints=hints)
        except QuantdeckError as error:
            if isinstance(error, InternalError):
                tally.wrong[seed] = traceback.format_exc(limit=-3)
            elif stored(store) != before:
                tally.wrong[seed] = f"{kind}: refused, and what was stored is another: {error}"
        except Exception:  # noqa: BLE001  that is what is sought
            tally.wrong[seed] = f"{kind}: {traceback.format_exc(limit=-3)}"
        else:
            tally.taken += 1
            store.read("a")
        tally.slowest_s = max(tally.slowest_s, time.process_time() - began)
    return tally


def stored(store):
    """The bytes of the series that is imported again and again."""
    return {path.name: path.read_bytes() for path in store.folder.glob("*.parquet")}


def readings(seeds, folder):
    """Read a mutated settings file for each seed."""
    text, path, tally = settings.to_toml(settings.Settings()).encode(), folder / "quantdeck.toml", Tally()
    for seed in seeds:
        path.write_bytes(mutated(text, random.Random(seed)))
        began = time.process_time()
        try:
            settings.load(path)
        except QuantdeckError as error:
            if isinstance(error, InternalError):
                tally.wrong[seed] = traceback.format_exc(limit=-3)
        except Exception:  # noqa: BLE001  that is what is sought
            tally.wrong[seed] = traceback.format_exc(limit=-3)
        else:
            tally.taken += 1
        tally.slowest_s = max(tally.slowest_s, time.process_time() - began)
    return tally
