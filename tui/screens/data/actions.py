"""What the screen Data does besides showing: updates, imports, new sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import QuantdeckError
from engine.results.series import ImportReport, StoreStatus
from tui.background.questions import Question
from tui.screens.data import updates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.results.series import StoredSeries
    from engine.settings import Settings
    from tui.background.questions import Questions
    from tui.screens.base import BaseScreen
    from tui.screens.data.import_file import Chosen


def start(screen: BaseScreen, settings: Settings) -> None:
    """Start an update: a run of its own, whose sources the screen then shows."""
    try:
        run = screen.deck.home.create("update", settings)
    except QuantdeckError as error:
        screen.deck.report_error(error)
        return
    if screen.deck.launch(run):
        screen.notify(f"update {run.id} started", timeout=3)


def fetch(screen: BaseScreen, series: StoredSeries, *, whole: bool) -> None:
    """Update a series, or refetch what it lacks."""
    try:
        settings = updates.settings_for(series, screen.deck.snapshot, whole=whole)
    except QuantdeckError as error:
        screen.deck.report_error(error)
        return
    start(screen, settings)


def fetch_all(screen: BaseScreen, every: Sequence[StoredSeries]) -> None:
    """Update every series, one run for each set of settings."""
    plans: dict[str, Settings] = {}
    for series in every:
        try:
            settings = updates.settings_for(series, screen.deck.snapshot, whole=False)
        except QuantdeckError:  # files, and markets that are gone
            continue
        plans[settings.data.model_dump_json()] = settings
    for settings in plans.values():
        start(screen, settings)


def ask_source(screen: BaseScreen, status: StoreStatus, questions: Questions) -> None:
    """Ask for a source and fetch it."""
    from tui.screens.data.add_source import AddSource

    def given(settings: Any) -> None:
        if settings:
            start(screen, settings)

    def answered(status: StoreStatus) -> None:
        screen.app.push_screen(AddSource(status.kinds), given)

    if status.kinds:
        screen.app.push_screen(AddSource(status.kinds), given)
    else:  # those of an empty store are told when they are asked for
        request = {"do": "data.status", "home": str(screen.deck.home.path), "kinds": True}
        questions.ask("kinds", Question(request, StoreStatus, answered, screen.deck.report_error))


def ask_file(screen: BaseScreen, imports: Questions, stored: Callable[[], object]) -> None:
    """Ask for a file and store it; `stored` is called once it is."""
    from tui.screens.data.import_file import Chosen, ImportFile

    def given(chosen: object) -> None:
        if isinstance(chosen, Chosen):
            take(screen, chosen, imports, stored)

    screen.app.push_screen(ImportFile(), given)


def take(screen: BaseScreen, chosen: Chosen, imports: Questions, stored: Callable[[], object]) -> None:
    """Store a file as a series, in a process of its own: a large one takes its time."""

    def answered(report: ImportReport) -> None:
        counts = f"{report.rows_stored:,} of {report.rows_read:,} rows, {report.gaps} gaps"
        screen.notify(f"imported {report.series}: {counts}; n starts a run on it", markup=False)
        stored()

    request = {
        "do": "data.import", "home": str(screen.deck.home.path), "path": str(chosen.path),
        "name": chosen.name, "hints": chosen.hints,
    }  # fmt: skip
    screen.notify(f"importing {chosen.path.name} …", timeout=3, markup=False)
    imports.ask("import", Question(request, ImportReport, answered, screen.deck.report_error))
