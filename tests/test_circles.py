"""No module imports itself by way of others, imports for the type checker alone included."""

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules(package):
    """Path of each module by its name."""
    found = {}
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path, known):
    """The modules that a file imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in inner}
    return found & known.keys()


def circle(graph):
    """Modules that import each other in a circle; nothing if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


@pytest.mark.parametrize("package", ["engine", "tui", "benchmarks", "soak"])
def test_there_is_no_circle(package):
    known = modules(package)
    assert len(known) > 5
    assert not circle({name: imported(path, known) for name, path in known.items()})


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})
    assert not circle({"a": {"b"}, "b": {"c"}, "d": {"a"}})
    known = modules("tui")
    assert "tui.deck" in imported(known["tui.screens.base"], known)  # it is imported for types alone
