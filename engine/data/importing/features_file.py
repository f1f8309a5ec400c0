"""Load features of the user's own from a Python file; doing so executes that file."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import python_file
from engine.disk import write_whole
from engine.errors import ChangeSettingsError, RepairDataError
from engine.features import Feature, with_own
from engine.own_modules import own_modules

if TYPE_CHECKING:
    from collections.abc import Sequence


def load_features(path: Path, kept: bytes | None = None) -> tuple[Feature, ...]:
    """The features of a file, in the order of its lines, each with the file's path and SHA-256.

    kept: what the file held when it was used, to be executed in its place.

    Raises ChangeSettingsError for a file that is not there, has no feature or one with a taken name;
    RepairDataError, with the line, for a file that is no Python or raises while it is executed.
    """
    file = python_file.run(path, "features.file", kept)
    found = defined(file.names)
    if not found:
        remedy = "Write @feature(warm_up=…) above a function; docs/features.md shows how"
        raise ChangeSettingsError(str(path), "holds no feature", remedy)
    refuse_redefinitions(path, file.tree, {feature.name for feature in found})
    own = tuple(dataclasses.replace(feature, file=str(path), sha256=file.sha256) for feature in found)
    with_own(own)
    return own


def keep(own: Sequence[Feature], copy: Path, modules: Path) -> list[str]:
    """Keep the file that own features come from as a copy, and the own modules that it imports.

    The names of what was written: nothing without own features, one file where it imports no such module.

    Raises RepairDataError if the file is another one by now than was executed.
    """
    if not own:
        return []
    content = Path(own[0].file).read_bytes()
    if hashlib.sha256(content).hexdigest() != own[0].sha256:
        raise RepairDataError(own[0].file, "was written while it was used", "Start the run again")
    write_whole(copy, content)
    imported = own_modules(content)
    if not imported:
        return [copy.name]
    texts = {path: (sha256, Path(path).read_text("utf-8", "replace")) for path, sha256 in imported.items()}
    write_whole(modules, json.dumps(texts, indent=1).encode())
    return [copy.name, modules.name]


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
