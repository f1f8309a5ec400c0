"""Trainings side by side: processes of this machine, or the workers of a cluster."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from typing import TYPE_CHECKING, Any

from engine.errors import MakeRoomError, StopRequestedError
from engine.studies.clusters import CLUSTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.runs.events import Emit, Event
    from engine.settings import Parallel, Settings
    from engine.studies.clusters import Workers

POLL_S = 0.25
FAREWELL_S = 5.0  # in which a training notices it too, and tells (see ParentWatch)


def results(
    function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], parallel: Parallel, emit: Emit
) -> Iterator[Any]:
    """What `function(*task)` returns for each task, in the order in which they are done.

    `function` is a module's own and returns whatever tells the tasks apart. `emit` is asked for a stop a few
    times a second; when it raises, and when a task does, the other trainings are ended.
    """
    if not tasks:
        return
    with backend(parallel, len(tasks)) as workers:
        yield from gathered(workers, function, tasks, emit)


def gathered(
    workers: Workers, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], emit: Emit
) -> Iterator[Any]:
    """The same, carried out by workers that are there already and stay for more."""
    done: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()
    feeder = threading.Thread(target=feed, args=(workers(function, tasks), done), daemon=True)
    feeder.start()
    left = len(tasks)
    while left:
        emit({"kind": "alive"})
        with contextlib.suppress(queue.Empty):
            value, error = done.get(timeout=POLL_S)
            if error is not None:
                raise error
            left -= 1
            yield value
    feeder.join()


def feed(values: Iterator[Any], done: queue.Queue[Any]) -> None:
    """Put each result into the queue as it comes, or the error that ended it all."""
    try:
        for value in values:
            done.put((value, None))
    except BaseException as error:  # noqa: BLE001  it is raised again in the thread that waits
        done.put((None, error))


@contextlib.contextmanager
def backend(parallel: Parallel, tasks: int) -> Iterator[Workers]:
    """What carries tasks out and yields results as they come; leaving by an error ends its workers."""
    own = parallel.backend == "processes"
    with processes(parallel, tasks) if own else CLUSTERS[parallel.backend](parallel) as workers:
        yield workers


@contextlib.contextmanager
def processes(parallel: Parallel, tasks: int) -> Iterator[Workers]:
    """Processes of this machine, each started afresh: a fork of one that has threads can hang."""
    from joblib import cpu_count  # heeds what a container may use

    others = set(active_children())
    count = min(parallel.workers or cpu_count(), tasks)
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=end_with_parent)
    try:
        yield partial(in_processes, pool)
    except BaseException:
        for worker in set(active_children()) - others:
            worker.kill()  # a training heeds nothing softer before its epoch ends
        raise
    finally:
        pool.shutdown()


def end_with_parent() -> None:
    """Have this worker end when whoever ordered it is gone, even while it waits for more to do."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            threading.Event().wait(FAREWELL_S)
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def in_processes(
    pool: ProcessPoolExecutor, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]
) -> Iterator[Any]:
    """Hand all tasks out at once; return the results as they come. Raises MakeRoomError if a worker dies."""
    given = [pool.submit(function, *task) for task in tasks]
    return (result_of(future) for future in as_completed(given))


def result_of(future: Future[Any]) -> Any:
    """What the task returned, or its error."""
    try:
        return future.result()
    except BrokenProcessPool:
        raise MakeRoomError(
            "parallel.workers", "a worker was killed, most often for want of memory", "Resume with fewer"
        ) from None


def one_device(settings: Settings) -> Settings:
    """The settings of a training beside others: one device, so weights do not hang on cores."""
    training = settings.training.model_copy(update={"devices": 1})
    return settings.model_copy(update={"training": training})


class ParentWatch:
    """A worker's `emit`: it hears nothing and ends the training once the process that ordered it has gone."""

    def __init__(self) -> None:
        """Remember who ordered it."""
        self.parent = os.getppid()

    def __call__(self, event: Event) -> None:
        """Raise StopRequestedError when this process belongs to another parent than at first."""
        if os.getppid() != self.parent:
            raise StopRequestedError("training", f"whoever ordered it has gone, noticed at {event['kind']}")
