"""Every command of the README does what it says, in its order, in one folder, as a stranger would type it."""

import asyncio
import os
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.data.demo.server import demo_exchange
from engine.market.times import time_index
from tests.test_files_page import is_on_the_page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
END_MS = 1_717_200_000_000  # 2024-06-01
SMALL = {
    "window": {"lookback": 12},
    "model": {"units": [4], "members": 1},
    "training": {"epochs": 1, "batch_size": 256},
    "features": {"names": ["return_1", "rsi_14", "hour_sin"]},
}


def commands():
    """The lines of the README's sh blocks, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def exchange():
    """An exchange on loopback in a thread of its own, in the place of the real one."""
    ready, done, found = threading.Event(), None, []

    async def serve():
        nonlocal done
        done = asyncio.Event()
        async with demo_exchange(3, 0.1, "1h", END_MS) as running:
            found.extend([running.url, asyncio.get_running_loop()])
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(60)
    yield found[0]
    found[1].call_soon_threadsafe(done.set)
    thread.join()


def candles(path):
    rng = np.random.default_rng(4)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.01, 900)))
    opening = np.concatenate([[50], close[:-1]])
    pd.DataFrame(
        {
            "open": opening,
            "high": np.maximum(opening, close) * 1.001,
            "low": np.minimum(opening, close) * 0.999,
            "close": close,
            "volume": rng.uniform(1, 5, 900),
        },
        index=time_index(END_MS - np.arange(900, 0, -1) * 3_600_000),
    ).to_csv(path, date_format="%Y-%m-%dT%H:%M:%SZ", index_label="time")


def small(path, endpoint):
    """Shrink the settings that `init` wrote, and point them at the local exchange."""
    text = path.read_text()
    for group, table in SMALL.items():
        for name, value in table.items():
            before, table_start, rest = text.partition(f"[{group}]\n")
            text = (
                before
                + table_start
                + re.sub(
                    rf"^{name} = .*$",
                    f"{name} = {value!r}".replace("'", '"'),
                    rest,
                    count=1,
                    flags=re.MULTILINE,
                )
            )
    text = re.sub(r'^endpoint = ""$', f'endpoint = "{endpoint}"', text, flags=re.MULTILINE)
    path.write_text(re.sub(r'^end = ""$', 'end = "2024-03-01"', text, count=1, flags=re.MULTILINE))


def test_each_command_of_the_readme(tmp_path, exchange):
    candles(tmp_path / "my-candles.csv")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "QUANTDECK_HOME": str(tmp_path / "artifacts"),
    }
    ran = []
    for written in commands():
        line, first = written, shlex.split(written)[0]
        if first in {"make", "export"}:
            continue
        if "data.series=mine" in line and not (tmp_path / "quantdeck.toml").exists():
            line += " " + " ".join(f"-s '{g}.{n}={v}'" for g, t in SMALL.items() for n, v in t.items())
        done = subprocess.run(
            line,
            shell=True,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        # A training that is over by the time it is asked to stop, or to go on, says so.
        over = "stop last" in line or "resume last" in line
        assert done.returncode in ((0, 1, 2) if over else (0,)), f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        ran.append(line)
        if first == "quantdeck" and line.endswith(" init"):
            small(tmp_path / "quantdeck.toml", exchange)
    assert len(ran) >= 12
    left = {path.name for path in (tmp_path / "artifacts").rglob("*")}
    ids = {path.name for path in (tmp_path / "artifacts" / "runs").iterdir()}
    assert sorted(name for name in left - ids if not is_on_the_page(name)) == []


def test_make_demo_ends_with_a_summary_that_says_simulated(tmp_path):
    """The environment is there already when this runs, so only the demo itself is at stake."""
    if Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("make demo uses .venv, and the tests run elsewhere")
    done = subprocess.run(
        ["make", "-s", "-o", ".venv/runtime", "demo"],
        cwd=ROOT, env={**os.environ, "QUANTDECK_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:6]] == [
        "Final Portfolio Value", "Total Return", "Sharpe Ratio", "Max Drawdown", "Number of Trades",
        "Detailed trades saved to",
    ]  # fmt: skip
    assert "SIMULATED" in done.stdout


def test_ci_runs_what_the_readme_says():
    assert "make test" in commands()
    assert "make test" in (ROOT / ".ci" / "run").read_text()
