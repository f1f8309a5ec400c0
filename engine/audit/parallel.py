"""Trainings side by side: processes of this machine, through joblib, or the workers of a cluster."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from typing import TYPE_CHECKING, Any

from engine.audit.clusters import CLUSTERS
from engine.errors import StopAsked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.audit.clusters import Workers
    from engine.runs.events import Event, Tell
    from engine.settings import Parallel, Settings

POLL_S = 0.25


def results(
    function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], parallel: Parallel, tell: Tell
) -> Iterator[Any]:
    """What `function(*task)` returns for each task, in the order in which they are done.

    `function` is a module's own and returns whatever tells the tasks apart. `tell` is asked for a stop a few
    times a second; when it raises, and when a task does, the other trainings are ended.
    """
    if not tasks:
        return
    done: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()
    with backend(parallel, len(tasks)) as workers:
        feeder = threading.Thread(target=feed, args=(function, tasks, workers, done), daemon=True)
        feeder.start()
        left = len(tasks)
        while left:
            tell({"kind": "alive"})
            with contextlib.suppress(queue.Empty):
                value, error = done.get(timeout=POLL_S)
                if error is not None:
                    raise error
                left -= 1
                yield value
        feeder.join()


def feed(
    function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], workers: Workers, done: queue.Queue[Any]
) -> None:
    """Put each result into the queue as it comes, or the error that ended it all."""
    try:
        for value in workers(function, tasks):
            done.put((value, None))
    except BaseException as error:  # noqa: BLE001  it is raised again in the thread that waits
        done.put((None, error))


@contextlib.contextmanager
def backend(parallel: Parallel, tasks: int) -> Iterator[Workers]:
    """What carries tasks out and yields results as they come; leaving by an error ends its workers."""
    import joblib

    if parallel.backend != "loky":
        with CLUSTERS[parallel.backend](parallel) as workers:
            yield workers
        return
    count = min(parallel.workers or joblib.cpu_count(), tasks)
    processes = joblib.Parallel(
        count, backend="loky", return_as="generator_unordered", batch_size=1, pre_dispatch="all"
    )
    try:
        yield lambda function, tasks: processes(joblib.delayed(function)(*task) for task in tasks)
    except BaseException:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)
        raise


def one_device(settings: Settings) -> Settings:
    """The settings of a training beside others: one device, so weights do not hang on cores."""
    training = settings.training.model_copy(update={"devices": 1})
    return settings.model_copy(update={"training": training})


class Orphan:
    """A worker's `tell`: it hears nothing and ends the training once the process that ordered it has gone."""

    def __init__(self) -> None:
        """Remember who ordered it."""
        self.parent = os.getppid()

    def __call__(self, event: Event) -> None:
        """Raise StopAsked when this process belongs to another parent than at first."""
        if os.getppid() != self.parent:
            raise StopAsked("training", f"whoever ordered it has gone, noticed at {event['kind']}")
