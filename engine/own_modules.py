"""Which modules that a Python file imports are the user's own, and which come with an installed library."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import os
import site
import sys
import sysconfig
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".py"
TABLE, TEXT = 256, 2_000  # values, characters: from so many on a literal is data
SMALL = 32  # values, from which on tables are counted together
BITS = 1_024  # of a number that is data
DIGITS = 0.2  # of its characters, from which on a text is no documentation


def places() -> tuple[str, ...]:
    """Where Python, its libraries and this project's code lie; not what a file puts on its path."""
    paths = sysconfig.get_paths()
    kept = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    kept += [sys.base_prefix, sys.prefix, *site.getsitepackages(), site.getusersitepackages()]
    return tuple(dict.fromkeys(map(os.path.realpath, [*kept, str(Path(__file__).parent)])))


PLACES = places()


def is_installed(path: str) -> bool:
    """Whether a file or folder lies where libraries do."""
    return (os.path.realpath(path) + os.sep).startswith(tuple(place + os.sep for place in PLACES))


def imported(source: bytes) -> set[str]:
    """The modules that a file of Python names in its imports, those within functions too."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()  # said when it is executed
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def words_of(source: bytes) -> set[str]:
    """The modules and what is imported of them, attributes and texts of one word that a file of Python holds.

    Its own variables may be called anything.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    words = imported(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            words.add(node.attr)
        elif isinstance(node, ast.alias):
            words.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) == 1:
            words.add(node.value.strip())
    return words


def data_within(source: bytes) -> Iterator[str]:
    """The tables, numbers and texts that a file of Python holds, in words; documentation is none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    tables = [
        (sum(isinstance(each, ast.Constant) for each in ast.walk(node)), node) for node in tables_of(tree)
    ]
    for numbers, node in tables:
        if numbers >= TABLE:
            yield f"holds a table of {numbers:,} values in line {node.lineno}"
            return
    total = sum(numbers for numbers, _ in tables if numbers >= SMALL)
    if total >= TABLE:
        yield f"holds {total:,} values in several tables"
    yield from texts_within(tree)
    digits = "".join(text for text in comments(source) if is_data(text))
    if len(digits) >= TEXT:
        yield f"holds {len(digits):,} characters of data in comments"


def tables_of(node: ast.AST) -> Iterator[ast.expr]:
    """The lists, tuples, sets and dicts of a syntax tree, none that is part of another."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.List | ast.Tuple | ast.Set | ast.Dict):
            yield each
        else:
            yield from tables_of(each)


def comments(source: bytes) -> Iterator[str]:
    """The comments of a file of Python that can be parsed."""
    for each in tokenize.tokenize(io.BytesIO(source).readline):
        if each.type == tokenize.COMMENT:
            yield each.string


def is_data(text: str) -> bool:
    """Whether a text has the digits of a table."""
    return sum(map(str.isdigit, text)) >= DIGITS * len(text)


def texts_within(tree: ast.Module) -> Iterator[str]:
    """The texts and numbers of a syntax tree that are data, in words."""
    written = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant):
            continue
        if isinstance(node.value, int) and node.value.bit_length() > BITS:
            yield f"holds a number of {node.value.bit_length():,} bits in line {node.lineno}"
        if not isinstance(node.value, str | bytes):
            continue
        text = str(node.value)
        if len(text) >= TEXT and not (id(node) in written and not is_data(text)):
            yield f"holds {len(text):,} characters of data in line {node.lineno}"


def is_library(name: str) -> bool:
    """Whether a module is installed or Python's own: found where libraries lie, and no file of the user's."""
    top = name.partition(".")[0]
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return True
    found = origins(top)
    return top != "engine" and bool(found) and all(map(is_installed, found))


def origins(top: str) -> list[str]:
    """The file of a module or the folders of a package without one; none if it cannot be found."""
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return []
    if found is None:
        return []
    if found.origin and found.has_location:
        return [found.origin]
    return list(found.submodule_search_locations or ())


def own_modules(source: bytes) -> dict[str, str]:
    """The files of the user's own modules that a file imports, and those import: SHA-256, hex, by path.

    A package counts with all of its files of Python.
    """
    found: dict[str, str] = {}
    waiting, seen = [source], set[str]()
    while waiting:
        for top in sorted({name.partition(".")[0] for name in imported(waiting.pop())} - seen):
            seen.add(top)
            for path in () if top == "engine" or is_library(top) else files_of(top):
                content = path.read_bytes()
                found[os.path.realpath(path)] = hashlib.sha256(content).hexdigest()
                waiting.append(content)
    return found


def files_of(top: str) -> Iterator[Path]:
    """The files of Python of a module or package."""
    for origin in map(Path, origins(top)):
        if origin.suffix == SUFFIX and origin.name != "__init__.py":
            yield origin
        elif origin.is_dir() or origin.name == "__init__.py":
            yield from sorted((origin if origin.is_dir() else origin.parent).rglob(f"*{SUFFIX}"))
