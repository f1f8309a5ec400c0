"""What can be done with a run besides looking at it: asked first, then done; a refusal is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import QuantdeckError
from tui.screens.dialogs import Ask, Prompt
from tui.settings.draft import name_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.runs.watch import Watched
    from tui.screens.base import BaseScreen


def ask_delete(screen: BaseScreen, watched: Watched) -> None:
    """Ask first, then delete the run with its files."""
    deck = screen.deck
    detail = f"All its files go for good: {deck.home_text}/runs/{watched.id}"
    question = Ask(f"{f'Delete run {watched.id} {watched.run.name}'.strip()}?", detail, "delete it")
    screen.app.push_screen(
        question, lambda yes: attempt(screen, deck.home.delete, watched.run) if yes else None
    )


def ask_again(screen: BaseScreen, watched: Watched) -> None:
    """Ask first, then repeat the run."""
    detail = "A new run with its settings, its clock and its devices; the two are compared when it has ended."
    question = Ask(f"Reproduce run {watched.id}?", detail, "start it")
    screen.app.push_screen(question, lambda yes: screen.deck.reproduce(watched.run) if yes else None)


def ask_name(screen: BaseScreen, watched: Watched) -> None:
    """Ask for a name."""
    from engine.runs.notes import rename

    def given(name: object) -> None:
        if isinstance(name, str):
            attempt(screen, rename, watched.run, name)

    screen.app.push_screen(Prompt(f"Name of run {watched.id}", watched.run.name, name_fault), given)


def ask_note(screen: BaseScreen, watched: Watched) -> None:
    """Ask for a note."""
    from engine.runs.notes import write_note

    def given(text: object) -> None:
        if isinstance(text, str):
            attempt(screen, write_note, watched.run, text)

    screen.app.push_screen(Prompt(f"Note on run {watched.id} (empty: none)", watched.note), given)


def put_first(screen: BaseScreen, watched: Watched) -> None:
    """Put a run that waits in front of the queue."""
    from engine.runs import queue

    attempt(screen, queue.put_first, watched.run)


def attempt(screen: BaseScreen, work: Callable[..., object], *arguments: object) -> None:
    """Do it, and look at what has become of the runs."""
    try:
        work(*arguments)
    except QuantdeckError as error:
        screen.deck.report_error(error)
    screen.deck.watcher.look()
