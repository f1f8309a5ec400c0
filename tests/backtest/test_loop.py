"""The compiled loops' cache: when it is compiled anew, and what happens where it cannot be kept."""

from __future__ import annotations

import ast
import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from engine.backtest.machine_code import compiled, sources
from engine.code_cache import source_digest

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


def test_a_change_in_any_file_of_the_room_compiles_anew(tmp_path, monkeypatch):
    """numba's key of what it keeps is of the function's file and of what its closure holds."""
    room = ROOT / "engine/backtest"
    copy = shutil.copytree(room, tmp_path / "backtest", ignore=shutil.ignore_patterns("__pycache__"))
    assert source_digest(str(copy)) == sources()
    for path in copy.glob("*.py"):
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert source_digest(str(copy)) != sources(), path.name
        path.write_bytes(before)

    def kept_under(digest):
        def one():
            _ = digest
            return 1

        return compiled(one)

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kept"))
    for digest, found in (("before", 0), ("before", 1), ("after", 0)):
        code = kept_under(digest)
        assert code() == 1
        assert sum(code.stats.cache_hits.values()) == found


def test_all_that_is_kept_closes_over_the_sources():
    kept = 0
    for path in (ROOT / "engine").rglob("*.py"):
        for function in ast.parse(path.read_text()).body:
            if not isinstance(function, ast.FunctionDef) or "return compiled(" not in ast.unparse(function):
                continue
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            closure = getattr(module, function.name)().py_func.__closure__
            assert sources() in [cell.cell_contents for cell in closure], function.name
            kept += 1
    called = sum(path.read_text().count("compiled(") for path in (ROOT / "engine/backtest").glob("*.py"))
    assert kept == called - 1  # its definition


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
