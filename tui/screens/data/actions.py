"""What the screen Data does besides showing: updates, imports, new sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import QuantdeckError
from engine.results.codec import from_json
from engine.results.series import ImportReport, StoreStatus
from tui.questions import Question
from tui.screens.data import updates
from tui.screens.dialogs import Prompt

if TYPE_CHECKING:
    from engine.settings import Settings
    from tui.screens.data.screen import DataScreen


def start(screen: DataScreen, settings: Settings) -> None:
    """Start an update: a run of its own, whose sources the screen then shows."""
    try:
        run = screen.deck.home.create("update", settings)
    except QuantdeckError as error:
        screen.deck.report_error(error)
        return
    if screen.deck.launch(run):
        screen.notify(f"update {run.id} started", timeout=3)


def fetch(screen: DataScreen, *, whole: bool) -> None:
    """Update the series under the cursor, or refetch what it lacks."""
    if screen.series is None:
        return
    try:
        settings = updates.settings_for(screen.series, screen.deck.snapshot, whole=whole)
    except QuantdeckError as error:
        screen.deck.report_error(error)
        return
    start(screen, settings)


def fetch_all(screen: DataScreen) -> None:
    """Update every series, one run for each set of settings."""
    plans: dict[str, Settings] = {}
    for series in screen.status.series:
        try:
            settings = updates.settings_for(series, screen.deck.snapshot, whole=False)
        except QuantdeckError:  # files, and markets that are gone
            continue
        plans[settings.data.model_dump_json()] = settings
    for settings in plans.values():
        start(screen, settings)


def ask_source(screen: DataScreen) -> None:
    """Ask for a source and fetch it."""
    from tui.screens.data.add_source import AddSource

    def given(settings: Any) -> None:
        if settings:
            start(screen, settings)

    def answered(answer: dict[str, Any]) -> None:
        kinds = from_json(StoreStatus, answer, "the store").kinds
        screen.app.push_screen(AddSource(kinds), given)

    if screen.status.kinds:
        screen.app.push_screen(AddSource(screen.status.kinds), given)
    else:  # those of an empty store are told when they are asked for
        request = {"do": "data.status", "home": str(screen.deck.home.path), "kinds": True}
        screen.questions.ask("kinds", Question(request, answered, screen.deck.report_error))


def ask_file(screen: DataScreen) -> None:
    """Ask for a file and store it."""

    def wrong(text: str) -> str:
        if not text:
            return "name a file"
        return "" if Path(text).expanduser().is_file() else "there is no such file"

    def given(text: object) -> None:
        if isinstance(text, str):
            take(screen, Path(text).expanduser().absolute())

    screen.app.push_screen(Prompt("Import a file: CSV (also .gz), Parquet or Feather", check=wrong), given)


def take(screen: DataScreen, path: Path) -> None:
    """Store a file as a series, in a process of its own: a large one takes its time."""

    def answered(answer: dict[str, Any]) -> None:
        report = from_json(ImportReport, answer, str(path))
        counts = f"{report.rows_stored:,} of {report.rows_read:,} rows stored, {report.gaps} gaps"
        screen.notify(f"{report.series}: {counts}", title="imported", markup=False)
        screen.action_reload()

    request = {"do": "data.import", "home": str(screen.deck.home.path), "path": str(path)}
    screen.notify(f"importing {path.name} …", timeout=3, markup=False)
    screen.imports.ask("import", Question(request, answered, screen.deck.report_error))
