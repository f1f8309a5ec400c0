"""What is imported is declared, and the other way round; what has private doors has an upper bound."""

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OURS = {"engine", "tui"}
IN_EXTRAS = {"distributed", "ray", "resvg_py", "textual_serve"}  # quantdeck[dask], [ray], [png], [serve]
# Declared for another library that needs it only in what we use of it.
NEEDED_BY_LIBRARIES = {"flatbuffers"}  # jax.export writes programs with it
BEHIND_DOORS = {"ccxt", "jax", "joblib", "keras", "numba", "plotext", "scikit-learn", "textual"}


def imported():
    """The top-level modules of other people that engine and tui import."""
    found = set()
    for room in OURS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Import(names=names):
                        found |= {each.name.partition(".")[0] for each in names}
                    case ast.ImportFrom(module=str(module), level=0):
                        found.add(module.partition(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


def named(requirement):
    """The distribution that a requirement names."""
    return plain(re.match(r"[\w.-]+", requirement)[0])


def plain(name):
    """A distribution's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    owners = {
        module: {plain(name) for name in names} for module, names in metadata.packages_distributions().items()
    }
    wanted = {name for module in imported() - IN_EXTRAS for name in owners[module]}
    assert {named(each) for each in PROJECT["dependencies"]} - NEEDED_BY_LIBRARIES == wanted


def test_what_is_imported_of_extras_is_declared_there():
    extras = PROJECT["optional-dependencies"]
    declared = {named(each) for name in ("dask", "ray", "png", "serve") for each in extras[name]}
    assert declared == {plain(each) for each in IN_EXTRAS & imported()}


def test_libraries_with_private_doors_have_an_upper_bound():
    bounded = {named(each) for each in PROJECT["dependencies"] if "<" in each}
    assert bounded >= BEHIND_DOORS


def test_locks_hold_hashes_and_no_address():
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        assert "-index" not in text
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#", "-"))]
        assert pinned
        assert [line for line in pinned if "==" not in line or not line.endswith("\\")] == []
        assert text.count("--hash=sha256:") >= len(pinned)


def test_every_dependency_is_in_the_lock():
    locked = {named(line) for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    assert {named(each) for each in PROJECT["dependencies"]} <= locked
