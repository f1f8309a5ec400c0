"""Trainings side by side: processes of this machine, through joblib, or the workers of a dask cluster."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.errors import ChangeSettings, StopAsked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.runs.events import Event, Tell
    from engine.settings import Parallel, Settings

Workers: TypeAlias = "Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[Any]]"

POLL_S = 0.25
MOST_LOST = 10  # results lost with their workers before a cluster is given up


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

    if parallel.backend == "dask":
        with dask_client(parallel) as client:
            yield lambda function, tasks: on_cluster(client, function, tasks)
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


def on_cluster(client: Any, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    """Results of a dask cluster as they come; a task that a dying worker took along is given out again.

    joblib's own dask backend drops a result that its worker loses before it is fetched, so it is not used.
    """
    from distributed import CancelledError, as_completed

    given = {client.submit(function, *task, pure=False, retries=0): task for task in tasks}
    waiting = as_completed(list(given))
    lost = 0
    for future in waiting:
        task = given.pop(future)
        try:
            value = future.result()
        except CancelledError:
            lost += 1
            if lost > MOST_LOST:
                raise
            again = client.submit(function, *task, pure=False)
            given[again] = task
            waiting.add(again)
            continue
        yield value


@contextlib.contextmanager
def dask_client(parallel: Parallel) -> Iterator[Any]:
    """A client of the cluster that the settings name. Raises ChangeSettings when there is none."""
    try:
        from distributed import Client
    except ImportError:
        raise ChangeSettings(
            "parallel.backend", "dask is not installed", "Install quantdeck[dask], or set it to loky"
        ) from None
    if not parallel.address:
        raise ChangeSettings("parallel.address", "is empty", "Name the scheduler of the cluster")
    try:
        client = Client(parallel.address, timeout=20)
    except OSError as error:
        raise ChangeSettings("parallel.address", f"no scheduler answers there: {error}", "Start it") from None
    with client:
        yield client


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
