"""`quantdeck` in a terminal: the app."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from typing import TYPE_CHECKING

from engine.errors import InternalError, StopRequestedError
from engine.imports import gc_paused
from engine.runs.home import Home, home_path, is_named
from tui.background.warm_engine import Engine
from tui.commands.answer import Answer
from tui.runs.looks import elsewhere
from tui.terminal.capabilities import SERVED, Guard, usable
from tui.terminal.characters import ASCII, lacking, wants_plain

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

NEVER = 2**30  # collections, after which Python searches all that lives; the app does while no key is pressed
MOUSE = "QUANTDECK_MOUSE"  # 0: the terminal's own selection works


def app(home: str | None, *, json: bool = False, mouse: bool | None = None, view: bool = False) -> Answer:
    """Open the app where there is a terminal for it; tell how things stand elsewhere.

    mouse: whether the app takes clicks; None is as QUANTDECK_MOUSE says, or yes. view: it only shows.
    """
    if mouse is not None:
        os.environ[MOUSE] = str(int(mouse))
    if json or usable():
        from tui.commands.status import status

        return status(home, looking=not json)
    return show(Home(home_path(home)), offers=not is_named(home), view=view)


def show(
    home: Home,
    start: RunFolder | None = None,
    *,
    offers: bool = False,
    replayed: RunFolder | None = None,
    view: bool = False,
) -> Answer:
    """Open the app, perhaps with a run that it launches at once, and stay until it is left.

    offers: another home where there are runs if this one has none. replayed: the run that is seen again,
    in a home for the moment. view: nothing is started, stopped, changed or deleted.
    """
    gc.set_threshold(*gc.get_threshold()[:2], NEVER)
    engine = Engine()
    engine.wake()  # beside the imports, which take longer
    with gc_paused():
        from tui.app import Quantdeck

    ascii_only = wants_plain(sys.stdout)
    other = next(iter(elsewhere(home.path)), None) if offers and not home.all() else None
    deck = Quantdeck(
        home, ascii=ascii_only, start=start, engine=engine, other=other, replayed=replayed, view=view
    )
    if ascii_only and not os.environ.get(ASCII):
        deck.say_first(f"Plain characters, since {lacking()}; with --no-ascii all are shown")
    loop: asyncio.AbstractEventLoop | None = None

    def leave(code: int) -> None:
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(lambda: deck.exit(return_code=code))

    async def stay() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        await deck.run_async(mouse=os.environ.get(MOUSE, "1") != "0")

    with Guard(leave):
        asyncio.run(stay())
    if deck.fault is not None:
        log = deck.write_traceback(home.path / "app.log", deck.now())
        reason = f"met a fault of its own: {type(deck.fault).__name__}"
        remedy = f"Runs go on. The traceback is in {log}; please report it"
        return Answer(error=InternalError("quantdeck", reason, remedy))
    if deck.return_code == StopRequestedError.exit_code:
        remedy = deck.farewell() or "Nothing is running"
        return Answer(error=StopRequestedError("quantdeck", "was ended from outside", remedy))
    if deck.moves_to:
        return show(deck.moves_to, view=view)
    return Answer(text="" if os.environ.get(SERVED) else deck.farewell())  # no page shows what comes after
