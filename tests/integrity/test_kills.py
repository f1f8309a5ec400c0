"""Killed at any moment a run resumes bit for bit; the long forms are soak.kills, .room, .full, .signals.

Each harness runs in a process of its own, since it forks engines off a warm one.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def soak(module, *arguments):
    command = [sys.executable, "-W", "ignore", "-m", f"soak.{module}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_anywhere_a_run_resumes_bit_equal_and_artifacts_are_whole_or_refused():
    output = soak("kills", 2, 6)
    assert "resumed bit-equal 2 of 2" in output
    assert "torn or mixed 0" in output


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc for the shim that refuses writes")
def test_refused_writes_end_a_run_cleanly_and_it_resumes():
    assert re.search(r"refused: (\d+) of \1 ", soak("room", 160))


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_disk_that_is_really_full():
    output = soak("full")
    if "not shown" in output:
        pytest.skip("this machine lets nobody mount a small file system")
    assert output.count("ok  ") == 8


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_signals_end_what_they_are_to_end_and_nothing_else():
    assert "4 of 4 ended as documented" in soak("signals", 4)
