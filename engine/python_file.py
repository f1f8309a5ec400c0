"""A Python file of the user's own, named in the settings to be executed: features, a model."""

from __future__ import annotations

import ast
import hashlib
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError, QuantdeckError, RepairDataError
from engine.plain_file import plain_bytes

if TYPE_CHECKING:
    from pathlib import Path

STOPPED: tuple[tuple[type[BaseException], str, str], ...] = (  # the first that fits
    (NameError, "uses {name}, which is not defined", "Define or import it, or correct its spelling"),
    (ImportError, "imports {name}, which cannot be found", "Install {name}, or do without it"),
    (AttributeError, "asks {of} for .{name}, which it does not have", "Check what was given there"),
    (KeyError, "asks for what is not there: {text}", "Correct its name, or provide it"),
    (IndexError, "reaches beyond an end: {text}", "Check how long it is first"),
    (ZeroDivisionError, "divides by 0", "Leave that case out, or give a value for it"),
    (RecursionError, "calls itself without an end", "Correct it there"),
    (
        AssertionError,
        "finds what it asserts to be wrong: {text}",
        "Correct what it asserts, or why it is wrong",
    ),
    (SystemExit, "ends the program", "Take that call out"),
    (OSError, "cannot use {file}: {text}", "Check that it is there, by its whole path"),
    (TypeError, "puts together what does not fit: {text}", "Check what each call is given and returns"),
    (BaseException, "stops: {text}", "Correct it there"),
)

DYNAMIC = "<dynamic>"  # numba's name for where a function stands that no module holds
COMPILED_BEFORE = (
    "reads code that numba compiled and kept on disk, which only an imported module can",
    "Leave cache=True out",
)


@dataclass(frozen=True)
class PythonFile:
    """An executed file: its syntax tree, the names that it defines, and its SHA-256, hex."""

    tree: ast.Module
    names: dict[str, Any]
    sha256: str


def run(path: Path, setting: str, kept: bytes | None = None) -> PythonFile:
    """Execute the file that a setting names, or what was kept of it.

    Raises ChangeSettingsError for one that cannot be read; RepairDataError, with the line, for one that is no
    Python or raises.
    """
    source = read(path, setting) if kept is None else kept
    tree = parse(path, source)
    names: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    try:
        exec(compile(tree, str(path), "exec", dont_inherit=True), names)  # noqa: S102  the user's own file
    except (QuantdeckError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise RepairDataError(place(path, error), *in_words(error)) from error
    return PythonFile(tree, names, hashlib.sha256(source).hexdigest())


def read(path: Path, setting: str) -> bytes:
    """The file's bytes; ChangeSettingsError if they cannot be had."""
    try:
        return plain_bytes(path)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or type(error).__name__}"
        remedy = "Name a Python file there, or leave it empty"
        raise ChangeSettingsError(f"{setting} = {path}", reason, remedy) from None


def parse(path: Path, source: bytes) -> ast.Module:
    """The file's syntax tree; RepairDataError says where it is wrong."""
    try:
        return ast.parse(source, str(path))
    except SyntaxError as error:
        where = f"{path}, line {error.lineno}" if error.lineno else str(path)
        raise RepairDataError(where, f"is not Python: {error.msg}", "Correct it there") from None
    except ValueError as error:
        raise RepairDataError(str(path), f"is not Python: {error}", "Name a Python file") from None


def place(path: Path, error: BaseException) -> str:
    """The file, and the last line of it that an exception went through."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f"{path}, line {lines[-1]}" if lines else str(path)


def in_words(error: BaseException) -> tuple[str, str]:
    """What code of the user's own did when an exception stopped it, and what helps."""
    of, text = getattr(error, "obj", error), " ".join(str(error).split()).replace("NoneType", "None")
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else text
    parts = {
        "text": text or "without a word",
        "name": getattr(error, "name", None) or text,
        "of": "None" if of is None else f"a {type(of).__name__}",
        "file": getattr(error, "filename", None) or text,
    }
    if parts["name"] == DYNAMIC:
        return COMPILED_BEFORE
    reason, remedy = next(said for kind, *said in STOPPED if isinstance(error, kind))
    return reason.format(**parts), remedy.format(**parts)
