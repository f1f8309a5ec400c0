"""The compiled loop's cache: what happens where it cannot be kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.backtest.loop import compiled

ROOT = Path(__file__).parents[2]
ON_A_FULL_DISK = """
import resource
import numpy as np
from engine.backtest.rules import Rules
from engine.backtest.simulate import simulate
from tests.backtest.markets import random_bars
bars = random_bars(50, np.random.default_rng(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
target = np.where(np.arange(50) % 7 < 3, 1.0, -1.0)
print(simulate(bars, target, Rules(1000.0, fee=0.001, slippage=0.0, bars_per_year=8760)).equity[-1])
"""


def test_a_function_that_has_no_place_for_its_cache_is_compiled_all_the_same():
    namespace = {}
    exec("def double(x):\n    return 2 * x", namespace)  # from no file, so numba finds no folder
    assert compiled(namespace["double"])(21) == 42


def final_equity(code, cache):
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"NUMBA_CACHE_DIR": str(cache), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.long
@pytest.mark.slow
def test_a_cache_that_cannot_be_written_or_read_costs_only_time(tmp_path):
    on_a_free_disk = ON_A_FULL_DISK.replace("resource.setrlimit", "0 and resource.setrlimit")
    full, free = tmp_path / "full", tmp_path / "free"
    equity = final_equity(ON_A_FULL_DISK, full)
    assert final_equity(on_a_free_disk, free) == equity
    assert not list(full.rglob("*.nbc"))
    assert list(free.rglob("*.nbc"))
    for index in free.rglob("*.nbi"):  # as another version left it: it names a class that is gone
        index.write_bytes(index.read_bytes().replace(b"Prices", b"Pricez"))
    assert final_equity(on_a_free_disk, free) == equity
