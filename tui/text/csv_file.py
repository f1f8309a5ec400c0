"""Tables as CSV files in the folder that quantdeck was started in."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from engine.disk import refuse_output
from engine.errors import ChangeSettingsError, MakeRoomError
from engine.plain_file import expanded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.runs.home import Home

TRIES = 100


def write_csv(name: str, rows: Sequence[dict[str, Any]], home: Home) -> Path:
    """Write rows to a new file; one that exists is kept and the new one numbered.

    Raises ChangeSettingsError for a place in the home, MakeRoomError.
    """
    stem = expanded(name)
    refuse_output(stem, home.path, replace=True)
    text = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    for number in range(1, TRIES):
        path = stem if number == 1 else stem.with_stem(f"{stem.stem}-{number}")
        try:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(text.getvalue())
        except FileExistsError:
            continue
        except OSError as error:
            reason = f"cannot be written: {error.strerror}"
            raise MakeRoomError(
                str(path.absolute()), reason, "Start quantdeck in a folder of yours"
            ) from None
        return path.absolute()
    raise ChangeSettingsError(name, f"exists {TRIES} times already", "Move the old ones away")
