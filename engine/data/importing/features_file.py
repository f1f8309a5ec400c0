"""Load features of the user's own from a Python file; doing so executes that file."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import traceback
from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError, QuantdeckError, RepairDataError
from engine.features import Feature, with_own

if TYPE_CHECKING:
    from pathlib import Path


def load_features(path: Path) -> tuple[Feature, ...]:
    """The features of a file, in the order of its lines, each with the file's path and SHA-256.

    Raises ChangeSettingsError for a file that is not there, has no feature or one with a taken name;
    RepairDataError, with the line, for a file that is no Python or raises while it is executed.
    """
    source = read(path)
    tree = parse(path, source)
    found = defined(execute(path, compile(tree, str(path), "exec", dont_inherit=True)))
    if not found:
        remedy = "Write @feature(warm_up=…) above a function; docs/features.md shows how"
        raise ChangeSettingsError(str(path), "holds no feature", remedy)
    refuse_redefinitions(path, tree, {feature.name for feature in found})
    digest = hashlib.sha256(source).hexdigest()
    own = tuple(dataclasses.replace(feature, file=str(path), sha256=digest) for feature in found)
    with_own(own)
    return own


def read(path: Path) -> bytes:
    """The file's bytes; ChangeSettingsError if they cannot be had."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = f"cannot be read: {error.strerror or type(error).__name__}"
        remedy = "Name a Python file there, or leave it empty"
        raise ChangeSettingsError(f"features.file = {path}", reason, remedy) from None


def parse(path: Path, source: bytes) -> ast.Module:
    """The file's syntax tree; RepairDataError says where it is wrong."""
    try:
        return ast.parse(source, str(path))
    except SyntaxError as error:
        where = f"{path}, line {error.lineno}" if error.lineno else str(path)
        raise RepairDataError(where, f"is not Python: {error.msg}", "Correct it there") from None
    except ValueError as error:
        raise RepairDataError(str(path), f"is not Python: {error}", "Name a Python file") from None


def execute(path: Path, code: Any) -> dict[str, Any]:
    """The names that the file defines; RepairDataError with the line if it raises."""
    namespace: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    try:
        exec(code, namespace)  # noqa: S102  the user's own file, named in the settings to be executed
    except (QuantdeckError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        where = f"{path}, line {lines[-1]}" if lines else str(path)
        raise RepairDataError(where, f"raises {type(error).__name__}: {error}", "Correct it there") from error
    return namespace


def defined(namespace: dict[str, Any]) -> list[Feature]:
    """The own features among them, each once."""
    features = (value for value in namespace.values() if isinstance(value, Feature) and value.file)
    return list(dict.fromkeys(features))


def refuse_redefinitions(path: Path, tree: ast.Module, names: set[str]) -> None:
    """ChangeSettingsError if a feature's function is written twice: Python would drop the first in
    silence.
    """
    lines: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            if node.name in lines:
                reason = f"feature {node.name} stands in line {lines[node.name]} already"
                raise ChangeSettingsError(
                    f"{path}, line {node.lineno}", reason, "Give one of them another name"
                )
            lines[node.name] = node.lineno
