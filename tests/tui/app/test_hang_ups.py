"""Hang-ups and SIGTERMs at random moments of real use; the long form is soak.terminals."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ended_at_any_moment_the_app_leaves_nothing_behind_and_every_run_goes_on():
    command = [sys.executable, "-W", "ignore", "-m", "soak.terminals", "3", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 of 6 ended cleanly" in done.stdout
