"""Which devices a training takes, and that the user's own flags survive."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from engine.errors import InternalError
from engine.models.training.backend import prepare, sharing
from engine.settings import Settings, pinned

PREPARE = """
import json, os, sys
from engine.models.training import backend
from engine.settings import Training
count = backend.prepare(Training(devices=2))
again = backend.prepare(Training(devices=2))
import jax
print(json.dumps([count, again, os.environ["XLA_FLAGS"], len(jax.devices())]))
"""


@dataclass
class Device:
    platform: str


@pytest.mark.parametrize(("wanted", "taken"), [(1, 1), (2, 2), (4, 4)])
def test_processor_devices_share_as_many_as_wanted(wanted, taken):
    assert len(sharing([Device("cpu")] * 4, wanted)) == taken


@pytest.mark.parametrize("wanted", [1, 2, 8])
def test_a_gpu_trains_by_itself(wanted):
    first, second = Device("gpu"), Device("gpu")
    assert sharing([first, second], wanted)[0] is first
    assert len(sharing([first, second], wanted)) == 1


def test_a_number_of_devices_that_is_still_open_is_refused():
    with pytest.raises(InternalError, match=r"training\.devices: is 0"):
        prepare(Settings().training)
    assert pinned(Settings()).training.devices > 0


def test_flags_of_the_user_stay_and_preparing_twice_is_nothing_new():
    flags = "--xla_cpu_enable_fast_math=false --xla_force_host_platform_device_count=5"
    done = subprocess.run(
        [sys.executable, "-c", PREPARE],
        env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    flags = "--xla_cpu_enable_fast_math=false --xla_force_host_platform_device_count=2"
    assert json.loads(done.stdout) == [2, 2, flags, 2]
