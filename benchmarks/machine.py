"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("jax", "keras", "torch", "numba", "numpy", "pandas", "vectorbt", "backtesting", "textual")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def facts() -> dict[str, Any]:
    """Processor, cores, how busy others keep them, and versions."""
    return {
        "processor": processor(),
        "cores": cores(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {name: installed(name) for name in PACKAGES},
    }


def sentence(known: dict[str, Any]) -> str:
    """The facts as a line above the table."""
    versions = ", ".join(f"{name} {number}" for name, number in known["versions"].items() if number)
    work = "QUICK: small work, figures mean little; " if known["quick"] else ""
    return (
        f"{work}{known['cores']} cores ({known['processor']}), load {known['load']:.1f} after the run, "
        f"{known['rounds']} rounds, {known['devices']} devices; Python {known['python']}, {versions}"
    )


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines_of_cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [
        line.split(":", 1)[1].strip() for line in lines_of_cpus.splitlines() if line.startswith("model name")
    ]
    return names[0] if names else platform.machine()


def installed(name: str) -> str:
    """Its version, empty if it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
