"""What a run came to, read from its folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.errors import RepairDataError
from engine.plain_file import plain_bytes
from engine.results.backtest import BacktestResult
from engine.results.codec import from_json
from engine.results.earlier import with_figures, with_notes
from engine.runs.home import Home
from engine.runs.manifest import manifest_of, read_named
from engine.runs.modes import MODES
from engine.runs.remedies import anew

if TYPE_CHECKING:
    from engine.results.learned import ImportanceResult
    from engine.runs.folder import RunFolder


MOST_BYTES = 1 << 28


def result_of(run: RunFolder) -> Any:
    """result.json of a run, as the type that its mode leaves. Raises RepairDataError."""
    mode = MODES[run.mode]
    if mode.has_backtest:
        return backtest_of(run)
    return from_json(mode.result_type, with_figures(with_notes(content(run))), str(run.result_path))


def backtest_of(run: RunFolder) -> BacktestResult:
    """result.json of a run that ends with a backtest. Raises RepairDataError."""
    return BacktestResult.from_json(content(run), str(run.result_path))


def importance_of(run: RunFolder) -> ImportanceResult | None:
    """The latest importance of the features of a backtest's model, None where it was not measured.

    Raises RepairDataError.
    """
    model = run.of or run.id
    done = [
        each
        for each in Home(run.path.parent.parent).all()
        if each.mode == "importance" and each.of == model and each.result_path.exists()
    ]
    found: ImportanceResult | None = result_of(done[-1]) if done else None
    return found


def content(run: RunFolder) -> dict[str, Any]:
    """The table in result.json, which is what the manifest vouches for. Raises RepairDataError."""
    try:
        name = run.result_path.name
        entry = manifest_of(run.path).get(name) if run.manifest_path.exists() else None
        read = read_named(run.path, name, entry) if entry else plain_bytes(run.result_path, MOST_BYTES)
        document = json.loads(read)
    except FileNotFoundError:
        raise RepairDataError(str(run.result_path), "is missing", anew(run.path)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise RepairDataError(str(run.result_path), f"cannot be read: {error}", anew(run.path)) from None
    if not isinstance(document, dict):
        raise RepairDataError(str(run.result_path), "is no result", anew(run.path))
    return document
