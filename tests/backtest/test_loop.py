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


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path):
    finals = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"NUMBA_CACHE_DIR": str(tmp_path / name), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name, code in (
            ("full", ON_A_FULL_DISK),
            ("free", ON_A_FULL_DISK.replace("resource.setrlimit", "0 and resource.setrlimit")),
        )
    ]
    assert finals[0] == finals[1]
    assert not list((tmp_path / "full").rglob("*.nbc"))
    assert list((tmp_path / "free").rglob("*.nbc"))
