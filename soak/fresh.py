"""A run repeated, bit for bit, from an environment that is installed from the lock and from nothing else.

`python -m soak.fresh`: once in a new process of this environment, once in the fresh one.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from soak.bits import finished
from soak.settings import SMALL

HERE = Path(__file__).parents[1]


def environment(folder):
    """A virtual environment with the packages of requirements.lock and this very quantdeck; its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, "--require-hashes", "-r", HERE / "requirements.lock"], check=True)
    subprocess.run([*install, "--no-deps", "--no-build-isolation", "--editable", HERE], check=True)
    return python


def reproduced(python, run):
    """What `quantdeck reproduce --json` says with that Python, in a process and a folder of its own."""
    home = run.path.parent.parent
    command = [python, "-P", "-m", "tui.cli", "reproduce", run.id, "--home", home, "--json"]
    cache = {"XDG_CACHE_HOME": str(home / "cache"), "NUMBA_CACHE_DIR": str(home / "cache" / "numba")}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=kept | cache, cwd=home)
    return json.loads(done.stdout)


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        run = finished(Path(folder) / "home", SMALL)
        for name, python in (
            ("a new process", sys.executable),
            ("a fresh environment from the lock, empty caches", environment(Path(folder) / "environment")),
        ):
            comparison = reproduced(python, run)
            verdict = (
                f"{len(comparison.get('compared', ()))} files and figures equal"
                if comparison.get("equal")
                else comparison
            )
            print(f"reproduced in {name}: {verdict}")
            failed += not comparison.get("equal")
    return int(failed > 0)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
