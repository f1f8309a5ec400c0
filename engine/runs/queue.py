"""Which runs of a home work at a time: those that fit models queue, first come, first served.

A run's ticket is an empty file in the home's folder `queue`, whose name says all. It counts for as long as
the run is locked, so a process that was killed holds nobody up, and nothing has to go on running for the
queue to move: each engine looks for itself whether its turn has come. Runs of other users, whose locks
cannot be asked, are passed over: they have a queue of their own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.errors import QuantdeckError, TryAgainError
from engine.hints import run_hint
from engine.runs import lock
from engine.runs.modes import MODES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.runs.folder import RunFolder
    from engine.runs.home import Home

FOLDER = "queue"
TICKET = re.compile(r"(\d{20})-([0-9a-f]{8})-([1-9]\d{0,3})")
WORKING = 0  # the order of a run whose turn has come; of one that waits it is the time of launch, ns
PATIENCE_S = 1.0  # of whoever wants to change the queue; a process that was suspended must not hold it up


@dataclass(frozen=True, order=True)
class Ticket:
    """A run's place: its order, its id, and how many runs like it may work at a time."""

    order: int
    run: str
    at_once: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.order:020d}-{self.run}-{self.at_once}"


def join(run: RunFolder) -> None:
    """Queue a run, whose lock the caller holds, behind those that are there; light modes do not queue.

    What fits no model is done in seconds to minutes, mostly waits for the network, and somebody waits for it.
    Where no ticket can be written the run goes without.
    """
    if not MODES[run.mode].fits:
        return
    with contextlib.suppress(OSError):
        folder = folder_of(run)
        folder.mkdir(exist_ok=True)
        last = max((ticket.order for ticket in living(folder)), default=0)  # whatever the clock says now
        order = max(time.time_ns(), last + 1)
        (folder / Ticket(order, run.id, at_once(run)).name).touch(mode=0o600)


def begin(run: RunFolder) -> int:
    """0 if the run's turn has come, and it counts as working then; else how many runs are before it."""
    folder = folder_of(run)
    with guarded(folder):
        tickets = living(folder)
        mine = next((ticket for ticket in tickets if ticket.run == run.path.name), None)
        if mine is None:
            return 0
        before = [ticket for ticket in tickets if ticket < mine]
        if before and sum(Fraction(1, ticket.at_once) for ticket in (*before, mine)) > 1:
            return len(before)
        move(folder, mine, WORKING)
        return 0


def leave(run: RunFolder) -> None:
    """Give the run's place back."""
    folder = folder_of(run)
    for ticket in tickets_in(folder):
        if ticket.run == run.path.name:
            with contextlib.suppress(OSError):
                (folder / ticket.name).unlink()


def waiting(home: Home) -> list[str]:
    """The ids of the runs that wait for their turn, the next one first."""
    return [ticket.run for ticket in living(home.path / FOLDER) if ticket.order != WORKING]


def put_first(run: RunFolder) -> None:
    """Have a run that waits begin before the others that do. Raises TryAgainError if it does not wait."""
    folder = folder_of(run)
    with guarded(folder):
        queued = [ticket for ticket in living(folder) if ticket.order != WORKING]
        mine = next((ticket for ticket in queued if ticket.run == run.path.name), None)
        if mine is None:
            remedy = f"See: {run_hint(run.path, 'runs show RUN')}"
            raise TryAgainError(f"run {run.path.name}", "does not wait in the queue", remedy)
        if mine != queued[0]:
            move(folder, mine, queued[0].order - 1)


def at_once(run: RunFolder) -> int:
    """How many runs like this one may work at a time: `runs.at_once`, or as many as have cores of their own.

    Studies train on as many cores as there are, and work alone.
    """
    from engine.settings import cores, load

    try:
        settings = load(run.settings_path)
    except QuantdeckError:
        return 1
    if settings.runs.at_once:
        return settings.runs.at_once
    alone = not MODES[run.mode].trains or not settings.training.devices
    return 1 if alone else max(1, cores() // settings.training.devices)


def folder_of(run: RunFolder) -> Path:
    """Where the tickets of its home lie."""
    return run.path.parent.parent / FOLDER


def living(folder: Path) -> list[Ticket]:
    """The tickets of runs that are locked, in their order; those of runs that are not are removed."""
    found = []
    for ticket in tickets_in(folder):
        try:
            held = lock.held(folder.parent / "runs" / ticket.run / "lock")
        except QuantdeckError:
            continue
        if held:
            found.append(ticket)
        else:
            with contextlib.suppress(OSError):
                (folder / ticket.name).unlink()
    return sorted(found)


def tickets_in(folder: Path) -> list[Ticket]:
    """Every ticket, whether it counts or not."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  names are all that is needed
    except OSError:
        return []
    found = filter(None, map(TICKET.fullmatch, names))
    return [Ticket(int(each[1]), each[2], int(each[3])) for each in found]


def move(folder: Path, ticket: Ticket, order: int) -> None:
    """Give a run another place."""
    with contextlib.suppress(OSError):
        (folder / ticket.name).rename(folder / Ticket(order, ticket.run, ticket.at_once).name)


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Change the queue while nobody else does, as far as the file system has locks for folders."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError:
        yield
        return
    try:
        with contextlib.suppress(OSError):
            lock.acquire(handle, fcntl.LOCK_EX, PATIENCE_S)
        yield
    finally:
        os.close(handle)
