"""`quantdeck init`: a settings file to start from."""

from __future__ import annotations

from pathlib import Path

from engine.disk import refuse_output, write_whole
from engine.hints import file_hint
from engine.runs.home import home_path
from engine.settings import make, to_toml
from tui.commands.answer import Answer
from tui.commands.search import example
from tui.settings.files import DEFAULT_FILE, SPACE_FILE, search_hint


def init(home: str | None, config: str | None, overrides: list[str] | None, *, force: bool) -> Answer:
    """Write every setting with its meaning; an existing file is kept unless `--force` is given."""
    path = Path(config or DEFAULT_FILE)
    refuse_output(path, home_path(home), replace=force)
    text = to_toml(make({}, overrides or []), comments=True)
    write_whole(path, text.encode())
    goes_on = file_hint(home_path(home), "run -c FILE", path)
    return Answer({"file": str(path.absolute())}, f"Settings written to {path}. Next: {goes_on}")


def init_search(home: str | None, config: str | None, *, force: bool) -> Answer:
    """Write an example of a space; an existing file is kept unless `--force` is given."""
    path = Path(config or SPACE_FILE)
    refuse_output(path, home_path(home), replace=force)
    goes_on = search_hint(home_path(home), path)
    write_whole(path, example(goes_on).encode())
    return Answer({"file": str(path.absolute())}, f"Space written to {path}. Next: {goes_on}")
