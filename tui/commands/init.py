"""`quantdeck init`: a settings file to start from."""

from __future__ import annotations

from pathlib import Path

from engine.errors import ChangeSettingsError, MakeRoomError
from engine.settings import make, to_toml
from tui.commands.answer import Answer
from tui.commands.settings import DEFAULT_FILE


def init(config: str | None, overrides: list[str] | None, *, force: bool) -> Answer:
    """Write every setting with its meaning; an existing file is kept unless `--force` is given."""
    path = Path(config or DEFAULT_FILE)
    text = to_toml(make({}, overrides or []), comments=True)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ChangeSettingsError(str(path), "exists already", "Give --force to overwrite it") from None
    except OSError as error:
        remedy = "Choose another folder or free space"
        raise MakeRoomError(str(path), f"cannot be written: {error.strerror}", remedy) from None
    return Answer({"file": str(path.absolute())}, f"Settings written to {path}. Next: quantdeck run")
