"""A contender: one variant in a fresh process of its own, which waits to be told when it is its turn.

    python -m benchmarks.contender MODULE FUNCTION [ARGUMENT…]

FUNCTION prepares everything and returns actions by name. Each line of standard input names an action;
each line of standard output is its JSON: wall and processor seconds, peak memory, and the answer, by
which the contest checks that all did the same work. What is short is repeated, by all alike: a millisecond
after another process has had the caches says more about that process.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
LEAST_S = 0.25  # what takes less is done again and again; a figure is the mean


class ContenderError(Exception):
    """A contender could not be prepared or died."""


@dataclass
class Contender:
    """The other side: start it, tell it to act, stop it."""

    name: str
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, name: str, module: str, function: str, *arguments: object, tree: Path = ROOT) -> Contender:
        """Start it in a checkout, by that one's Python; its first answer says that it is prepared."""
        python = sys.executable if tree == ROOT else str(tree / ".venv" / "bin" / "python")
        command = [python, "-m", "benchmarks.contender", module, function, *map(str, arguments)]
        process = subprocess.Popen(
            command, cwd=tree, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return cls(name, process)

    def hear(self) -> dict[str, Any]:
        """Its next answer."""
        line = pipe(self.process.stdout).readline()
        if not line:
            raise ContenderError(f"{self.name} ended with exit code {self.process.wait()}")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def act(self, action: str) -> dict[str, Any]:
        """Let it act and wait for its answer."""
        stdin = pipe(self.process.stdin)
        stdin.write(action + "\n")
        stdin.flush()
        return self.hear()

    def stop(self) -> None:
        """End it."""
        pipe(self.process.stdin).close()
        self.process.wait()


def pipe(stream: IO[str] | None) -> IO[str]:
    """The stream, which is there because it was asked for."""
    if stream is None:
        raise ContenderError("a pipe is missing")
    return stream


def peak_mb() -> float:
    """Most memory this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(module: str, function: str, *arguments: str) -> None:
    """Prepare, then act whenever told."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print goes elsewhere

    def reply(what: dict[str, Any]) -> None:
        replies.write(json.dumps(what) + "\n")
        replies.flush()

    actions = getattr(importlib.import_module(f"benchmarks.{module}"), function)(*arguments)
    reply({"ready": True})
    for line in sys.stdin:
        began, began_busy, times = time.perf_counter(), time.process_time(), 0
        while not times or time.perf_counter() - began < LEAST_S:
            answer, times = actions[line.strip()](), times + 1
        seconds, busy = time.perf_counter() - began, time.process_time() - began_busy
        reply({"seconds": seconds / times, "busy": busy / times, "peak_mb": peak_mb(), "answer": answer})


if __name__ == "__main__":
    main(*sys.argv[1:])
